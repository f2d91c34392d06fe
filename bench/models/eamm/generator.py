"""EAMM: the first order motion model's generator: a picture is bent as its keypoints move, then repaired."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.models.eamm.keypoints import POINTS, Hourglass, Keypoints
from bench.models.inference.winograd import WinogradConv
from space_ref.vid2vid.blocks import ConvBlock, DownBlock, ResBlock, UpBlock
from space_ref.vid2vid.grid import grid
from space_ref.vid2vid.inference import freeze
from space_ref.vid2vid.keypoints import AntiAliasShrink

VARIANCE = 0.01
"""Of the Gaussian around a keypoint, in coordinates -1..1."""


class Motion(NamedTuple):
    """How a picture is to be bent.

    Attributes:
        mask: ``(B, 11, h, w)``: whose motion each place follows, the background's first; sums to 1 over them.
        moved: ``(B, 11, 3, h, w)``: the small picture as each would move it.
        places: ``(B, h, w, 2)``: where each place's content comes from.
        occlusion: ``(B, 1, h, w)`` in 0..1: how much of it can be used.
    """

    mask: Tensor
    moved: Tensor
    places: Tensor
    occlusion: Tensor


class Look(NamedTuple):
    """What is known of a picture: its features ``(B, 256, S / 4, S / 4)``, and itself, small, ``(B, 3, S / 4, S / 4)``."""

    features: Tensor
    small: Tensor


class Generator(nn.Module):
    """State-dict compatible with the entry ``generator`` of the published file (``OcclusionAwareGenerator``)."""

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotion()
        self.first = ConvBlock(2, 3, 64, kernel=7)
        self.down_blocks = nn.ModuleList([DownBlock(2, 64, 128), DownBlock(2, 128, 256)])
        self.up_blocks = nn.ModuleList([UpBlock(2, 256, 128), UpBlock(2, 128, 64)])
        self.bottleneck = nn.Sequential()
        for i in range(6):
            self.bottleneck.add_module(f"r{i}", ResBlock(2, 256))
        self.final = nn.Conv2d(64, 3, 7, padding=3)

    def for_inference(self) -> Generator:
        """Frozen in place, norms folded in; outputs are the same but for rounding. For the device on which it lies."""
        freeze(self)
        if self.final.weight.device.type == "cpu":
            for block in self.bottleneck:
                for name in ("conv1", "conv2"):
                    setattr(block, name, WinogradConv.of(getattr(block, name)))
        return self

    def encode(self, source: Tensor) -> Look:
        """A picture ``(B, 3, S, S)`` in 0..1, worked out once for all frames that are drawn of it."""
        x = self.first(source)
        for down in self.down_blocks:
            x = down(x)
        return Look(x, self.dense_motion_network.down(source))

    def forward(self, look: Look, driving: Keypoints, own: Keypoints) -> Tensor:
        """The picture ``(B, 3, S, S)`` in 0..1 with its keypoints moved from `own` to `driving`."""
        return self.draw(look, self.dense_motion_network(look.small, driving, own))

    def draw(self, look: Look, motion: Motion) -> Tensor:
        """``(B, 3, S, S)`` in 0..1 of the picture and its motion."""
        features = look.features.expand(len(motion.places), -1, -1, -1)
        # Both are a quarter of the picture.
        x = self.bottleneck(bent(features, motion.places) * motion.occlusion)
        for up in self.up_blocks:
            x = up(x)
        return torch.sigmoid(self.final(x))


class DenseMotion(nn.Module):
    """Keypoints before and after to the motion of every place, at a quarter of the size."""

    def __init__(self) -> None:
        super().__init__()
        self.hourglass = Hourglass(4 * (POINTS + 1), 64)
        features = 64 + 4 * (POINTS + 1)
        self.mask = nn.Conv2d(features, POINTS + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(features, 1, 7, padding=3)
        self.down = AntiAliasShrink(3, 4)

    def forward(self, small: Tensor, driving: Keypoints, own: Keypoints) -> Motion:
        """Of a small picture ``(1 or B, 3, h, w)`` and its keypoints, for B frames; see `Motion`."""
        cells = grid(small.shape[2:], small)
        heat = _gaussians(driving.value, cells) - _gaussians(own.value, cells)
        heat = functional.pad(heat, (0, 0, 0, 0, 1, 0))  # the background has no keypoint
        places = _places(driving, own, cells)
        repeated = small[:, None].expand(len(places), POINTS + 1, -1, -1, -1)
        moved = bent(repeated.flatten(0, 1), places.flatten(0, 1)).view_as(repeated)
        features = self.hourglass(torch.cat([heat[:, :, None], moved], dim=2).flatten(1, 2))
        mask = torch.softmax(self.mask(features), dim=1)
        mixed = torch.einsum("bkhw,bkhwc->bhwc", mask, places)
        return Motion(mask, moved, mixed, torch.sigmoid(self.occlusion(features)))


def bent(x: Tensor, places: Tensor) -> Tensor:
    """``(B, C, H, W)`` sampled at ``(B, h, w, 2)``, brought to the size of `x`; zero outside.

    Published weights rely on cells whose outer edges, not centres, lie at -1 and 1, though the grid is made otherwise.
    """
    if places.shape[1:3] != x.shape[2:]:
        even = functional.interpolate(places.permute(0, 3, 1, 2), size=x.shape[2:], mode="bilinear")
        places = even.permute(0, 2, 3, 1)
    return functional.grid_sample(x, places, align_corners=False)


def _gaussians(points: Tensor, cells: Tensor) -> Tensor:
    """``(B, 10, 2)``, cells ``(2, h, w)`` -> ``(B, 10, h, w)``."""
    distance = (cells - points[..., None, None]).square().sum(dim=2)
    return torch.exp(-0.5 * distance / VARIANCE)


def _places(driving: Keypoints, own: Keypoints, cells: Tensor) -> Tensor:
    """Where each cell's content was under the motion of each keypoint, the background's none first: ``(B, 11, h, w, 2)``."""
    stretch = own.jacobian @ torch.linalg.inv(driving.jacobian)
    away = cells - driving.value[..., None, None]
    moved = torch.einsum("bkij,bkjhw->bkihw", stretch, away) + own.value[..., None, None]
    still = cells.expand(len(moved), 1, -1, -1, -1)
    return torch.cat([still, moved], dim=1).movedim(2, -1)
