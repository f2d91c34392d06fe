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
from space_ref.vid2vid.openings import inside

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
    spreading = _Spreading(points, spread, size, sides)
    if sides is not None:
        points = points.clone()
        points[:, sides.numbers] += sides.outward * (2 / (max(size) - 1))  # on its own side of the seam
    left = wanted - sampled(shift, points)
    made = torch.zeros(len(points), 2, *size, dtype=shift.dtype, device=shift.device)
    for _ in range(ROUNDS):
        made = made + spreading(left)
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


def with_eyes(shift: Tensor, kp_source: Tensor, kp_driving: Tensor, eyes: list[tuple[int, list[int]]]) -> Tensor:
    """The flow ``(B, 2, h, w)``, between the lids that of the eyeball behind them: the source moves there as the iris does.

    Args:
        shift: from each cell to where its content lies in the source. kp_source: ``(1 or B, K, 3)``.
        kp_driving: ``(B, K, 3)``. eyes: numbers of the keypoint in the iris and of those around the eye, in order.
    """
    for iris, outline in eyes:
        within = inside(kp_driving[:, outline, :2], (shift.shape[2], shift.shape[3]))
        gone = (kp_source - kp_driving)[:, iris, :2, None, None]
        shift = torch.lerp(shift, gone.expand_as(shift), within)
    return shift


def sampled(field: Tensor, points: Tensor) -> Tensor:
    """A field ``(B, C, h, w)`` at points ``(B, K, 2)``: ``(B, K, C)``; the edge's value outside."""
    found = functional.grid_sample(field, points[:, :, None], padding_mode="border", align_corners=True)
    return found[..., 0].transpose(1, 2)


def neighbourhoods(points: Tensor, spread: float, size: tuple[int, int]) -> Tensor:
    """Share of each point ``(B, K, 2)`` in each cell ``(B, K, H, W)``; they sum to less than 1, to 0 far from all."""
    x, y = _nearness(points, spread, size)
    near = y[..., :, None] * x[..., None, :]
    return near / (near.sum(dim=1, keepdim=True) + FLOOR)


class _Spreading:
    """Values at points spread over the cells by the points' shares of them, as `neighbourhoods` has these.

    A share is a product of one along x and one along y, so that sums over points are products of small matrices and the
    shares of all points in all cells are never made. A point of `sides` has no share of the cells on its other side;
    theirs are made.
    """

    def __init__(self, points: Tensor, spread: float, size: tuple[int, int], sides: Sides | None) -> None:
        self._x, self._y = _nearness(points, spread, size)
        self._sided: list[int] = [] if sides is None else sides.numbers
        self._free = [number for number in range(points.shape[1]) if number not in self._sided]
        total = self._y[:, self._free].mT @ self._x[:, self._free] + FLOOR
        if sides is not None:
            near = self._y[:, self._sided, :, None] * self._x[:, self._sided, None, :]
            self._near = near * _ahead(points[:, self._sided], sides.outward, size)
            total = total + self._near.sum(dim=1)
        self._total = total[:, None]

    def __call__(self, values: Tensor) -> Tensor:
        """``(B, K, C)`` -> ``(B, C, H, W)``."""
        weighted = self._y[:, None, self._free] * values[:, self._free].mT[..., None]
        made = weighted.mT @ self._x[:, None, self._free]
        if self._sided:
            made = made + torch.einsum("bkhw,bki->bihw", self._near, values[:, self._sided])
        return made / self._total


def _nearness(points: Tensor, spread: float, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """How near points ``(B, K, 2)`` are to columns ``(B, K, W)`` and to rows ``(B, K, H)``: 1 at the point itself."""
    height, width = size
    x, y = (
        torch.exp(-0.5 * ((axis(count, points) - points[..., i, None]) / spread) ** 2)
        for i, count in enumerate((width, height))
    )
    return x, y


def _ahead(points: Tensor, outward: Tensor, size: tuple[int, int]) -> Tensor:
    """1 in cells that lie outward of a point, 0 behind it, linear over the cell between: ``(B, K, H, W)``."""
    height, width = size
    x, y = (
        (axis(count, points) - points[..., i, None]) * outward[..., i, None] for i, count in enumerate((width, height))
    )
    return (0.5 + (y[..., :, None] + x[..., None, :]) * (max(size) - 1) / 2).clamp(0, 1)
