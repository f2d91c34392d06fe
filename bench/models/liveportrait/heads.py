"""LivePortrait's small networks that correct keypoints: stitching, lip and eye retargeting (section 3.3 of the paper)."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from bench.models.liveportrait.keypoints import KEYPOINTS

COORDINATES = 3 * KEYPOINTS


class Head(nn.Module):
    """Linear layers with ReLU between them, none at the end."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.mlp(x)
        return made


def stitching_head() -> Head:
    """Keypoints of source and driving ``(B, 126)`` -> displacements, and a shift in x and y ``(B, 65)``."""
    return Head(2 * COORDINATES, 128, 128, 64, COORDINATES + 2)


def lip_head() -> Head:
    """Keypoints of the source, its lip opening and the wanted one ``(B, 65)`` -> displacements ``(B, 63)``."""
    return Head(COORDINATES + 2, 128, 128, 64, COORDINATES)


def eye_head() -> Head:
    """Keypoints of the source, its two eye openings and the wanted one ``(B, 66)`` -> displacements ``(B, 63)``."""
    return Head(COORDINATES + 3, 256, 256, 128, 128, 64, COORDINATES)
