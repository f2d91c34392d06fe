"""`pcavs`: PC-AVS under the suite's protocol of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.models.base import Animation, Case, Context, ModelError, Options, check_choice, check_least, check_options
from bench.models.checkpoints import Network, load_network, weights_version
from bench.models.pcavs.audio import AudioEncoder
from bench.models.pcavs.card import CARD
from bench.models.pcavs.faces import alignment, driving_faces, pose_order, resized, seen
from bench.models.pcavs.generator import Generator
from bench.models.pcavs.identity import IdentityEncoder
from bench.models.pcavs.pose import PoseEncoder
from bench.models.pcavs.recipe import Networks, Request, frames, head_poses
from bench.models.tracks import FaceTracks
from bench.store import digest
from datasets.media import read_frames

VERSION = "1"
"""Raised when the code changes what comes out."""

_FACES = FaceTracks(kept=4)
_BATCH = {"cpu": 1, "cuda": 16}
"""On a CPU two frames take longer together than one after the other: their maps leave the caches."""
_THREADS = 1
"""One process of the suite is one core's work, and one number of threads makes one sum of every convolution."""


@dataclass(frozen=True)
class PCAVSOptions:
    """What may be set in ``params.yaml``.

    Attributes:
        noise: ``drawn`` anew for every frame, as the published script does; or ``stored``, the same maps for all frames,
            which does not flicker.
        batch: frames in one call; 0 chooses by the device.
        random_weights: see `bench.models.random_weights`.
    """

    noise: str = "drawn"
    batch: int = 0
    random_weights: bool = False


class PCAVS:
    """Speech for the mouth, another video for the head pose, the portrait for the looks."""

    name = "pcavs"
    uses = frozenset({"audio", "pose"})

    def __init__(self, options: PCAVSOptions, context: Context) -> None:
        self.options, self._device = options, context.device

    @property
    def version(self) -> str:
        return f"{VERSION}-{self.options.noise}-{weights_version(*CARD.weights, random_weights=self.options.random_weights)}"

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; frames are made as they are taken, none is kept.

        Raises:
            ModelError: ``weights_missing``; ``no_face``: there is no face in the portrait, or none in the pose source;
                ``not_generated``: the portrait is not square.
        """
        height, width = case.portrait.shape[:2]
        if height != width:
            raise ModelError("not_generated", f"{case.name}: the portrait is {width}x{height}; PC-AVS makes squares")
        options = self.options
        stamp = weights_version(*CARD.weights, random_weights=options.random_weights)
        networks = load_networks(self._device, options.random_weights, stamp)
        return Animation(frames=self._frames(networks, case, seed), audio=None if case.silent else case.audio)

    def _frames(self, networks: Networks, case: Case, seed: int) -> Iterator[NDArray[np.uint8]]:
        torch.set_num_threads(_THREADS)
        track = _FACES.tracker.track([case.portrait], case.fps)
        if not track.present.any():
            side = len(case.portrait)
            raise ModelError("no_face", f"{case.name}: no face found in the portrait ({side}x{side})")
        portrait = seen(case.portrait, alignment(track), 0)
        batch = self.options.batch or _BATCH[networks.device.type]
        if case.pose_video is None:
            poses = head_poses(networks, [portrait], batch).expand(case.frames, -1)
        else:
            poses = _followed(networks, case, case.pose_video, batch)
        noise = _seed(case, seed) if self.options.noise == "drawn" else None
        made = frames(networks, Request(portrait, case.audio, poses, case.fps, noise), batch)
        yield from (resized(frame, len(case.portrait)) for frame in made)


def _followed(networks: Networks, case: Case, video: Path, batch: int) -> Tensor:
    """Head poses ``(frames, 12)`` of a pose source, one for each frame of the case."""
    track = _FACES.of_video(video, case.fps)
    present = track.present[: case.frames]
    if not present.any():
        raise ModelError("no_face", f"{case.name}: no face in the first {len(present)} frames of {video.name}")
    faces = driving_faces(islice(read_frames(video, case.fps), case.frames), track)
    return head_poses(networks, faces, batch)[torch.from_numpy(pose_order(present, case.frames))]


def _seed(case: Case, seed: int) -> int:
    """Of a case: noise is not the same in all videos."""
    return int(digest([seed, case.name]), 16) % 2**31


@lru_cache(maxsize=1)
def load_networks(device: str, random_weights: bool, stamp: str) -> Networks:
    """The networks; one copy serves every case set. `stamp` tells files that were replaced.

    Raises:
        ModelError: ``weights_missing``.
    """
    context = Context(device, {}, {}, "")

    def load(network: Network, asset: str) -> Network:
        return load_network(network, asset, context, random_weights=random_weights)

    generator = load(Generator(), "pcavs_generator").for_inference()
    audio, identity = load(AudioEncoder(), "pcavs_audio"), load(IdentityEncoder(), "pcavs_identity")
    return Networks(audio, identity, load(PoseEncoder(), "pcavs_pose"), generator)


def create(options: Options, context: Context) -> PCAVS:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown or out of range.
    """
    check_options("pcavs", options, {"noise": str, "batch": int, "random_weights": bool})
    check_choice("pcavs", options, noise=("drawn", "stored"))
    check_least("pcavs", options, batch=0)
    return PCAVS(PCAVSOptions(**options), context)
