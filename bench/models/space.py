"""`space`: the reference model and its ablations under the suite's protocol of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from bench.config import AUDIO_RATE
from bench.errors import BenchError
from bench.models.base import Animation, Case, Context, ModelError, Options, check_options
from bench.models.sanity import borrowed_sound
from bench.models.tracks import FaceTracks
from bench.space.pretrained import load_space, weights_folder
from bench.space.run import Engine, animate, driver_pose, emotion_vector, fixed_pose, make_source, prepare
from bench.space.variants import VARIANTS
from bench.store import digest
from space_ref.animator import Direction
from space_ref.controls import Blink, Controls
from space_ref.landmarks import HeadPose
from space_ref.model import Source, Space

VERSION = "1"
"""Raised when the code changes what comes out; weights, configuration and options are hashed beside it."""

_FACES = FaceTracks(kept=64)
_THREADS = 1
"""One process of the suite is one core's work, and one number of threads makes one sum of every convolution."""


@dataclass(frozen=True)
class SpaceOptions:
    """What may be set in ``params.yaml``.

    Attributes:
        weights: a shipped model, or a folder that ``space-bench train export`` wrote.
        variant: ``full``, or one of the ablations (see `bench.space.variants`).
        pose: ``given`` follows the case's pose source where it has one and predicts otherwise; ``predicted`` and
            ``fixed`` never follow it.
        sound: ``own``; or ``shuffled``, the speech of another case, to see what following the speech is worth (the
            video still carries its own sound).
        blinks_per_minute: 0 leaves blinking out.
        mouth: factor on the opening of the mouth.
        precision: ``fp32``, ``bf16`` or ``fp16``. batch: frames in one call. compile: `torch.compile`.
    """

    weights: str = "small"
    variant: str = "full"
    pose: str = "given"
    sound: str = "own"
    blinks_per_minute: float = 6.0
    mouth: float = 1.0
    precision: str = "fp32"
    batch: int = 8
    compile: bool = False


class SpaceModel:
    """SPACE: speech, emotion and head pose to landmarks to latent keypoints to frames."""

    name = "space"
    uses = frozenset({"audio", "pose", "emotion"})

    def __init__(self, options: SpaceOptions, context: Context) -> None:
        self.options, self._context = options, context
        self._engine = Engine(options.batch, options.precision, options.compile)
        files = weights_folder(options.weights)
        # Files that were replaced since are other files.
        stamp = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(files.iterdir()))
        self._space, self._identity = _loaded(options.weights, options.variant, context.device, self._engine, stamp)

    @property
    def version(self) -> str:
        """`VERSION` and eight digits of the hash of weights, configuration and options."""
        options = self.options
        settings = [options.pose, options.sound, options.blinks_per_minute, options.mouth, options.precision]
        return f"{VERSION}-{digest([self._identity, *settings])[:8]}"

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; frames are made as they are taken, none is kept.

        Raises:
            ModelError: ``no_face``: there is no face in the portrait, or none in the pose source.
        """
        height, width = case.portrait.shape[:2]
        if height != width:
            raise ModelError("not_generated", f"{case.name}: the portrait is {width}x{height}; SPACE takes squares")
        landmarks = _FACES.of_picture(case.portrait)
        if landmarks is None:
            raise ModelError("no_face", f"{case.name}: no face found in the portrait ({width}x{height})")
        return Animation(frames=self._frames(case, landmarks, seed), audio=None if case.silent else case.audio)

    def _frames(self, case: Case, landmarks: NDArray[np.float32], seed: int) -> Iterator[NDArray[np.uint8]]:
        torch.set_num_threads(_THREADS)
        source = make_source(self._space, case.portrait, landmarks)
        # One frame more than the video: rates that differ round up.
        count = int(np.ceil(case.frames / case.fps * self._space.config.fps)) + 1
        # A portrait of the clip itself shows the clip's emotion already; see `bench.space.recipe.SequenceStage`.
        asked = case.emotion is not None and not case.protocol.startswith("self")
        emotion = {case.emotion: 1.0 if case.intensity is None else case.intensity} if asked and case.emotion else {}
        direction = Direction(
            emotion_vector(emotion), self._pose(case, source, count), self._controls(), seed=_seed(case, seed)
        )
        speech = case.audio if self.options.sound == "own" else borrowed_sound(case, self._context, seed)
        sound = (speech[i : i + AUDIO_RATE] for i in range(0, len(speech), AUDIO_RATE))
        return animate(self._space, source, sound, AUDIO_RATE, case.frames, case.fps, direction, self._engine)

    def _controls(self) -> Controls:
        options = self.options
        return Controls(blink=Blink(rate=options.blinks_per_minute), mouth=options.mouth)

    def _pose(self, case: Case, source: Source, frames: int) -> HeadPose | None:
        if self.options.pose == "fixed":
            return fixed_pose(source, frames)
        if self.options.pose == "predicted" or case.pose_video is None or not self._space.config.normalize:
            return None
        track = _FACES.of_video(case.pose_video, case.fps)
        if not track.present.any():
            raise ModelError("no_face", f"{case.name}: no face in the pose source {case.pose_video.name}")
        return driver_pose(self._space, source, track, frames)


def _seed(case: Case, seed: int) -> int:
    """Of a case: people do not all nod and blink at the same moments."""
    return int(digest([seed, case.name]), 16) % 2**31


@lru_cache(maxsize=len(VARIANTS))
def _loaded(
    weights: str, variant: str, device: str, engine: Engine, stamp: tuple[tuple[str, int], ...]
) -> tuple[Space, str]:
    """The networks and their identity; one copy serves every case set."""
    loaded = load_space(weights, variant, device)
    return prepare(loaded.space, engine), loaded.identity


def create(options: Options, context: Context) -> SpaceModel:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown or out of range, or weights are missing or unfit.
    """
    numbers: tuple[type, ...] = (int, float)
    known: dict[str, type | tuple[type, ...]] = {
        "weights": str, "variant": str, "pose": str, "sound": str, "blinks_per_minute": numbers, "mouth": numbers,
        "precision": str, "batch": int, "compile": bool,
    }  # fmt: skip
    check_options("space", options, known)
    chosen = SpaceOptions(**options)
    if chosen.pose not in ("given", "predicted", "fixed"):
        raise BenchError(f"model 'space': option 'pose' must be given, predicted or fixed, found {chosen.pose!r}")
    if chosen.sound not in ("own", "shuffled"):
        raise BenchError(f"model 'space': option 'sound' must be own or shuffled, found {chosen.sound!r}")
    if chosen.variant not in VARIANTS:
        raise BenchError(
            f"model 'space': option 'variant' must be one of {', '.join(VARIANTS)}, found {chosen.variant!r}"
        )
    try:
        Controls(blink=Blink(rate=chosen.blinks_per_minute), mouth=chosen.mouth)
    except ValueError as error:
        raise BenchError(f"model 'space': {error}") from error
    return SpaceModel(chosen, context)
