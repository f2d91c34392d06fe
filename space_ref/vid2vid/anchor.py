"""Anchored flow: near a keypoint the picture moves as that keypoint does, whatever the networks made of it.

Chosen, not in the paper; only for keypoints that are points of the picture (`SpaceConfig.keypoint_points`). Masks on a
grid of an eighth of the picture cannot part two lips that are two cells high, and what they learned of some faces does
not hold for all. Where a landmark goes is known, so the flow is corrected to say so: by kernel regression of what it
misses at the keypoints (Nadaraya 1964, Watson 1964), with a floor that lets the correction fade away from them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from space_ref.vid2vid.grid import axis

FLOOR = 0.1
"""Weight of "no correction" beside the keypoints' own, which are 1 at each keypoint."""
FINEST = 128
"""Cells across the corrected flow at most: a neighbourhood of 0.04 is five cells wide there, and more cost without gain."""
ROUNDS = 2
"""Neighbouring keypoints blur each other; a second round corrects what the first one left."""


def correction(shift: Tensor, kp_source: Tensor, kp_driving: Tensor, spread: float, size: tuple[int, int]) -> Tensor:
    """What must be added to a flow so that each driving keypoint shows its source keypoint: ``(B, 2, *size)``.

    Args:
        shift: ``(B, 2, h, w)`` from each cell to where its content lies in the source, x and y, ends included.
        kp_source: ``(1 or B, K, 3)``. kp_driving: ``(B, K, 3)``; [-1, 1], x and y first.
        spread: standard deviation of a keypoint's neighbourhood, in the same unit. size: height and width of the result.
    """
    points = kp_driving[..., :2]
    wanted = kp_source[..., :2] - points
    left = wanted - sampled(shift, points)
    weights = _neighbourhoods(points, spread, size)
    made = torch.zeros(len(points), 2, *size, dtype=shift.dtype, device=shift.device)
    for _ in range(ROUNDS):
        made = made + torch.einsum("bkhw,bki->bihw", weights, left)
        left = wanted - sampled(shift, points) - sampled(made, points)
    return made


def sampled(field: Tensor, points: Tensor) -> Tensor:
    """A field ``(B, C, h, w)`` at points ``(B, K, 2)``: ``(B, K, C)``; the edge's value outside."""
    found = functional.grid_sample(field, points[:, :, None], padding_mode="border", align_corners=True)
    return found[..., 0].transpose(1, 2)


def _neighbourhoods(points: Tensor, spread: float, size: tuple[int, int]) -> Tensor:
    """Share of each keypoint in each cell ``(B, K, H, W)``; they sum to less than 1, to 0 far from all."""
    height, width = size
    x, y = (
        torch.exp(-0.5 * ((axis(count, points) - points[..., i, None]) / spread) ** 2)
        for i, count in enumerate((width, height))
    )
    near = y[..., :, None] * x[..., None, :]
    return near / (near.sum(dim=1, keepdim=True) + FLOOR)
