"""`sadtalker`: SadTalker under the suite's protocol of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from bench.errors import BenchError
from bench.models.base import Animation, Case, Context, ModelError, Options, check_choice, check_least, check_options
from bench.models.checkpoints import Network, load_network, weights_version
from bench.models.eamm.crop import Array, Picture, points_68
from bench.models.eamm.recipe import motion_frames
from bench.models.sadtalker.alignment import aligned
from bench.models.sadtalker.card import CARD
from bench.models.sadtalker.crop import MODES, box_of, cut, in_crop, pasting
from bench.models.sadtalker.expression import EXPRESSION, ExpressionNetwork
from bench.models.sadtalker.generator import SadTalkerGenerator
from bench.models.sadtalker.head import STYLES, HeadMotionNetwork, published_name
from bench.models.sadtalker.mapping import COEFFICIENTS, PLACED, MappingNetwork
from bench.models.sadtalker.recipe import HEADS, Networks, Request, face_coefficients, frames, motion
from bench.models.sadtalker.reconstruction import FaceReconstruction
from bench.models.sadtalker.speech import FPS
from bench.models.tracks import FaceTracks
from bench.store import digest
from datasets.media import read_frames
from space_ref.vid2vid import vox_256_spade
from space_ref.vid2vid.keypoints import KPDetector

VERSION = "1"
"""Raised when the code changes what comes out."""

_BATCH = {"cpu": 1, "cuda": 16}
_THREADS = 1
"""One process of the suite is one core's work, and one number of threads makes one sum of every convolution."""
_FACES = FaceTracks()


@dataclass(frozen=True)
class SadTalkerOptions:
    """What may be set in ``params.yaml``.

    Attributes:
        preprocess: what of the portrait is animated, see `bench.models.sadtalker.crop.MODES`.
        head: how the head moves, see `bench.models.sadtalker.recipe.HEADS`.
        pose_style: 0..45, of PoseVAE's motion. expression_scale: factor on the expression.
        batch: frames in one call; 0 chooses by the device.
        random_weights: see `bench.models.random_weights`.
    """

    preprocess: str = "crop"
    head: str = "added"
    pose_style: int = 0
    expression_scale: float = 1.0
    batch: int = 0
    random_weights: bool = False

    @property
    def assets(self) -> tuple[str, str]:
        """The network that maps coefficients to keypoints was trained twice: with and without the face's place."""
        parts, mapping = CARD.weights
        return parts, f"{mapping}_full" if self.preprocess == "full" else mapping


