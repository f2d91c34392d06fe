"""Equivariance of keypoints (Siarohin et al., NeurIPS 2019; arXiv 2011.15126, section 3.3).

Keypoints found in a warped image, taken back through the warp, must lie on the keypoints of the image itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CONTROLS = 5


@dataclass(frozen=True)
class Warp:
    """An affine map plus thin-plate splines: where a point of the warped image comes from in the image.

    Attributes:
        affine: ``(B, 2, 3)``, in image coordinates -1..1.
        bending: ``(B, 25, 2)``, weight of the spline at each point of a 5x5 grid over the image.
    """

    affine: Tensor
    bending: Tensor

    def to(self, device: torch.device) -> Warp:
        """The same warp on another device."""
        return Warp(self.affine.to(device), self.bending.to(device))

    def points(self, points: Tensor) -> Tensor:
        """Points ``(B, N, 2)`` or ``(1, N, 2)`` of the warped image -> their places ``(B, N, 2)`` in the image."""
        # Never in half precision: its steps near 1 are as large as the warp itself.
        with torch.autocast(points.device.type, enabled=False):
            points = points.to(self.affine.dtype)
            linear = points @ self.affine[:, :, :2].mT + self.affine[:, :, 2].unsqueeze(1)
            distances = torch.cdist(points, _lattice(CONTROLS, CONTROLS, 1.0, points))
            return linear + (distances.square() * (distances + 1e-6).log()) @ self.bending

    def image(self, image: Tensor) -> Tensor:
        """Images ``(B, C, H, W)`` -> the warped ones, mirrored at their borders."""
        height, width = image.shape[-2:]
        # Pixel centres: -1 and 1 are the borders of the image, as for landmarks.
        places = self.points(_lattice(height, width, None, image)).unflatten(1, (height, width))
        return functional.grid_sample(image, places, padding_mode="reflection", align_corners=False)


def random_warp(batch: int, random: torch.Generator, affine: float = 0.05, bending: float = 0.005) -> Warp:
    """Warps that differ from identity by normal noise.

    Args:
        batch: how many. random: where the noise comes from; the warps lie on its device.
        affine: standard deviation of the affine part. bending: that of the splines' weights.
    """

    def noise(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, device=random.device)

    identity = torch.eye(2, 3, device=random.device)
    return Warp(identity + affine * noise(batch, 2, 3), bending * noise(batch, CONTROLS**2, 2))


def equivariance_loss(keypoints: Tensor, warped_keypoints: Tensor, warp: Warp) -> Tensor:
    """L1 between keypoints of images and those of the warped images, taken back; x and y only. Scalar.

    Args:
        keypoints: ``(B, K, 3)`` or ``(B, K, 2)`` of the images. warped_keypoints: same, of ``warp.image(images)``.
    """
    return functional.l1_loss(warp.points(warped_keypoints[..., :2]), keypoints[..., :2])


def _lattice(rows: int, columns: int, reach: float | None, like: Tensor) -> Tensor:
    """``(1, rows * columns, 2)`` points x, y from -reach to reach; without reach, centres of that many pixels."""
    x, y = (
        torch.linspace(-1, 1, count, device=like.device, dtype=like.dtype) * (1 - 1 / count if reach is None else reach)
        for count in (columns, rows)
    )
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(1, -1, 2)
