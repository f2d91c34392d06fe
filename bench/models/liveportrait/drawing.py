"""LivePortrait's appearance extractor, warping module and decoder: face-vid2vid's parts (`space_ref.vid2vid`), taken apart.

Tensor names and shapes are the published ones, so the published files load as they are.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from bench.models.inference.spade import DrawingDecoder
from bench.models.liveportrait.keypoints import KEYPOINTS
from space_ref.vid2vid import GeneratorConfig, Vid2VidConfig
from space_ref.vid2vid.blocks import ConvBlock, DownBlock, ResBlock
from space_ref.vid2vid.dense_motion import DenseMotionNetwork
from space_ref.vid2vid.grid import move_volume
from space_ref.vid2vid.inference import freeze
from space_ref.vid2vid.spade import SPADEDecoder

CONFIG = Vid2VidConfig(num_kp=KEYPOINTS, generator=GeneratorConfig(decoder="spade", edge_kernel=3))
VOLUME = CONFIG.feature_channel * CONFIG.reshape_depth
NARROW = CONFIG.generator.block_expansion
WIDE = NARROW * 2**CONFIG.generator.num_down_blocks
SLOPE = 0.01


class AppearanceExtractor(nn.Module):
    """Portrait ``(B, 3, 256, 256)`` in 0..1 -> feature volume ``(B, 32, 16, 64, 64)``."""

    def __init__(self) -> None:
        super().__init__()
        self.first = ConvBlock(2, 3, NARROW)
        self.down_blocks = nn.ModuleList([DownBlock(2, NARROW, 2 * NARROW), DownBlock(2, 2 * NARROW, WIDE)])
        self.second = nn.Conv2d(WIDE, VOLUME, 1)
        self.resblocks_3d = nn.Sequential()
        for i in range(CONFIG.generator.num_resblocks_3d):
            self.resblocks_3d.add_module(f"3dr{i}", ResBlock(3, CONFIG.feature_channel))

    def forward(self, picture: Tensor) -> Tensor:
        x = self.first(picture)
        for block in self.down_blocks:
            x = block(x)
        return self.resblocks_3d(self.second(x).unflatten(1, (-1, CONFIG.reshape_depth)))


class Warped(NamedTuple):
    """The moved appearance, and how it moved.

    Attributes:
        out: ``(B, 256, 64, 64)``. occlusion: ``(B, 1, 64, 64)`` 0..1. deformation: ``(B, 16, 64, 64, 3)`` in [-1, 1].
    """

    out: Tensor
    occlusion: Tensor
    deformation: Tensor


class WarpingNetwork(nn.Module):
    """Feature volume and keypoints of source and driving -> `Warped`."""

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotionNetwork(CONFIG)
        self.third = ConvBlock(2, VOLUME, WIDE, slope=SLOPE)
        self.fourth = nn.Conv2d(WIDE, WIDE, 1)

    def forward(self, feature: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Warped:
        """`feature` is ``(1 or B, 32, 16, 64, 64)``, `kp_driving` ``(B, 21, 3)``, `kp_source` ``(1 or B, 21, 3)``."""
        motion = self.dense_motion_network(feature, kp_driving, kp_source)
        moved = self.fourth(self.third(move_volume(feature, motion.offset).flatten(1, 2)))
        return Warped(moved * motion.occlusion, motion.occlusion, motion.positions)


class Decoder(SPADEDecoder):
    """Moved appearance ``(B, 256, h, w)`` -> picture ``(B, 3, 8 h, 8 w)`` in 0..1: 512 x 512 of an appearance of 64 x 64."""

    def __init__(self) -> None:
        super().__init__(CONFIG.generator)
        # Four values a channel and pixel are spread out into a square of four pixels.
        self.conv_img = nn.Sequential(nn.Conv2d(NARROW, 12, 3, padding=1), nn.PixelShuffle(2))  # type: ignore[assignment]

    def forward(self, feature: Tensor) -> Tensor:
        return functional.sigmoid(self.conv_img(super().forward(feature)))

    def for_inference(self) -> nn.Module:
        """What draws the same but for rounding; this one is used up. For the device on which it lies."""
        freeze(self)
        if self.fc.weight.device.type != "cpu":
            return self
        return nn.Sequential(DrawingDecoder(self), self.conv_img, nn.Sigmoid())
