"""EAMM: keypoints with Jacobians, of a picture or of what the speech network made; the first order motion model's detector."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from space_ref.vid2vid.blocks import DownBlock, UpBlock, widths
from space_ref.vid2vid.grid import grid
from space_ref.vid2vid.keypoints import AntiAliasShrink

POINTS = 10
FEATURES = 35
"""Channels of a feature map: 32 of the hourglass and the three of the picture."""
TEMPERATURE = 0.1


class Keypoints(NamedTuple):
    """Places ``(B, 10, 2)`` x, y in -1..1 and how the picture is stretched there, Jacobians ``(B, 10, 2, 2)``."""

    value: Tensor
    jacobian: Tensor


class Hourglass(nn.Module):
    """2D halvings and doublings with each level's input joined in: ``(B, inputs, H, W) -> (B, expansion + inputs, H, W)``."""

    def __init__(self, inputs: int, expansion: int, max_features: int = 1024, blocks: int = 5) -> None:
        super().__init__()
        features = widths(expansion, max_features, blocks)
        self.encoder = _Encoder(inputs, features)
        self.decoder = _Decoder(features)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.decoder(self.encoder(x))
        return made


class _Encoder(nn.Module):
    def __init__(self, inputs: int, features: list[int]) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(
            DownBlock(2, before if i else inputs, after) for i, (before, after) in enumerate(pairwise(features))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for down in self.down_blocks:
            levels.append(down(levels[-1]))
        return levels


class _Decoder(nn.Module):
    def __init__(self, features: list[int]) -> None:
        super().__init__()
        # All but the first block get the map of their level beside what comes from below.
        self.up_blocks = nn.ModuleList(
            UpBlock(2, before * (2 if i else 1), after) for i, (before, after) in enumerate(pairwise(features[::-1]))
        )

    def forward(self, levels: list[Tensor]) -> Tensor:
        made = levels.pop()
        for up in self.up_blocks:
            made = torch.cat([up(made), levels.pop()], dim=1)
        return made


class FeatureKeypoints(nn.Module):
    """Keypoints of a feature map. State-dict compatible with the entry ``kp_detector_a`` of the published file, whose
    hourglass and shrinking filter its authors do not use either."""

    def __init__(self) -> None:
        super().__init__()
        self.predictor = Hourglass(3, 32)
        # No padding: a map of 64 becomes one of 58.
        self.kp = nn.Conv2d(FEATURES, POINTS, 7)
        self.jacobian = nn.Conv2d(FEATURES, 4 * POINTS, 7)
        self.down = AntiAliasShrink(3, 4)

    def forward(self, features: Tensor) -> Keypoints:
        """``(B, 35, H, W)`` -> keypoints."""
        return self.read(features, self.heat(features))

    def heat(self, features: Tensor) -> Tensor:
        """Where each keypoint is, ``(B, 10, H - 6, W - 6)``, each map with the sum 1."""
        logits = self.kp(features)
        return torch.softmax(logits.flatten(2) / TEMPERATURE, dim=2).view_as(logits)

    def read(self, features: Tensor, heat: Tensor) -> Keypoints:
        """Means under the heat maps: of the places, and of the Jacobians that `features` have there."""
        value = torch.einsum("bkhw,chw->bkc", heat, grid(heat.shape[2:], heat))
        maps = self.jacobian(features).unflatten(1, (POINTS, 4))
        return Keypoints(value, torch.einsum("bkhw,bkjhw->bkj", heat, maps).unflatten(2, (2, 2)))


class PictureKeypoints(FeatureKeypoints):
    """Keypoints of a picture. State-dict compatible with the entry ``kp_detector``."""

    def forward(self, picture: Tensor) -> Keypoints:
        """``(B, 3, 256, 256)`` in 0..1 -> keypoints."""
        return super().forward(self.features(picture))

    def features(self, picture: Tensor) -> Tensor:
        """``(B, 3, 256, 256)`` in 0..1 -> ``(B, 35, 64, 64)``."""
        found: Tensor = self.predictor(self.down(picture))
        return found
