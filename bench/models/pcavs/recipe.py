"""PC-AVS at work: one portrait, speech and head poses to frames, in batches, as they are asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.models.pcavs.audio import AudioEncoder
from bench.models.pcavs.faces import Picture, to_pictures, to_tensor
from bench.models.pcavs.generator import NOISE_SIDES, Generator
from bench.models.pcavs.identity import IdentityEncoder
from bench.models.pcavs.pose import PoseEncoder
from bench.models.pcavs.spectrogram import normalized, windows


@dataclass(frozen=True)
class Networks:
    """The four networks, frozen, on one device. `batch` frames go through them in one call, which bounds memory."""

    audio: AudioEncoder
    identity: IdentityEncoder
    pose: PoseEncoder
    generator: Generator
    batch: int

    @property
    def device(self) -> torch.device:
        return self.generator.conv1.noise.weight.device


def head_poses(networks: Networks, faces: Iterable[Picture]) -> Tensor:
    """Head poses ``(N, 12)`` of pictures ``(224, 224, 3)`` as `bench.models.pcavs.faces` makes them; none is kept."""
    found = [
        networks.pose.head_pose(to_tensor(np.stack(some), networks.device)) for some in _batches(faces, networks.batch)
    ]
    return torch.cat(found)


def frames(
    networks: Networks, portrait: Picture, sound: NDArray[np.float32], poses: Tensor, fps: float, noise_seed: int | None
) -> Iterator[Picture]:
    """The frames of a video, RGB uint8 ``(224, 224, 3)``; memory does not grow with their number but for the sound.

    Args:
        portrait: ``(224, 224, 3)``: whom to show. sound: ``(S,)`` at 16 kHz; silence follows where it ends early.
        poses: ``(T, 12)``, one for each frame to make. fps: frames a second.
        noise_seed: of the noise that is drawn anew for every frame; None takes the maps stored with the weights.
    """
    who, small = networks.identity(to_tensor(portrait[None], networks.device))
    speech = normalized(sound)
    for first in range(0, len(poses), networks.batch):
        some = poses[first : first + networks.batch]
        heard = torch.from_numpy(windows(speech, first, len(some), fps)).to(networks.device)
        mouth = networks.pose.mouth(networks.audio(heard))
        style = torch.cat([who.expand(len(some), -1), mouth, some], dim=1)
        noise = None if noise_seed is None else _noise(noise_seed, first, len(some), networks.device)
        yield from to_pictures(networks.generator(style, small, noise))


def _noise(seed: int, first: int, count: int, device: torch.device) -> list[Tensor]:
    """Noise maps of some frames; those of one frame do not depend on the others."""
    sizes = [side * side for side in NOISE_SIDES]
    drawn = [
        torch.randn(sum(sizes), generator=torch.Generator().manual_seed(seed + frame))
        for frame in range(first, first + count)
    ]
    maps = torch.stack(drawn).to(device).split(sizes, dim=1)
    return [flat.unflatten(1, (1, math.isqrt(flat.shape[1]), -1)) for flat in maps]


def _batches(pictures: Iterable[Picture], size: int) -> Iterator[list[Picture]]:
    left = iter(pictures)
    while some := list(islice(left, size)):
        yield some
