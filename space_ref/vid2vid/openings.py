"""Openings: what lies between lips that part is not in a picture of closed lips, so it must be painted.

Chosen, not in the paper; with `GeneratorConfig.anchor`, for outlines whose corners are keypoints. Moving the source only
stretches the lips across such a gap.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from space_ref.vid2vid.grid import axis, move_image


def inside(corners: Tensor, size: tuple[int, int]) -> Tensor:
    """Share of each cell that lies inside a polygon: ``(B, N, 2)`` x, y in [-1, 1] -> ``(B, 1, H, W)``, 0..1.

    Linear over half a cell within the border, so that a line encloses nothing. A polygon that crosses itself is inside
    where a ray crosses it an odd number of times.
    """
    height, width = size
    x, y = axis(width, corners)[None, :], axis(height, corners)[:, None]
    # From each corner to the next: N edges, one at a time, for there are few of them and many cells.
    within = torch.zeros(len(corners), height, width, dtype=torch.bool, device=corners.device)
    nearest = torch.full((len(corners), height, width), 4.0, dtype=corners.dtype, device=corners.device)
    for start, end in zip(corners.unbind(1), corners.roll(-1, 1).unbind(1), strict=True):
        (ax, ay), (bx, by) = (point[:, :, None, None].unbind(1) for point in (start, end))
        run, rise = bx - ax, by - ay
        left, below = x - ax, y - ay
        along = ((left * run + below * rise) / (run**2 + rise**2).clamp_min(1e-12)).clamp(0, 1)
        nearest = torch.minimum(nearest, (left - along * run) ** 2 + (below - along * rise) ** 2)
        crossed = (ay > y) != (by > y)
        within ^= crossed & (left * rise.abs() < below * run * rise.sign())
    cells = nearest.sqrt() * (max(size) - 1) / 2
    return (2 * cells * within).clamp(max=1)[:, None]


def opened(kp_source: Tensor, kp_driving: Tensor, outlines: list[list[int]], shift: Tensor) -> Tensor:
    """How far each cell lies in an opening that the source does not show: ``(B, 1, h, w)``, 0..1.

    Args:
        kp_source: ``(1 or B, K, 3)``. kp_driving: ``(B, K, 3)``. outlines: numbers of the keypoints around each opening.
        shift: ``(B, 2, h, w)``, how the source moves.
    """
    size = (shift.shape[2], shift.shape[3])
    made = torch.zeros_like(shift[:, :1])
    for outline in outlines:
        before, now = (inside(points[:, outline, :2], size) for points in (kp_source, kp_driving))
        made = torch.maximum(made, now * (1 - move_image(before, shift)))
    return made


def resized(mask: Tensor, size: Sequence[int]) -> Tensor:
    """``(B, 1, h, w)`` -> ``(B, 1, H, W)`` of that size, ends included, as the flow is."""
    return functional.interpolate(mask, size=list(size), mode="bilinear", align_corners=True)
