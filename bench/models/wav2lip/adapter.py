"""`wav2lip`: Wav2Lip under the suite's protocol of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, tee
from pathlib import Path

import numpy as np
import torch

from bench.assets import open_store
from bench.errors import BenchError
from bench.models.base import Animation, Case, Context, ModelError, Options, check_choice, check_options
from bench.models.checkpoints import load_network, weights_version
from bench.models.tracks import FaceTracks
from bench.models.wav2lip.boxes import Box, Picture, mesh_box, padded, s3fd_box, smoothed
from bench.models.wav2lip.drawing import fold
from bench.models.wav2lip.mel import RATE
from bench.models.wav2lip.network import Wav2Lip
from bench.models.wav2lip.recipe import speaking_portrait, speaking_video
from bench.models.wav2lip.windows import SHORTEST
from bench.store import digest
from datasets.media import read_frames
from metrics.features.s3fd import S3FD

VERSION = "1"
"""Raised when the code changes what comes out."""

DETECTOR = "s3fd_face_alignment"
CHOICES = {"boxes": ("auto", "s3fd", "mesh"), "source": ("portrait", "video"), "weights": ("wav2lip", "wav2lip_gan")}

_FACES = FaceTracks()
_BATCH = {"cpu": 8}
"""Faces at once; on a CPU more of them only leave the caches."""
_GPU_BATCH = 64
_THREADS = 1
"""One process of the suite is one core's work, and one number of threads makes one sum of every convolution."""


@dataclass(frozen=True)
class Wav2LipOptions:
    """What may be set in ``params.yaml``.

    Attributes:
        weights: ``wav2lip`` or ``wav2lip_gan``; of each the ``.pth`` file or, where that is not here, the TorchScript one.
        source: ``portrait`` (the still picture speaks), or ``video`` (the frames of the pose source do).
        boxes: who finds the face: ``s3fd`` (as published), ``mesh`` (the suite's face tracker), or ``auto``: S3FD where its
            weights are here.
        pads: pixels by which the box grows: top, bottom, left, right.
        smooth: average the boxes of a video over five frames.
        random_weights: see `bench.models.random_weights`.
    """

    weights: str = "wav2lip"
    source: str = "portrait"
    boxes: str = "auto"
    pads: tuple[int, ...] = (0, 10, 0, 0)
    smooth: bool = True
    random_weights: bool = False


