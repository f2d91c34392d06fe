"""Cues: what the decoder is told beside the moved feature volume, on finer grids than motion is found on.

Chosen, not in the paper; with `GeneratorConfig.composite`, for keypoints that are points of the picture. Motion on an
eighth of the picture says that a mouth opens, but not to the pixel where the gap between the lips lies, which is where
teeth and a closed lid must be painted. Four things say it: how near each keypoint is, the source as it was moved, how
far it was moved, and where it shows nothing (`space_ref.vid2vid.openings`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from space_ref.vid2vid.anchor import neighbourhoods
from space_ref.vid2vid.blocks import ConvBlock

FOLD = 2
"""The moved source's pixels are folded into channels in squares of so many."""


class Hints(NamedTuple):
    """What is added to the decoder's features: ``(B, C, H / 4, W / 4)`` and ``(B, C', H / 2, W / 2)``."""

    quarter: Tensor
    half: Tensor


class Cues(nn.Module):
    """Keypoints and moved source -> additions to the decoder's features. They are zero at first.

    Args:
        num_kp: keypoints. channels: at half size; twice as many at a quarter.
        quarter, half: channels of the decoder there.
        spread: standard deviation of a keypoint's neighbourhood, in [-1, 1] units.
    """

    def __init__(self, num_kp: int, channels: int, quarter: int, half: int, spread: float) -> None:
        super().__init__()
        self.spread = spread
        self.fine = ConvBlock(2, 3 * FOLD**2 + 3, channels)
        self.coarse = ConvBlock(2, num_kp + channels, 2 * channels)
        self.to_half = nn.Conv2d(channels, half, 3, padding=1)
        self.to_quarter = nn.Conv2d(2 * channels, quarter, 1)
        for layer in (self.to_half, self.to_quarter):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, kp_driving: Tensor, moved: Tensor, shift: Tensor, hole: Tensor) -> Hints:
        """Hints for B frames.

        Args:
            kp_driving: ``(B, K, 3)``. moved: the source after its motion, ``(B, 3, H, W)``. shift: that motion,
                ``(B, 2, h, w)``, x and y. hole: ``(B, 1, h, w)``, where it shows nothing, 0..1.
        """
        size = (moved.shape[2] // FOLD, moved.shape[3] // FOLD)
        maps = torch.cat([shift, hole], dim=1)
        if maps.shape[2:] != size:
            maps = functional.interpolate(maps, size=size, mode="bilinear", align_corners=True)
        fine = self.fine(torch.cat([functional.pixel_unshuffle(moved, FOLD), maps], dim=1))
        # Neighbourhoods are smooth: a quarter of the picture's size holds them, at a quarter of the cost.
        smaller = functional.avg_pool2d(fine, 2)
        near = neighbourhoods(kp_driving[..., :2], self.spread, (smaller.shape[2], smaller.shape[3]))
        coarse = self.coarse(torch.cat([smaller, near], dim=1))
        return Hints(self.to_quarter(coarse), self.to_half(fine))
