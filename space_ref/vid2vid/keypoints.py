"""Canonical keypoints of a portrait: where the person's points would be without head pose and expression."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from space_ref.vid2vid.blocks import DownBlock, UpBlock, widths
from space_ref.vid2vid.config import Vid2VidConfig
from space_ref.vid2vid.grid import axis


class KPDetector(nn.Module):
    """``(B, 3, S, S)`` in 0..1 -> canonical keypoints ``(B, K, 3)`` in [-1, 1], order x, y, z.

    A 2D encoder whose last channels are folded into a volume, a 3D decoder, and the mean position under a softmax over
    the volume, one for each keypoint.
    """

    def __init__(self, config: Vid2VidConfig) -> None:
        super().__init__()
        part = config.keypoints
        self.temperature = part.temperature
        self.predictor = FoldingHourglass(
            3, widths(part.block_expansion, part.max_features, part.num_blocks), part.reshape_depth
        )
        self.kp = nn.Conv3d(min(part.max_features, part.block_expansion), config.num_kp, 3, padding=1)
        if part.shrink > 1:
            self.down = AntiAliasShrink(3, part.shrink)

    def forward(self, image: Tensor) -> Tensor:
        x = self.down(image) if hasattr(self, "down") else image
        logits = self.kp(self.predictor(x)).to(image.dtype)  # autocast has too few digits for positions
        heat = torch.softmax(logits.flatten(2) / self.temperature, dim=2).view_as(logits)
        # The mean position needs no more than the sums of the volume along the other two axes.
        sums = {dim: heat.sum(dim=[other for other in (2, 3, 4) if other != dim]) for dim in (4, 3, 2)}
        means = [(sums[dim] * axis(heat.shape[dim], heat)).sum(dim=-1) for dim in (4, 3, 2)]
        return torch.stack(means, dim=-1)


class FoldingHourglass(nn.Module):
    """``(B, inputs, H, W)`` -> 2D halvings -> channels folded into depth -> 3D doublings -> ``(B, C, depth, H, W)``."""

    def __init__(self, inputs: int, features: list[int], depth: int) -> None:
        super().__init__()
        self.depth = depth
        self.down_blocks = nn.Sequential()
        for i, outputs in enumerate(features[1:]):
            self.down_blocks.add_module(f"down{i}", DownBlock(2, features[i] if i else inputs, outputs))
        self.conv = nn.Conv2d(features[-1], features[-1] * depth, 1)
        self.up_blocks = nn.Sequential()
        for i in range(len(features) - 1):
            self.up_blocks.add_module(f"up{i}", UpBlock(3, features[-1 - i], features[-2 - i]))

    def forward(self, x: Tensor) -> Tensor:
        folded: Tensor = self.conv(self.down_blocks(x)).unflatten(1, (-1, self.depth))
        return self.up_blocks(folded)


class AntiAliasShrink(nn.Module):
    """A picture `factor` times smaller: blurred by a Gaussian of ``(factor - 1) / 2`` pixels, then thinned out."""

    weight: Tensor

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        sigma = (factor - 1) / 2
        radius = round(4 * sigma)
        # In float32 whatever the default type is: the kernel is part of published checkpoints.
        line = torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float32) ** 2) / (2 * sigma**2))
        kernel = line[:, None] * line
        self.register_buffer("weight", (kernel / kernel.sum()).repeat(channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        # A strided convolution makes only the pixels that stay.
        radius = self.weight.shape[-1] // 2
        return functional.conv2d(x, self.weight, stride=self.factor, padding=radius, groups=len(self.weight))
