"""face-vid2vid's arithmetic as the public code does it, in the place of `space_ref`'s, to be timed: same results, more work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional

from space_ref.vid2vid import dense_motion
from space_ref.vid2vid.blocks import UpBlock
from space_ref.vid2vid.grid import grid


@contextmanager
def published_arithmetic() -> Iterator[None]:
    """Keypoints sample the whole volume cell by cell, Gaussians are made in each cell, doublings are made before convolutions.

    For networks that are not frozen (`space_ref.vid2vid.inference.freeze` works these steps into weights).
    """
    with (
        patch.object(dense_motion, "translate", _translate),
        patch.object(dense_motion, "gaussians", _gaussians),
        patch.object(UpBlock, "forward", _double),
    ):
        yield


def _translate(volume: Tensor, vectors: Tensor) -> Tensor:
    batch, points = vectors.shape[:2]
    places = grid(volume.shape[2:], volume).movedim(0, -1) + vectors[:, :, None, None, None]
    repeated = volume[:, None].expand(batch, points, *volume.shape[1:]).flatten(0, 1)
    return functional.grid_sample(repeated, places.flatten(0, 1), align_corners=False).unflatten(0, (batch, points))


def _gaussians(points: Tensor, shape: Sequence[int], variance: float) -> Tensor:
    away = grid(shape, points).movedim(0, -1) - points[:, :, None, None, None]
    return torch.exp(-0.5 * away.square().sum(dim=-1) / variance)


def _double(block: UpBlock, x: Tensor) -> Tensor:
    factor = (2, 2) if x.dim() == 4 else (1, 2, 2)
    return functional.relu(block.norm(block.conv(functional.interpolate(x, scale_factor=factor))))