class SadTalker:
    """Speech for the face, speech and another video for the head, the portrait for the looks."""

    name = "sadtalker"

    def __init__(self, options: SadTalkerOptions, context: Context) -> None:
        self.options, self._device = options, context.device
        self.uses = frozenset({"audio"} if options.head == "still" else {"audio", "pose"})

    @property
    def version(self) -> str:
        options = self.options
        style = digest([options.pose_style, float(options.expression_scale)])[:4]
        return f"{VERSION}-{options.preprocess}-{options.head}-{style}-{self._stamp}"

    @property
    def _stamp(self) -> str:
        return weights_version(*self.options.assets, random_weights=self.options.random_weights)

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; frames are made as they are taken, none is kept.

        Raises:
            ModelError: ``weights_missing``; ``no_face``: there is no face in the portrait, or none in the pose source;
                ``not_generated``: the sound is not finite.
        """
        if not np.isfinite(case.audio).all():
            raise ModelError("not_generated", f"{case.name}: the sound has values that are not finite; repair it")
        mesh = _FACES.of_picture(case.portrait)
        if mesh is None:
            height, width = case.portrait.shape[:2]
            raise ModelError("no_face", f"{case.name}: no face found in the portrait ({width}x{height})")
        options = self.options
        networks = load_networks(self._device, options.assets, options.random_weights, self._stamp)
        return Animation(
            frames=self._frames(networks, case, points_68(mesh), seed), audio=None if case.silent else case.audio
        )

    def _frames(self, networks: Networks, case: Case, points: Array, seed: int) -> Iterator[Picture]:
        torch.set_num_threads(_THREADS)
        options = self.options
        box = box_of(options.preprocess, case.portrait, points)
        portrait = cut(case.portrait, box)
        face, place = aligned(portrait, in_crop(points, box))
        own = face_coefficients(networks, [face])[0]
        shown = motion_frames(case.frames, case.fps)
        count = int(shown[-1]) + 1
        poses = None
        if case.pose_video is not None and options.head != "still":
            poses = _followed(networks, case, case.pose_video, options.preprocess, count)
        said = Request(own, case.audio, count, poses, options.head, options.pose_style, float(options.expression_scale))
        coefficients = motion(networks, said, int(digest([seed, case.name]), 16) % 2**31)
        source = np.concatenate([own, place]) if options.preprocess == "full" else own
        paste = pasting(options.preprocess, case.portrait, box)
        batch = options.batch or _BATCH[self._device]
        for crop in frames(networks, portrait, source, coefficients, shown, batch):
            yield paste(crop)


def _followed(networks: Networks, case: Case, video: Path, mode: str, count: int) -> Array:
    """Head poses ``(P, 6)`` of the first frames of a pose source; one without a face holds the last pose, or the first."""
    present: list[bool] = []
    poses = face_coefficients(networks, _faces(video, mode, count, present))[:, EXPRESSION:]
    if not len(poses):
        raise ModelError("no_face", f"{case.name}: no face in the first {len(present)} frames of {video.name}")
    return poses[np.maximum(np.cumsum(present) - 1, 0)]


def _faces(video: Path, mode: str, count: int, present: list[bool]) -> Iterator[Picture]:
    """Aligned faces of the frames that show one, cropped where the first one lies; `present` learns which frames do."""
    tracker, box = _FACES.tracker, None
    for frame in islice(read_frames(video, FPS), count):
        if not present:
            tracker.start(frame.shape[1], frame.shape[0], FPS)
        mesh = tracker.step(frame)
        present.append(mesh is not None)
        if mesh is not None:
            points = points_68(mesh)
            box = box or box_of(mode, frame, points)
            yield aligned(cut(frame, box), in_crop(points, box))[0]


@lru_cache(maxsize=1)
def load_networks(device: str, assets: tuple[str, str], random_weights: bool, stamp: str) -> Networks:
    """The networks in the form that draws; one copy serves every case set. `stamp` tells files that were replaced.

    Raises:
        ModelError: ``weights_missing``.
    """
    return published_networks(device, assets, random_weights).for_inference()


def published_networks(device: str, assets: tuple[str, str], random_weights: bool) -> Networks:
    """The networks layer by layer as their authors' are."""
    context, (parts, mapping) = Context(device, {}, {}, ""), assets

    def load(network: Network, key: str, asset: str = parts) -> Network:
        rename = published_name if key == "audio2pose" else None
        return load_network(network, asset, context, key=key, rename=rename, random_weights=random_weights)

    return Networks(
        reconstruction=load(FaceReconstruction(), "face_3drecon"),
        expression=load(ExpressionNetwork(), "audio2exp"),
        head=load(HeadMotionNetwork(), "audio2pose"),
        mapping=load(MappingNetwork(PLACED if mapping.endswith("full") else COEFFICIENTS), "mapping", mapping),
        detector=load(KPDetector(vox_256_spade()), "kp_extractor"),
        generator=load(SadTalkerGenerator(), "generator"),
    )


def create(options: Options, context: Context) -> SadTalker:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown or out of range.
    """
    known: dict[str, type | tuple[type, ...]] = {
        "preprocess": str,
        "head": str,
        "pose_style": int,
        "expression_scale": (int, float),
        "batch": int,
        "random_weights": bool,
    }
    check_options("sadtalker", options, known)
    check_choice("sadtalker", options, preprocess=MODES, head=HEADS)
    check_least("sadtalker", options, expression_scale=0, batch=0)
    chosen = SadTalkerOptions(**options)
    if not 0 <= chosen.pose_style < STYLES:
        raise BenchError(f"model 'sadtalker': option 'pose_style' must be 0 to {STYLES - 1}, found {chosen.pose_style}")
    return SadTalker(chosen, context)
