"""Coordinates of pictures and volumes in [-1, 1], moving them, and the Gaussian around a point.

The published grid puts -1 and 1 on the centres of the first and last cell, but samples as if they were the outer edges
of these cells (`align_corners` False). Published weights rely on both, so a vector of zero moves a volume a little.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def axis(size: int, like: Tensor) -> Tensor:
    """``(size,)`` coordinates -1..1, both ends included."""
    return 2 * torch.arange(size, dtype=like.dtype, device=like.device) / (size - 1) - 1


def grid(shape: Sequence[int], like: Tensor) -> Tensor:
    """Coordinates of each cell: ``(D, H, W) -> (3, D, H, W)`` x, y, z or ``(H, W) -> (2, H, W)`` x, y."""
    axes = torch.meshgrid([axis(size, like) for size in shape], indexing="ij")
    return torch.stack(axes[::-1])


def positions(offset: Tensor) -> Tensor:
    """Where each cell's content lies, as ``grid_sample`` wants it: offsets from the cells ``(B, 3, D, H, W)`` or
    ``(B, 2, H, W)`` -> ``(B, D, H, W, 3)`` or ``(B, H, W, 2)``."""
    return (grid(offset.shape[2:], offset) + offset).movedim(1, -1)


def gaussians(points: Tensor, shape: Sequence[int], variance: float) -> Tensor:
    """``exp(-distance² / (2 variance))`` of each cell to each point: ``(B, K, 3) -> (B, K, D, H, W)``."""
    depth, height, width = shape
    # The Gaussian is a product of one along each axis: 3 short exponentials instead of one a cell.
    x, y, z = (
        torch.exp(-0.5 * (axis(size, points) - points[..., i, None]) ** 2 / variance)
        for i, size in enumerate((width, height, depth))
    )
    return z[..., :, None, None] * (y[..., :, None] * x[..., None, :])[..., None, :, :]


def translate(volume: Tensor, vectors: Tensor) -> Tensor:
    """The volume as each vector moves it: what ``grid_sample(volume, grid + vector)`` gives, zero outside.

    All cells move alike, so the trilinear interpolation is one small matrix an axis instead of a gather of 8
    neighbours a cell.

    Args:
        volume: ``(1 or B, C, D, H, W)``. vectors: ``(B, K, 3)`` x, y, z in [-1, 1] coordinates.

    Returns:
        ``(B, K, C, D, H, W)``.
    """
    along_x, along_y, along_z = (_interpolation(volume.shape[-1 - i], vectors[..., i]) for i in range(3))
    moved = torch.einsum("bcdhw,bkxw->bkcdhx", volume.expand(len(vectors), -1, -1, -1, -1), along_x)
    moved = along_y[:, :, None, None] @ moved
    return (along_z[:, :, None] @ moved.flatten(-2)).unflatten(-1, moved.shape[-2:])


def move_volume(feature: Tensor, offset: Tensor) -> Tensor:
    """Feature volume ``(1 or B, C, D, h, w)`` sampled at each cell plus `offset` ``(B, 3, D, h', w')``, zero outside."""
    if offset.shape[2:] != feature.shape[2:]:
        # Ends included, like the grid: no motion stays no motion.
        offset = functional.interpolate(offset, size=feature.shape[2:], mode="trilinear", align_corners=True)
    feature = feature.expand(len(offset), -1, -1, -1, -1)
    return functional.grid_sample(feature, positions(offset), align_corners=False)


def move_image(image: Tensor, shift: Tensor) -> Tensor:
    """Picture ``(1 or B, 3, H, W)`` sampled at each pixel plus `shift` ``(B, 2, h, w)``, edge pixels outside.

    The shift is up-sampled and sampled with the ends included, so that no shift gives exactly the picture.
    """
    shift = functional.interpolate(shift, size=image.shape[2:], mode="bilinear", align_corners=True)
    image = image.expand(len(shift), -1, -1, -1)
    return functional.grid_sample(image, positions(shift), padding_mode="border", align_corners=True)


def _interpolation(size: int, shift: Tensor) -> Tensor:
    """``(...) -> (..., size, size)``: row i holds the weights of linear interpolation at cell i moved by `shift`."""
    position = ((axis(size, shift) + shift[..., None] + 1) * size - 1) / 2
    cells = torch.arange(size, dtype=shift.dtype, device=shift.device)
    return (1 - (position[..., None] - cells).abs()).clamp_min(0)
