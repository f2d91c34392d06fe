"""Generators of face-vid2vid: a portrait becomes a feature volume, once; keypoints move it; a decoder paints the frame.

With `GeneratorConfig.composite` the painted picture is laid over the source, moved by a 2D flow. Chosen, not in the paper.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from space_ref.vid2vid.anchor import FINEST, correction, seam_sides, with_eyes
from space_ref.vid2vid.blocks import ConvBlock, DownBlock, ResBlock, UpBlock, widths
from space_ref.vid2vid.config import Vid2VidConfig
from space_ref.vid2vid.cues import Cues, Hints
from space_ref.vid2vid.dense_motion import DenseMotionNetwork, Motion
from space_ref.vid2vid.grid import move_image, move_volume, positions
from space_ref.vid2vid.openings import opened, resized
from space_ref.vid2vid.spade import SPADEDecoder

BLEND_BIAS = -1.0


class Rendered(NamedTuple):
    """Frames, and what they were made of. ``(D, h, w)`` is the motion grid; positions are in [-1, 1], ends included.

    Attributes:
        prediction: ``(B, 3, H, W)`` 0..1; of the source's size with `composite`.
        mask: ``(B, K + 1, D, h, w)`` share of each motion, the background's first.
        occlusion: ``(B, 1, h, w)`` 0..1, low where the source does not show what is needed.
        deformation: ``(B, D, h, w, 3)`` x, y, z where each cell's content lies in the source.
        flow: ``(B, h, w, 2)`` the same of the visible surface, x and y; None without `composite`.
        blend: ``(B, 1, H, W)`` share of the painted picture, the rest is the moved source; None without `composite`.
    """

    prediction: Tensor
    mask: Tensor
    occlusion: Tensor
    deformation: Tensor
    flow: Tensor | None
    blend: Tensor | None


class Generator(nn.Module, ABC):
    """Appearance encoder, dense motion, and what both decoders share."""

    def __init__(self, config: Vid2VidConfig) -> None:
        super().__init__()
        part = config.generator
        self.side_multiple, self.depth, self.composite = config.side_multiple, config.reshape_depth, part.composite
        self.anchor, self.image_size = part.anchor, config.image_size
        self.anchored = list(part.anchored or range(config.num_kp))
        self.seams = [(self.anchored.index(above), self.anchored.index(below)) for above, below in part.seams]
        self.upward, self.openings = part.upward, [list(outline) for outline in part.openings]
        self.eyes = [(iris, list(outline)) for iris, *outline in part.eyes]
        self.cues: Cues | None = None
        self.dense_motion_network = DenseMotionNetwork(config)
        features = widths(part.block_expansion, part.max_features, part.num_down_blocks)
        self.first = ConvBlock(2, 3, part.block_expansion, part.edge_kernel)
        inner = [part.block_expansion, *features[1:]]
        self.down_blocks = nn.ModuleList(DownBlock(2, i, o) for i, o in pairwise(inner))
        folded = config.feature_channel * config.reshape_depth
        self.second = nn.Conv2d(inner[-1], folded, 1)
        self.resblocks_3d = nn.Sequential()
        for i in range(part.num_resblocks_3d):
            self.resblocks_3d.add_module(f"3dr{i}", ResBlock(3, config.feature_channel))
        widest = part.block_expansion * 2**part.num_down_blocks
        self.third = ConvBlock(2, folded, widest, slope=0.01)
        self.fourth = nn.Conv2d(widest, widest, 1)
        if part.composite:
            self.blend = nn.Conv2d(part.block_expansion, 1, part.edge_kernel, padding=part.edge_kernel // 2)
            # Mostly the moved source at first, everywhere alike.
            nn.init.zeros_(self.blend.weight)
            nn.init.constant_(self.blend.bias, BLEND_BIAS)  # type: ignore[arg-type]

    @abstractmethod
    def decode(self, warped: Tensor, hints: Hints | None = None) -> Tensor:
        """Moved feature ``(B, W, h, w)``, and what `cues` says -> features of the picture ``(B, block_expansion, H, W)``."""

    @property
    @abstractmethod
    def last(self) -> nn.Conv2d:
        """Makes the picture of its features."""

    def forward(self, source: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Rendered:
        """Encoder and decoder in one, with the published arguments: ``(B, 3, S, S)``, twice ``(B, K, 3)``."""
        return self.render(self.appearance(source), kp_source, kp_driving, source)

    def appearance(self, image: Tensor) -> Tensor:
        """``(B, 3, S, S)`` in 0..1 -> feature volume ``(B, C, D, h, w)``."""
        if image.dim() != 4 or image.shape[1] != 3 or any(side % self.side_multiple for side in image.shape[2:]):
            raise ValueError(
                f"image has shape {tuple(image.shape)}; the generator takes (B, 3, H, W) "
                f"with sides that are multiples of {self.side_multiple}"
            )
        x = self.first(image)
        for block in self.down_blocks:
            x = block(x)
        return self.resblocks_3d(self.second(x).unflatten(1, (-1, self.depth)))

    def render(self, feature: Tensor, kp_source: Tensor, kp_driving: Tensor, source: Tensor | None = None) -> Rendered:
        """Frames of B driving keypoints.

        Args:
            feature: ``(1 or B, C, D, h, w)`` from `appearance`. kp_source: ``(1 or B, K, 3)``.
            kp_driving: ``(B, K, 3)``.
            source: ``(1 or B, 3, H, W)``, needed with `composite`; any size with the sides' ratio of the encoded one.

        Raises:
            ValueError: with `composite` and without `source`.
        """
        motion = self.dense_motion_network(feature, kp_driving, kp_source)
        fine = None
        if self.anchor:
            motion, fine = self._anchored(motion, kp_source, kp_driving)
        x = self.fourth(self.third(move_volume(feature, motion.offset).flatten(1, 2)))
        occlusion = motion.occlusion
        if occlusion.shape[2:] != x.shape[2:]:
            occlusion = functional.interpolate(occlusion, size=x.shape[2:], mode="bilinear", align_corners=False)
        x = x * occlusion
        if not self.composite:
            prediction = torch.sigmoid(self.last(self.decode(x)).to(kp_driving.dtype))
            return Rendered(prediction, motion.mask, motion.occlusion, motion.positions, None, None)
        if source is None:
            raise ValueError("render needs the source picture: this generator has GeneratorConfig.composite")
        shift = _surface_shift(motion) if fine is None else fine
        moved = move_image(source, shift)
        hole = opened(kp_source, kp_driving, self.openings, shift.detach())
        painted = self.decode(x, self._hints(kp_driving, moved, shift, hole))
        prediction, blend = self._compose(painted, moved, hole)
        return Rendered(prediction, motion.mask, motion.occlusion, motion.positions, positions(shift), blend)

    def _anchored(self, motion: Motion, kp_source: Tensor, kp_driving: Tensor) -> tuple[Motion, Tensor]:
        """The motion whose visible surface follows the keypoints, and the fine flow of that surface ``(B, 2, h, w)``."""
        with torch.autocast(kp_driving.device.type, enabled=False):  # positions need all their digits
            shift = _surface_shift(motion)
            size = (min(self.image_size, FINEST),) * 2
            sides = seam_sides(kp_driving, self.seams, self.upward) if self.seams else None
            before, now = kp_source[:, self.anchored], kp_driving[:, self.anchored]
            added = correction(shift, before, now, self.anchor, size, sides)
            wide = functional.interpolate(shift, size=size, mode="bilinear", align_corners=True)
            fine = with_eyes(wide + added, kp_source, kp_driving, self.eyes)
            coarse = functional.interpolate(fine - wide, size=shift.shape[2:], mode="bilinear", align_corners=True)
            # The network's volume moves along, at every depth: the decoder must see where the lips are.
            offset = motion.offset + functional.pad(coarse, (0, 0, 0, 0, 0, 1))[:, :, None]
        return motion._replace(offset=offset), fine

    def _hints(self, kp_driving: Tensor, moved: Tensor, shift: Tensor, hole: Tensor) -> Hints | None:
        if self.cues is None:
            return None
        size = (self.image_size,) * 2
        if moved.shape[2:] != size:
            moved = functional.interpolate(moved, size=size, mode="bilinear", align_corners=False, antialias=True)
        hints: Hints = self.cues(kp_driving, moved, shift, hole)
        return hints

    def _compose(self, painted: Tensor, moved: Tensor, hole: Tensor) -> tuple[Tensor, Tensor]:
        """The picture over the moved source, and alone where that shows nothing: prediction, blend."""
        # One convolution for picture and blend: both see the same features.
        heads = (self.last, self.blend)
        weight, bias = (torch.cat([getattr(head, name) for head in heads]) for name in ("weight", "bias"))
        # Plane by plane in memory, as the moved source is: blending two layouts takes four times as long.
        layers = functional.conv2d(painted, weight, bias, padding=self.last.padding).contiguous()
        layers = torch.sigmoid(layers.to(moved.dtype))
        size = moved.shape[2:]
        if layers.shape[2:] != size:
            layers = functional.interpolate(layers, size=size, mode="bilinear", align_corners=False)
        generated, blend = layers[:, :3], layers[:, 3:]
        if self.openings:
            blend = torch.maximum(blend, resized(hole, size))
        return torch.lerp(moved, generated, blend), blend


def _surface_shift(motion: Motion) -> Tensor:
    """How the visible surface moves: ``(B, 2, h, w)``."""
    assert motion.surface is not None
    return (motion.surface[:, None] * motion.offset[:, :2]).sum(dim=2)


class ResGenerator(Generator):
    """The public ``OcclusionAwareGenerator``: residual blocks, then doublings."""

    def __init__(self, config: Vid2VidConfig) -> None:
        part = config.generator
        super().__init__(config)
        features = widths(part.block_expansion, part.block_expansion * 2**part.num_down_blocks, part.num_down_blocks)
        self.resblocks_2d = nn.Sequential()
        for i in range(part.num_resblocks_2d):
            self.resblocks_2d.add_module(f"2dr{i}", ResBlock(2, features[-1]))
        steps = zip(features[:0:-1], features[-2::-1], strict=True)
        self.up_blocks = nn.ModuleList(UpBlock(2, i, o) for i, o in steps)
        self.final = nn.Conv2d(features[0], 3, part.edge_kernel, padding=part.edge_kernel // 2)
        if part.cues:
            self.cues = Cues(config.num_kp, part.cues, features[2], features[1], part.anchor)

    @property
    def last(self) -> nn.Conv2d:
        return self.final

    def decode(self, warped: Tensor, hints: Hints | None = None) -> Tensor:
        x: Tensor = self.resblocks_2d(warped)
        for left, block in zip(range(len(self.up_blocks), 0, -1), self.up_blocks, strict=True):
            if hints is not None and left <= len(hints):
                x = x + hints[-left]  # a quarter of the picture's size before the last but one, half before the last
            x = block(x)
        return x


class SPADEGenerator(Generator):
    """The public ``OcclusionAwareSPADEGenerator``."""

    def __init__(self, config: Vid2VidConfig) -> None:
        super().__init__(config)
        self.decoder = SPADEDecoder(config.generator)

    @property
    def last(self) -> nn.Conv2d:
        return self.decoder.conv_img

    def decode(self, warped: Tensor, hints: Hints | None = None) -> Tensor:
        return self.decoder(warped)
