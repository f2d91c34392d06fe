"""`face-vid2vid`: the generator driven by the clip itself, under the suite's protocol of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.models.base import Animation, Case, Context, ModelError, Options, check_choice, check_least, check_options
from bench.models.checkpoints import load_network, weights_version
from bench.models.facevid2vid.portraits import Own, Picture, Portrait, Published, resized
from bench.models.facevid2vid.recipe import MOTIONS, animate
from bench.models.inference.vid2vid import drawing
from bench.models.tracks import FaceTracks
from bench.space.pretrained import load_space, weights_folder
from bench.space.run import Engine, prepare
from datasets.media import read_frames
from space_ref.model import Space
from space_ref.vid2vid import FaceVid2Vid, vox_256, vox_256_beta, vox_256_spade
from space_ref.vid2vid.inference import freeze

VERSION = "1"
"""Raised when the code changes what comes out."""

PUBLISHED = {
    "vox-256-spade": (vox_256_spade, "face_vid2vid_spade"),
    "vox-256": (vox_256, "face_vid2vid_original"),
    "vox-256-beta": (vox_256_beta, "face_vid2vid_beta"),
}
"""Configuration and asset of the public weights."""

_FACES = FaceTracks()
_BATCH = {"cpu": 1, "cuda": 16}
_OWN_BATCH = 8
_THREADS = 1
"""One process of the suite is one core's work, and one number of threads makes one sum of every convolution."""


@dataclass(frozen=True)
class FaceVid2VidOptions:
    """What may be set in ``params.yaml``.

    Attributes:
        weights: one of `PUBLISHED`; else a model of SPACE by name or folder, whose generator is driven.
        motion: ``absolute`` or ``relative``, see `bench.models.facevid2vid.recipe.animate`.
        batch: frames in one call; 0 chooses by the device.
        random_weights: see `bench.models.random_weights`; of the public networks only.
    """

    weights: str = "vox-256-spade"
    motion: str = "absolute"
    batch: int = 0
    random_weights: bool = False


class ClipDriven:
    """Keypoints of the real clip, the looks of the portrait."""

    name = "face-vid2vid"
    uses = frozenset({"clip"})

    def __init__(self, options: FaceVid2VidOptions, context: Context) -> None:
        self.options, self._device = options, context.device
        self._own = None if options.weights in PUBLISHED else _space(options.weights, context.device, _stamp(options))

    @property
    def version(self) -> str:
        options = self.options
        if self._own is not None:
            stamp = self._own[1]
        else:
            stamp = weights_version(PUBLISHED[options.weights][1], random_weights=options.random_weights)
        return f"{VERSION}-{options.motion}-{stamp[:8]}"

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; frames are made as they are taken, none is kept. There is no chance in it.

        Raises:
            ModelError: ``weights_missing``; ``not_generated``: portrait or clip are not square; with SPACE's weights
                ``no_face``: there is no face in the portrait, or in no frame of the clip.
        """
        _check_square(case.portrait, case, "the portrait")
        networks = None if self._own else self._published()
        frames = self._frames(case, networks)
        return Animation(frames=frames, audio=None if case.silent else case.audio)

    def _frames(self, case: Case, networks: FaceVid2Vid | None) -> Iterator[Picture]:
        torch.set_num_threads(_THREADS)
        with torch.inference_mode():
            portrait = self._open(case, networks)
        default = _BATCH[self._device] if networks is not None else _OWN_BATCH
        batch = self.options.batch or default
        for made in animate(portrait, _shown(case), self.options.motion, batch):
            yield resized(made, len(case.portrait))
        if networks is None and not _FACES.tracker.finish().present.any():
            raise ModelError("no_face", f"{case.name}: no face in any frame of {case.clip_video.name}")

    def _open(self, case: Case, networks: FaceVid2Vid | None) -> Portrait:
        if networks is not None:
            return Published(networks, case.portrait, beta=self.options.weights == "vox-256-beta")
        assert self._own is not None
        side, tracker = len(case.portrait), _FACES.tracker
        tracker.start(side, side, case.fps)
        landmarks = tracker.step(case.portrait)
        if landmarks is None:
            raise ModelError("no_face", f"{case.name}: no face found in the portrait ({side}x{side})")
        first = next(iter(read_frames(case.clip_video, case.fps)))
        tracker.start(first.shape[1], first.shape[0], case.fps)
        return Own(self._own[0], case.portrait, landmarks, tracker)

    def _published(self) -> FaceVid2Vid:
        options = self.options
        stamp = weights_version(PUBLISHED[options.weights][1], random_weights=options.random_weights)
        return load_published(options.weights, self._device, options.random_weights, stamp)


def _shown(case: Case) -> Iterator[Picture]:
    """Frames of the clip, as many as the case has; where it is shorter, its last one is held."""
    count = 0
    for frame in islice(read_frames(case.clip_video, case.fps), case.frames):
        if not count:
            _check_square(frame, case, f"the clip {case.clip_video.name}")
        count += 1
        yield frame
    for _ in range(count, case.frames):
        yield frame


def _check_square(picture: NDArray[np.uint8], case: Case, what: str) -> None:
    height, width = picture.shape[:2]
    if height != width:
        raise ModelError("not_generated", f"{case.name}: {what} is {width}x{height}; face-vid2vid makes squares")


@lru_cache(maxsize=1)
def load_published(weights: str, device: str, random_weights: bool, stamp: str) -> FaceVid2Vid:
    """The three networks of a public checkpoint in the form that draws; one copy serves every case set. `stamp` tells files
    that were replaced.

    Raises:
        ModelError: ``weights_missing``.
    """
    config, asset = PUBLISHED[weights]
    networks, context = FaceVid2Vid(config()), Context(device, {}, {}, "")
    for part, finish in (("generator", drawing), ("kp_detector", freeze), ("he_estimator", freeze)):
        network = networks.get_submodule(part)
        finish(load_network(network, asset, context, key=part, random_weights=random_weights))
    return networks


@lru_cache(maxsize=2)
def _space(weights: str, device: str, stamp: tuple[tuple[str, int], ...]) -> tuple[Space, str]:
    """SPACE and its identity."""
    loaded = load_space(weights, device=device)
    if not loaded.space.config.keypoint_points:
        raise BenchError(
            f"model 'face-vid2vid': the keypoints of SPACE's weights {weights!r} are no landmarks; "
            "only such weights (keypoint_points in their recipe) can be driven by a clip here"
        )
    return prepare(loaded.space, Engine()), loaded.identity


def _stamp(options: FaceVid2VidOptions) -> tuple[tuple[str, int], ...]:
    """Files that were replaced since are other files."""
    return tuple((path.name, path.stat().st_mtime_ns) for path in sorted(weights_folder(options.weights).iterdir()))


def create(options: Options, context: Context) -> ClipDriven:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown or out of range, or SPACE has no such weights.
    """
    check_options("face-vid2vid", options, {"weights": str, "motion": str, "batch": int, "random_weights": bool})
    chosen = FaceVid2VidOptions(**options)
    check_choice("face-vid2vid", options, motion=MOTIONS)
    check_least("face-vid2vid", options, batch=0)
    if chosen.random_weights and chosen.weights not in PUBLISHED:
        raise BenchError(
            f"model 'face-vid2vid': random_weights is for the public networks ({', '.join(PUBLISHED)}); "
            f"leave it out with weights {chosen.weights!r}"
        )
    return ClipDriven(chosen, context)
