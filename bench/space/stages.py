"""The stages of training, in order. Each goes on where it was stopped, and needs what the stages before it made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from bench.assets import AssetStore
from bench.errors import BenchError, unknown
from bench.progress import bar
from bench.space import weights
from bench.space.card import write_card
from bench.space.data import make_data, open_data, training_folder
from bench.space.pretrained import RECIPE, build, networks, reference
from bench.space.recipe import Recipe, SequenceStage, Vid2VidStage
from bench.space.variants import VARIANTS, weight_files
from bench.store import digest, replacing
from bench.training.augment import PictureAugment
from bench.training.checkpoint import load_ema
from bench.training.draws import Sample
from bench.training.latents import latents_path, write_latents
from bench.training.loop import train
from bench.training.pairs import Pairs
from bench.training.store import Store
from bench.training.windows import LatentsWindows, PoseWindows, SpeechWindows, WindowSettings
from bench.workspace import Workspace
from metrics.features.weights import load_state
from space_ref.config import SpaceConfig
from space_ref.landmarks import Normalizer
from space_ref.losses.perceptual import VGG19_WEIGHTS, AlexNetFeatures, PerceptualLoss, VGG19Features
from space_ref.objectives.latents import LatentsObjective
from space_ref.objectives.pose import PoseObjective
from space_ref.objectives.speech import SpeechObjective
from space_ref.objectives.vid2vid import Vid2VidObjective
from space_ref.vid2vid import FaceVid2Vid

ALEX_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 1.0)
CALIBRATION = 512
"""Windows from which scales of inputs and outputs are taken before the first step."""

DEVICES = ("auto", "cpu", "cuda")


class Training:
    """One recipe's training in one workspace.

    Args:
        recipe: what to make. workspace: where. assets: for the perceptual network. workers: processes for data.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        BenchError: another device, or one that is not here.
    """

    def __init__(
        self, recipe: Recipe, workspace: Workspace, assets: AssetStore, workers: int = 1, device: str = "auto"
    ) -> None:
        if device not in DEVICES:
            raise BenchError(f"--device must be one of {', '.join(DEVICES)}, found {device!r}")
        if device == "cuda" and not torch.cuda.is_available():
            raise BenchError("--device cuda: torch sees no GPU here; `space-bench doctor` tells what is installed")
        self.recipe, self.workspace, self.assets = recipe, workspace, assets
        self.workers, self.device = workers, device
        self.folder = training_folder(recipe, workspace)

    def stages(self) -> dict[str, Callable[[], None]]:
        """Every stage by name, in order."""
        steps: dict[str, Callable[[], None]] = {
            "data": self.data, "vid2vid": self.vid2vid, "keypoints": self.keypoints, "pose": self.pose,
        }  # fmt: skip
        for name in VARIANTS:
            if name == "full" or VARIANTS[name].own == "speech2landmarks":
                steps[_stage("speech", name)] = self._bound(self.speech, name)
            if name == "full" or VARIANTS[name].own == "landmarks2latents":
                steps[_stage("latents", name)] = self._bound(self.latents, name)
        return steps

    def run(self, names: list[str]) -> None:
        """Run these stages, in the order of `stages`; an empty list runs all.

        Raises:
            BenchError: an unknown stage, missing data, a stage that another one needs.
        """
        known = self.stages()
        for name in names:
            if name not in known:
                raise unknown("training stage", name, [*known, "export"])
        for name, stage in known.items():
            if not names or name in names:
                stage()

    @staticmethod
    def _bound(stage: Callable[[str], None], name: str) -> Callable[[], None]:
        return lambda: stage(name)

    def data(self) -> None:
        """Datasets to the training store."""
        make_data(self.recipe, self.workspace, self.assets, self.workers)

    def vid2vid(self) -> None:
        """face-vid2vid on pairs of frames."""
        stage = self.recipe.training.vid2vid
        model = self.recipe.model.vid2vid
        objective = Vid2VidObjective(model, stage.losses, self._perceptual(stage), stage.discriminator)
        if stage.start_from is not None:
            weights.load_vid2vid(stage.start_from, objective.model, model)
            objective.model.requires_grad_(True).train()
        store = open_data(self.recipe, self.workspace)
        seen, held_out = split_speakers(store, self.recipe.data.held_out)
        pairs = Pairs(store, stage.loop.seed, PictureAugment(), seen)
        train(
            objective, pairs, replace(stage.loop, accelerator=self.device), self.folder / "vid2vid",
            held_out=Pairs(store, 0, None, held_out) if held_out else None,
        )  # fmt: skip

    def keypoints(self) -> None:
        """Latent keypoints of every frame of the store, as face-vid2vid gets them: what L2L learns."""
        points = self.recipe.model.keypoint_points
        network = None if points else self._trained_vid2vid()
        store, name = open_data(self.recipe, self.workspace), self._latents_name(network)
        clips = [row.clip for row in store.clips.values() if row.drawn or network is None]
        with bar("latent keypoints", len(clips)) as step:
            for clip in clips:
                if not latents_path(store.root, name, clip).is_file():
                    found = (
                        landmark_keypoints(store, clip, points)
                        if network is None
                        else clip_keypoints(network, store, clip)
                    )
                    write_latents(store.root, name, clip, found)
                step()

    def speech(self, variant: str = "full") -> None:
        """Speech2Landmarks."""
        config = self._config(variant)
        objective = SpeechObjective(self.recipe.speech_objective())
        self._sequence(objective, self.recipe.training.speech, _stage("speech", variant), config, SpeechWindows)

    def pose(self) -> None:
        """The pose generator."""
        objective = PoseObjective(self.recipe.pose_objective())
        self._sequence(objective, self.recipe.training.pose, "pose", self.recipe.model, PoseWindows)

    def latents(self, variant: str = "full") -> None:
        """Landmarks2Latents."""
        config = self._config(variant)
        recipe = self.recipe.model_copy(update={"model": config})
        objective = LatentsObjective(recipe.latents_objective())
        name = self._latents_name(None if config.keypoint_points else self._trained_vid2vid())

        stage = self.recipe.training.latents
        if not config.keypoint_points:
            # Keypoints that are found in pictures are not there for clips without any, and go with those of their clip.
            stage = stage.model_copy(update={"drawn": True, "same_clip": 1.0})

        def windows(*args: Any) -> LatentsWindows:
            store, settings, audio, normalizer, seed, clips = args
            return LatentsWindows(store, settings, audio, normalizer, name, seed, clips)

        self._sequence(objective, stage, _stage("latents", variant), config, windows)

    def export(self, target: Path) -> None:
        """Write what was trained as safetensors, the recipe and a model card beside them.

        Raises:
            BenchError: a stage was not trained.
        """
        parts = {"speech2landmarks": "speech", "pose": "pose", "landmarks2latents": "latents", "vid2vid": "vid2vid"}
        # Asked before anything is written: half an export must not stay.
        histories = {
            stage: _history(self.folder / stage) for stage in self.stages() if stage not in ("data", "keypoints")
        }
        for variant in VARIANTS:
            modules = networks(build(self._config(variant)))
            for network, file in weight_files(variant).items():
                if variant != "full" and network != VARIANTS[variant].own:
                    continue
                module, part = modules[network]
                stage = _stage(parts[network], variant)
                _restore(module, self.folder / stage, network)
                weights.save(target / file, module, part, histories[stage])
        with replacing(target / RECIPE) as temporary:
            temporary.write_text(self.recipe.text, encoding="utf-8")
        write_card(target, self.recipe, histories, list(open_data(self.recipe, self.workspace).clips.values()))

    def _config(self, variant: str) -> SpaceConfig:
        return VARIANTS[variant].change(self.recipe.model)

    def _sequence(
        self, objective: Any, stage: SequenceStage, name: str, config: SpaceConfig, windows: Callable[..., Dataset[Sample]],
    ) -> None:  # fmt: skip
        store = open_data(self.recipe, self.workspace)
        seen, held_out = split_speakers(store, self.recipe.data.held_out, stage.drawn)
        settings = WindowSettings(
            stage.frames, same_clip=stage.same_clip, drop_emotion=stage.drop_emotion, normalize=config.normalize
        )
        normalizer = Normalizer(reference())
        made = windows(store, settings, config.audio, normalizer, stage.loop.seed, seen)
        calibrate(objective, windows(store, settings.unchanged(), config.audio, normalizer, stage.loop.seed, seen))
        shown = windows(store, settings.unchanged(), config.audio, normalizer, 0, held_out) if held_out else None
        train(objective, made, replace(stage.loop, accelerator=self.device), self.folder / name, held_out=shown)

    def _perceptual(self, stage: Vid2VidStage) -> PerceptualLoss | None:
        if stage.perceptual == "none":
            return None
        if stage.perceptual == "alex":
            alex = AlexNetFeatures.from_stlpips(load_state(self.assets.path("stlpips_alex")))
            return PerceptualLoss(alex, ALEX_WEIGHTS, stage.perceptual_factors)
        vgg = VGG19Features.from_torchvision(load_state(self.assets.path("vgg19")))
        return PerceptualLoss(vgg, VGG19_WEIGHTS, stage.perceptual_factors)

    def _trained_vid2vid(self) -> FaceVid2Vid:
        network = FaceVid2Vid(self.recipe.model.vid2vid)
        _restore(network, self.folder / "vid2vid", "vid2vid")
        return network.eval().requires_grad_(False).to("cuda" if self._on_gpu() else "cpu")

    def _on_gpu(self) -> bool:
        return self.device == "cuda" or (self.device == "auto" and torch.cuda.is_available())

    def _latents_name(self, network: FaceVid2Vid | None) -> str:
        """Of the weights that found them, or of the landmarks that they are."""
        return (
            f"landmarks-{digest(self.recipe.model.keypoint_points)}" if network is None else weights.identity(network)
        )


def split_speakers(store: Store, count: int, drawn_only: bool = False) -> tuple[list[str], list[str]]:
    """Clips to learn from, and clips of `count` other speakers to look at while training (always the same ones): of
    those that were drawn, where any was, so that every stage finds in them what it looks at. With `drawn_only` clips
    without pictures are left out."""
    drawn = {row.speaker for row in store.clips.values() if row.drawn}
    speakers = sorted(drawn or {row.speaker for row in store.clips.values()})
    order = sorted(speakers, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    aside = set(order[:count]) if count < len(speakers) else set()
    rows = [row for row in store.clips.values() if row.drawn or not drawn_only]
    return [row.clip for row in rows if row.speaker not in aside], [row.clip for row in rows if row.speaker in aside]


@torch.inference_mode()
def clip_keypoints(
    network: FaceVid2Vid, store: Store, clip: str, batch: int = 32
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Latent keypoints ``(T, K, 3)`` of a clip.

    One set of canonical keypoints serves all frames, as in the generator's training: their mean over the clip, since
    they are the person and not the expression.
    """
    frames = store.clips[clip].frames
    device = next(network.parameters()).device
    canonical, heads = [], []
    for first in range(0, frames, batch):
        pictures = np.stack([store.frame(clip, k) for k in range(first, min(first + batch, frames))])
        tensor = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
        canonical.append(network.canonical(tensor))
        heads.append(network.head(tensor))
    person = torch.cat(canonical).mean(dim=0, keepdim=True)
    points = [network.keypoints(person.expand(len(head.t), -1, -1), head) for head in heads]
    return np.asarray(torch.cat(points).cpu().numpy(), np.float32)