class Wav2LipModel:
    """Speech for the lower half of a face that is otherwise taken as it is."""

    name = "wav2lip"

    def __init__(self, options: Wav2LipOptions, context: Context) -> None:
        store = open_store()
        scripted = f"{options.weights}_torchscript"
        self.options, self._context = options, context
        self._asset = scripted if store.has(scripted) and not store.has(options.weights) else options.weights
        self.boxes = options.boxes if options.boxes != "auto" else "s3fd" if store.has(DETECTOR) else "mesh"
        self.uses = frozenset({"audio", "pose"} if options.source == "video" else {"audio"})

    @cached_property
    def version(self) -> str:
        """`VERSION`, who finds the face, eight digits of the hash of the options, eight of the weights."""
        options = self.options
        settings = [options.weights, options.source, options.pads, options.smooth]
        return f"{VERSION}-{self.boxes}-{digest(settings)[:8]}-{self._stamp}"

    @cached_property
    def _stamp(self) -> str:
        assets = (self._asset, DETECTOR) if self.boxes == "s3fd" else (self._asset,)
        return weights_version(*assets, random_weights=self.options.random_weights)

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; frames are made as they are taken, none is kept. There is no chance in it.

        Raises:
            ModelError: ``weights_missing``; ``no_face``: the portrait, or a frame of the video, has none; ``too_short``: less
                than 0.19 s of sound; ``not_applicable``: with source ``video``, a case without a pose source, or one whose
                pose source shows another person; ``not_generated``: the sound is not finite.
        """
        if len(case.audio) < SHORTEST:
            needed = f"{SHORTEST / RATE:.2f} s ({SHORTEST} samples at 16 kHz, found {len(case.audio)})"
            raise ModelError(
                "too_short", f"{case.name}: {len(case.audio) / RATE:.2f} s of sound; Wav2Lip needs {needed}"
            )
        if not np.isfinite(case.audio).all():
            raise ModelError("not_generated", f"{case.name}: the sound has values that are not finite; repair it")
        torch.set_num_threads(_THREADS)
        frames = self._still(case) if self.options.source == "portrait" else self._moving(case)
        return Animation(frames=frames, audio=None if case.silent else case.audio)

    def _still(self, case: Case) -> Iterator[Picture]:
        box = next(self._found(iter([case.portrait]), case, "the portrait"))
        return speaking_portrait(self._network, case.portrait, box, case.audio, case.fps, case.frames, self._batch)

    def _moving(self, case: Case) -> Iterator[Picture]:
        if case.pose_video is None:
            raise ModelError(
                "not_applicable", f"{case.name}: source 'video' draws into the pose source, and there is none"
            )
        if case.protocol == "cross":
            raise ModelError("not_applicable", f"{case.name}: the pose source shows another person than the portrait")
        shown = self._shown(case, case.pose_video)
        return speaking_video(self._network, shown, case.audio, case.fps, case.frames, self._batch)

    def _shown(self, case: Case, video: Path) -> Iterator[tuple[Picture, Box]]:
        """Frames of a video and their boxes; a video that is too short begins again, as in the public code."""
        while True:
            frames, looked_at = tee(islice(read_frames(video, case.fps), case.frames))
            boxes = self._found(looked_at, case, video.name)
            yield from zip(frames, smoothed(boxes) if self.options.smooth else boxes, strict=True)

    def _found(self, frames: Iterator[Picture], case: Case, where: str) -> Iterator[Box]:
        """Padded boxes of the faces of frames, one after the other."""
        for index, frame in enumerate(frames):
            height, width = frame.shape[:2]
            if self.boxes == "s3fd":
                box = s3fd_box(_detector(self._context.device), frame)
            else:
                if index == 0:
                    _FACES.tracker.start(width, height, case.fps)
                landmarks = _FACES.tracker.step(frame)
                box = None if landmarks is None else mesh_box(landmarks)
            if box is None:
                raise ModelError("no_face", f"{case.name}: no face in frame {index} of {where} ({width}x{height})")
            yield padded(box, self.options.pads, width, height)

    @property
    def _batch(self) -> int:
        return _BATCH.get(self._context.device, _GPU_BATCH)

    @property
    def _network(self) -> Wav2Lip:
        return _loaded(self._context.device, self._asset, self.options.random_weights, self._stamp)


@lru_cache(maxsize=2)
def _loaded(device: str, asset: str, random_weights: bool, stamp: str) -> Wav2Lip:
    """The folded network; one copy serves every case set and row, the two checkpoints stay side by side. `stamp` tells files
    that were replaced."""
    context = Context(device, {}, {}, "")
    return fold(load_network(Wav2Lip(), asset, context, key="state_dict", random_weights=random_weights))


@lru_cache(maxsize=1)
def _detector(device: str) -> S3FD:
    return load_network(S3FD("face-alignment"), DETECTOR, Context(device, {}, {}, ""))


def create(options: Options, context: Context) -> Wav2LipModel:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown, of the wrong type or not among its choices.
    """
    known = {"weights": str, "source": str, "boxes": str, "pads": list, "smooth": bool, "random_weights": bool}
    check_options("wav2lip", options, known)
    check_choice("wav2lip", options, **CHOICES)
    pads = options.get("pads", [0, 10, 0, 0])
    if len(pads) != 4 or not all(type(value) is int for value in pads):
        raise BenchError(
            f"model 'wav2lip': option 'pads' must be four whole numbers (top, bottom, left, right), found {pads!r}"
        )
    return Wav2LipModel(Wav2LipOptions(**{**options, "pads": tuple(pads)}), context)
