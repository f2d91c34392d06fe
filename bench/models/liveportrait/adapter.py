"""`liveportrait`: LivePortrait under the suite's protocol of models, driven by the pose source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bench.models.base import Animation, Case, Context, ModelError, Options, check_least, check_options
from bench.models.checkpoints import Network, load_network, weights_version
from bench.models.liveportrait.card import CARD
from bench.models.liveportrait.crop import Paste, Picture, crop_matrix, cut, lip_opening
from bench.models.liveportrait.drawing import AppearanceExtractor, Decoder, WarpingNetwork
from bench.models.liveportrait.heads import lip_head, stitching_head
from bench.models.liveportrait.motion import MotionExtractor
from bench.models.liveportrait.recipe import Networks, animate, make_source
from bench.models.tracks import FaceTracks
from datasets.media import read_frames

VERSION = "1"
"""Raised when the code changes what comes out."""

_FACES = FaceTracks()
_BATCH = {"cpu": 1, "cuda": 16}
_THREADS = 1
"""One process of the suite is one core's work, and one number of threads makes one sum of every convolution."""


@dataclass(frozen=True)
class LivePortraitOptions:
    """What may be set in ``params.yaml``.

    Attributes:
        close_lips: close an open mouth of the portrait first (``--flag_normalize_lip``).
        batch: frames in one call; 0 chooses by the device.
        random_weights: see `bench.models.random_weights`.
    """

    close_lips: bool = False
    batch: int = 0
    random_weights: bool = False


class LivePortrait:
    """The portrait does what the person in the pose source does."""

    name = "liveportrait"
    uses = frozenset({"pose", "clip"})

    def __init__(self, options: LivePortraitOptions, context: Context) -> None:
        self.options, self._device = options, context.device

    @property
    def version(self) -> str:
        lips = "closed" if self.options.close_lips else "open"
        return f"{VERSION}-{lips}-{weights_version(*CARD.weights, random_weights=self.options.random_weights)}"

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; frames are made as they are taken, none is kept. There is no chance in it.

        Raises:
            ModelError: ``weights_missing``; ``not_applicable``: the case has no pose source; ``no_face``: there is no face in the
                portrait, or in the first frame of the pose source; ``not_generated``: the pose source is not square.
        """
        if case.pose_video is None:
            raise ModelError("not_applicable", f"{case.name}: LivePortrait follows a video, and the case gives none")
        options = self.options
        stamp = weights_version(*CARD.weights, random_weights=options.random_weights)
        networks = load_networks(self._device, options.close_lips, options.random_weights, stamp)
        return Animation(
            frames=self._frames(networks, case, case.pose_video), audio=None if case.silent else case.audio
        )

    def _frames(self, networks: Networks, case: Case, video: Path) -> Iterator[Picture]:
        torch.set_num_threads(_THREADS)
        landmarks = _face(case.portrait, case, "the portrait")
        matrix = crop_matrix(landmarks)
        source = make_source(networks, cut(case.portrait, matrix), lip_opening(landmarks))
        paste = Paste(case.portrait, matrix)
        batch = self.options.batch or _BATCH[self._device]
        for crop in animate(networks, source, _driving(video, case), batch):
            yield paste(crop)


def _driving(video: Path, case: Case) -> Iterator[Picture]:
    """As many frames as the case has; where the video is shorter, its last one is held."""
    count = 0
    for frame in islice(read_frames(video, case.fps), case.frames):
        if not count:
            height, width = frame.shape[:2]
            if height != width:
                raise ModelError(
                    "not_generated",
                    f"{case.name}: the pose source {video.name} is {width}x{height}; give one that is cut to a square "
                    "around the head",
                )
            _face(frame, case, f"the first frame of {video.name}")
        count += 1
        yield frame
    for _ in range(count, case.frames):
        yield frame


def _face(picture: Picture, case: Case, where: str) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    landmarks = _FACES.of_picture(picture)
    if landmarks is None:
        raise ModelError("no_face", f"{case.name}: no face found in {where} ({width}x{height})")
    return landmarks


@lru_cache(maxsize=1)
def load_networks(device: str, close_lips: bool, random_weights: bool, stamp: str) -> Networks:
    """The networks in the form that draws; one copy serves every case set. `stamp` tells files that were replaced.

    Raises:
        ModelError: ``weights_missing``.
    """
    return published_networks(device, close_lips, random_weights).for_inference()


def published_networks(device: str, close_lips: bool, random_weights: bool) -> Networks:
    """The networks layer by layer as their authors' are.

    Raises:
        ModelError: ``weights_missing``.
    """
    context = Context(device, {}, {}, "")

    def load(network: Network, part: str, key: str | None = None) -> Network:
        return load_network(network, f"liveportrait_{part}", context, key=key, random_weights=random_weights)

    appearance, motion = load(AppearanceExtractor(), "appearance"), load(MotionExtractor(), "motion")
    warping, decoder = load(WarpingNetwork(), "warping"), load(Decoder(), "generator")
    stitching = load(stitching_head(), "stitching", "retarget_shoulder")
    lips = load(lip_head(), "stitching", "retarget_mouth") if close_lips else None
    return Networks(appearance, motion, warping, decoder, stitching, lips)


def create(options: Options, context: Context) -> LivePortrait:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown or out of range.
    """
    check_options("liveportrait", options, {"close_lips": bool, "batch": int, "random_weights": bool})
    check_least("liveportrait", options, batch=0)
    return LivePortrait(LivePortraitOptions(**options), context)
