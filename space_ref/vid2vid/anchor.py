"""Anchored flow: near a keypoint the picture moves as that keypoint does, whatever the networks made of it.

Chosen, not in the paper; only for keypoints that are points of the picture (`SpaceConfig.keypoint_points`). Masks on a
grid of an eighth of the picture cannot part two lips that are two cells high, and what they learned of some faces does
not hold for all. Where a landmark goes is known, so the flow is corrected to say so: by kernel regression of what it
misses at the keypoints (Nadaraya 1964, Watson 1964), with a floor that lets the correction fade away from them.
"""

from __future__ import annotations

from typing import NamedTuple

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


class Sides(NamedTuple):
    """Keypoints that move the source on one side of themselves alone.

    Attributes:
        numbers: of these keypoints. outward: ``(B, len(numbers), 2)`` to that side, unit vectors.
    """

    numbers: list[int]
    outward: Tensor


def correction(
    shift: Tensor, kp_source: Tensor, kp_driving: Tensor, spread: float, size: tuple[int, int], sides: Sides | None = None
) -> Tensor:  # fmt: skip
    """What must be added to a flow so that each driving keypoint shows its source keypoint: ``(B, 2, *size)``.

    Args:
        shift: ``(B, 2, h, w)`` from each cell to where its content lies in the source, x and y, ends included.
        kp_source: ``(1 or B, K, 3)``. kp_driving: ``(B, K, 3)``; [-1, 1], x and y first.
        spread: standard deviation of a keypoint's neighbourhood, in the same unit. size: height and width of the result.
        sides: of keypoints at a seam; the others move the source all around.
    """
    points = kp_driving[..., :2]
    wanted = kp_source[..., :2] - points
    weights = neighbourhoods(points, spread, size, sides)
    if sides is not None:
        points = points.clone()
        points[:, sides.numbers] += sides.outward * (2 / (max(size) - 1))  # on its own side of the seam
    left = wanted - sampled(shift, points)
    made = torch.zeros(len(points), 2, *size, dtype=shift.dtype, device=shift.device)
    for _ in range(ROUNDS):
        made = made + torch.einsum("bkhw,bki->bihw", weights, left)
        left = wanted - sampled(shift, points) - sampled(made, points)
    return made


def seam_sides(kp_driving: Tensor, seams: list[tuple[int, int]], upward: tuple[int, int]) -> Sides:
    """To which side the keypoints of seams move the source: up the first of each pair, down the second.

    Lips that meet and lids that close lie at one place and come from two: there the flow must break, which
    neighbourhoods cannot, for each blurs the other.

    Args:
        kp_driving: ``(B, K, 3)``. seams: pairs of keypoints above and below a seam, by the numbers that `correction` knows
            them by. upward: two of `kp_driving` that say which way a face's up is, from the first to the second.
    """
    low, high = upward
    up = functional.normalize(kp_driving[:, high, :2] - kp_driving[:, low, :2], dim=-1)
    return Sides([number for seam in seams for number in seam], torch.stack([up, -up] * len(seams), dim=1))


def sampled(field: Tensor, points: Tensor) -> Tensor:
    """A field ``(B, C, h, w)`` at points ``(B, K, 2)``: ``(B, K, C)``; the edge's value outside."""
    found = functional.grid_sample(field, points[:, :, None], padding_mode="border", align_corners=True)
    return found[..., 0].transpose(1, 2)


def neighbourhoods(points: Tensor, spread: float, size: tuple[int, int], sides: Sides | None = None) -> Tensor:
    """Share of each point ``(B, K, 2)`` in each cell ``(B, K, H, W)``; they sum to less than 1, to 0 far from all.

    A point of `sides` has no share of the cells on its other side.
    """
    height, width = size
    x, y = (
        torch.exp(-0.5 * ((axis(count, points) - points[..., i, None]) / spread) ** 2)
        for i, count in enumerate((width, height))
    )
    near = y[..., :, None] * x[..., None, :]
    if sides is not None:
        near[:, sides.numbers] *= _ahead(points[:, sides.numbers], sides.outward, size)
    return near / (near.sum(dim=1, keepdim=True) + FLOOR)


def _ahead(points: Tensor, outward: Tensor, size: tuple[int, int]) -> Tensor:
    """1 in cells that lie outward of a point, 0 behind it, linear over the cell between: ``(B, K, H, W)``."""
    height, width = size
    x, y = (
        (axis(count, points) - points[..., i, None]) * outward[..., i, None] for i, count in enumerate((width, height))
    )
    return (0.5 + (y[..., :, None] + x[..., None, :]) * (max(size) - 1) / 2).clamp(0, 1)