def landmark_keypoints(store: Store, clip: str, points: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The landmarks ``(T, K, 3)`` that serve as latent keypoints; frames without a face repeat the one before."""
    chosen = np.array(store.landmarks(clip)[:, list(points)])
    known = np.flatnonzero(np.isfinite(chosen).all(axis=(1, 2)))
    nearest = np.clip(np.searchsorted(known, np.arange(len(chosen)), side="right") - 1, 0, None)
    return np.asarray(chosen[known[nearest]], np.float32)


def calibrate(objective: Any, windows: Dataset[Sample]) -> None:
    """Let an objective take its scales from some windows; a run that is resumed has them in its checkpoint too."""
    loader: DataLoader[Sample] = DataLoader(windows, batch_size=CALIBRATION, sampler=range(CALIBRATION))
    batch: dict[str, Tensor] = next(iter(loader))
    objective.calibrate(batch)


def _stage(name: str, variant: str) -> str:
    return name if variant == "full" else f"{name}-{variant}"


def _restore(module: nn.Module, run: Path, network: str) -> None:
    """Fill a network with the averaged weights of a run."""
    try:
        module.load_state_dict(load_ema(run)[network])
    except (RuntimeError, KeyError) as error:
        raise BenchError(f"{run} was trained with another model than the recipe's. Train in another folder") from error


def _history(run: Path) -> dict[str, Any]:
    path = run / "history.json"
    if not path.is_file():
        raise BenchError(
            f"{run.name} is not trained to its end: {path} is missing. "
            f"Run `space-bench train {run.name}` with the same --recipe and --out"
        )
    return dict(json.loads(path.read_text(encoding="utf-8")))
