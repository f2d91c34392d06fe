"""LivePortrait's motion extractor: ConvNeXt V2 (arXiv 2301.00808, tiny) with seven heads on the mean of its features."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.models.liveportrait.keypoints import KEYPOINTS

BINS = 66
DEPTHS = (3, 3, 9, 3)
WIDTHS = (96, 192, 384, 768)
EPSILON = 1e-6


class Motion(NamedTuple):
    """What the extractor says of B pictures.

    Attributes:
        pitch, yaw, roll: ``(B, 66)`` logits over bins of 3 degrees. t: ``(B, 3)``. exp: ``(B, 63)`` displacements of the
            keypoints. scale: ``(B, 1)``. kp: ``(B, 63)`` canonical keypoints.
    """

    pitch: Tensor
    yaw: Tensor
    roll: Tensor
    t: Tensor
    exp: Tensor
    scale: Tensor
    kp: Tensor


class MotionExtractor(nn.Module):
    """``(B, 3, 256, 256)`` in 0..1 -> `Motion`; other sides that are multiples of 32 are taken too."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = Detector()

    def forward(self, picture: Tensor) -> Motion:
        return self.detector(picture)


class Detector(nn.Module):
    """The network itself; its name is part of the published tensor names."""

    def __init__(self) -> None:
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, WIDTHS[0], 4, stride=4), ChannelNorm(WIDTHS[0]))]
        )
        for inputs, outputs in pairwise(WIDTHS):
            self.downsample_layers.append(nn.Sequential(ChannelNorm(inputs), nn.Conv2d(inputs, outputs, 2, stride=2)))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth))) for depth, width in zip(DEPTHS, WIDTHS, strict=True)
        )
        self.norm = nn.LayerNorm(WIDTHS[-1], EPSILON)
        heads = dict.fromkeys(Motion._fields, BINS) | {"t": 3, "exp": 3 * KEYPOINTS, "scale": 1, "kp": 3 * KEYPOINTS}
        for name, count in heads.items():
            self.add_module(f"fc_{name}", nn.Linear(WIDTHS[-1], count))

    def forward(self, picture: Tensor) -> Motion:
        x = picture
        for shrink, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(shrink(x))
        x = self.norm(x.mean(dim=(2, 3)))
        return Motion(*(self.get_submodule(f"fc_{name}")(x) for name in Motion._fields))


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of maps ``(B, C, H, W)``, each pixel on its own."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Block(nn.Module):
    """Depthwise 7x7 convolution, then a widened pointwise network with global response normalization, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, EPSILON)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.grn = ResponseNorm(4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.dwconv(x).movedim(1, -1))
        y = self.pwconv2(self.grn(functional.gelu(self.pwconv1(y))))
        return x + y.movedim(-1, 1)


class ResponseNorm(nn.Module):
    """Global response normalization: a channel counts by its norm over the picture, against the mean norm of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
        share = norm / (norm.mean(dim=-1, keepdim=True) + EPSILON)
        return x + torch.addcmul(self.beta, self.gamma, x * share)
