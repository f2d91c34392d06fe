"""PC-AVS at work: one portrait, speech and head poses to frames, in batches, as they are asked for."""

from __future__ import annotations

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

ENCODED = 4
"""Frames whose speech is encoded in one call at least; its maps are small, and one alone wastes half of the time."""


@dataclass(frozen=True)
class Networks:
    """The four networks, frozen, on one device."""

    audio: AudioEncoder
    identity: IdentityEncoder
    pose: PoseEncoder
    generator: Generator

    @property
    def device(self) -> torch.device:
        return self.generator.conv1.noise.weight.device


@dataclass(frozen=True)
class Request:
    """What is to be drawn.

    Attributes:
        portrait: ``(224, 224, 3)`` as `bench.models.pcavs.faces` makes it: whom to show.
        sound: ``(S,)`` float32 at 16 kHz; silence follows where it ends early.
        poses: ``(T, 12)``, one for each frame to make, on the networks' device. fps: frames a second.
        noise_seed: of the noise that is drawn anew for every frame; None takes the maps stored with the weights.
    """

    portrait: Picture
    sound: NDArray[np.float32]
    poses: Tensor
    fps: float
    noise_seed: int | None


def head_poses(networks: Networks, faces: Iterable[Picture], batch: int) -> Tensor:
    """Head poses ``(N, 12)`` of pictures ``(224, 224, 3)`` as `bench.models.pcavs.faces` makes them; none is kept."""
    left = iter(faces)
    found = []
    while some := list(islice(left, batch)):
        found.append(networks.pose.head_pose(to_tensor(np.stack(some), networks.device)))
    return torch.cat(found)


def frames(networks: Networks, request: Request, batch: int) -> Iterator[Picture]:
    """The frames of a video, RGB uint8 ``(224, 224, 3)``; memory does not grow with their number but for sound and poses."""
    feature, small = networks.identity(to_tensor(request.portrait[None], networks.device))
    done = 0
    seed = request.noise_seed
    for some in styles(networks, request, feature, max(batch, ENCODED)):
        for style in some.split(batch):
            noise = None if seed is None else drawn_noise(seed, done, len(style), networks.device)
            yield from to_pictures(networks.generator(style, small, noise))
            done += len(style)


def styles(networks: Networks, request: Request, identity: Tensor, batch: int) -> Iterator[Tensor]:
    """What the generator follows, ``(up to batch, 2560)``: identity feature (2048), mouth (500), head pose (12)."""
    speech = normalized(request.sound)
    for first in range(0, len(request.poses), batch):
        poses = request.poses[first : first + batch]
        heard = torch.from_numpy(windows(speech, first, len(poses), request.fps)).to(networks.device)
        mouth = networks.pose.mouth(networks.audio(heard))
        yield torch.cat([identity.expand(len(poses), -1), mouth, poses], dim=1)


def drawn_noise(seed: int, first: int, count: int, device: torch.device) -> list[Tensor]:
    """Noise maps ``(count, 1, side, side)`` of some frames, one for each layer; those of a frame do not depend on the others."""
    sizes = [side * side for side in NOISE_SIDES]
    drawn = [
        torch.randn(sum(sizes), generator=torch.Generator().manual_seed(seed + frame))
        for frame in range(first, first + count)
    ]
    maps = torch.stack(drawn).to(device).split(sizes, dim=1)
    return [flat.unflatten(1, (1, side, side)) for flat, side in zip(maps, NOISE_SIDES, strict=True)]
