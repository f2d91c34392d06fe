"""L1 of pixels around mouth and eyes: small parts of a frame that people look at first."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# MediaPipe's mesh: corners, upper and lower edge.
MOUTH = ((61, 291, 0, 17),)
EYES = ((33, 133, 159, 145), (362, 263, 386, 374))
MARGIN = 0.25


def region_loss(
    prediction: Tensor, target: Tensor, landmarks: Tensor, regions: tuple[tuple[int, ...], ...], margin: float = MARGIN
) -> Tensor:
    """Mean absolute difference of pixels inside boxes around landmarks, mean over boxes. Scalar.

    Every box counts the same, however small it is. Boxes outside the frame and images without a face count nothing.

    Args:
        prediction: ``(B, 3, H, W)``. target: same.
        landmarks: ``(B, 478, 3)`` of the target in frame units; NaN where there is no face.
        regions: mesh points of each box. margin: how far a box reaches beyond them, in its own width.
    """
    columns, rows = _inside(landmarks, regions, margin, prediction.shape[-1], prediction.shape[-2])
    difference = (prediction - target).abs().mean(dim=1)
    sums = torch.einsum("byx,bny,bnx->bn", difference, rows, columns)
    areas = rows.sum(dim=-1) * columns.sum(dim=-1)
    return (sums / areas.clamp(min=1)).sum() / (areas > 0).sum().clamp(min=1)


def region_pictures(
    image: Tensor, landmarks: Tensor, regions: tuple[tuple[int, ...], ...], size: int, margin: float = MARGIN
) -> Tensor:
    """Squares around landmarks, brought to one size: ``(B, N, 3, size, size)``; the whole frame where there is no face.

    Args:
        image: ``(B, 3, H, W)``. landmarks: ``(B, 478, 3)`` in frame units. regions, margin: as in `region_loss`.
    """
    low, high = _boxes(landmarks, regions, margin)
    centre, half = (low + high) / 2, ((high - low) / 2).amax(dim=-1, keepdim=True)
    known = (centre.isfinite() & half.isfinite()).all(dim=-1, keepdim=True)
    centre, half = torch.where(known, centre, 0.0), torch.where(known, half, 1.0)
    axis = torch.linspace(-1, 1, size, device=image.device) * (1 - 1 / size)
    square = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)
    places = centre[:, :, None, None] + half[:, :, None, None] * square
    many = image[:, None].expand(-1, len(regions), -1, -1, -1).flatten(0, 1)
    cut = functional.grid_sample(many, places.flatten(0, 1), padding_mode="border", align_corners=False)
    return cut.unflatten(0, (len(image), len(regions)))


def _boxes(landmarks: Tensor, regions: tuple[tuple[int, ...], ...], margin: float) -> tuple[Tensor, Tensor]:
    """Lowest and highest x and y ``(B, N, 2)`` of each box."""
    points = landmarks[:, torch.tensor(regions, device=landmarks.device), :2]
    low, high = points.amin(dim=2), points.amax(dim=2)
    grow = margin * (high - low)[..., :1]
    return low - grow, high + grow


def _inside(
    landmarks: Tensor, regions: tuple[tuple[int, ...], ...], margin: float, width: int, height: int
) -> tuple[Tensor, Tensor]:
    """Which columns ``(B, N, W)`` and rows ``(B, N, H)`` lie in each box, as 0 and 1."""
    low, high = _boxes(landmarks, regions, margin)
    found = []
    for axis, count in enumerate((width, height)):
        centres = torch.linspace(-1, 1, count, device=landmarks.device) * (1 - 1 / count)
        # NaN is neither above nor below: without a face the box is empty.
        inside = (centres >= low[..., axis, None]) & (centres <= high[..., axis, None])
        found.append(inside.to(landmarks.dtype))
    return found[0], found[1]
