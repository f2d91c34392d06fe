"""Dense motion: from keypoints to a 3D deformation of the feature volume and a map of what the source does not show."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from space_ref.vid2vid.blocks import ConvBlock, DownBlock, UpBlock, widths
from space_ref.vid2vid.config import Vid2VidConfig
from space_ref.vid2vid.grid import gaussians, positions, translate


class Motion(NamedTuple):
    """How the feature volume moves, on the motion grid ``(D, h, w)``.

    Attributes:
        mask: ``(B, K + 1, D, h, w)`` share of each motion in each cell, the background's (no motion) first.
        offset: ``(B, 3, D, h, w)`` x, y, z from each cell to where its content lies in the source.
        occlusion: ``(B, 1, h, w)`` 0..1, low where the source does not show what is needed.
        surface: ``(B, D, h, w)`` share of each depth in the visible surface; None without `composite`.
    """

    mask: Tensor
    offset: Tensor
    occlusion: Tensor
    surface: Tensor | None

    @property
    def positions(self) -> Tensor:
        """``(B, D, h, w, 3)`` x, y, z in [-1, 1] where each cell's content lies in the source: the deformation."""
        return positions(self.offset)


class DenseMotionNetwork(nn.Module):
    """Feature volume and keypoints of source and driving -> `Motion`."""

    folds = (("compress", "norm"),)

    def __init__(self, config: Vid2VidConfig) -> None:
        super().__init__()
        part, depth = config.motion, config.reshape_depth
        self.variance, self.stride = part.kp_variance, part.stride
        motions = config.num_kp + 1
        features = widths(part.block_expansion, part.max_features, part.num_blocks)
        self.hourglass = Hourglass(motions * (part.compress + 1), features, part.out_features)
        made = self.hourglass.decoder.out_features
        self.mask = nn.Conv3d(made, motions, part.mask_kernel, padding=part.mask_kernel // 2)
        self.compress = nn.Conv3d(config.feature_channel, part.compress, 1)
        self.norm = nn.BatchNorm3d(part.compress)
        self.occlusion = nn.Conv2d(made * depth, 1, part.plane_kernel, padding=part.plane_kernel // 2)
        if config.generator.composite:
            self.surface = nn.Conv2d(made * depth, depth, part.plane_kernel, padding=part.plane_kernel // 2)
            # All depths alike at first: the flow then is the mean motion along the line of sight.
            nn.init.zeros_(self.surface.weight)
            nn.init.zeros_(self.surface.bias)  # type: ignore[arg-type]

    def forward(self, feature: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Motion:
        """`feature` is ``(1 or B, C, D, H, W)``, `kp_driving` ``(B, K, 3)``, `kp_source` ``(1 or B, K, 3)``."""
        compressed = functional.relu(self.norm(self.compress(feature)))
        if self.stride > 1:
            compressed = functional.avg_pool3d(compressed, (1, self.stride, self.stride))
        shape = compressed.shape[2:]
        # Each keypoint moves the whole volume by one vector; the background, first, does not move.
        vectors = functional.pad(kp_source - kp_driving, (0, 0, 1, 0))
        moved = translate(compressed, vectors)
        heat = gaussians(kp_driving, shape, self.variance) - gaussians(kp_source, shape, self.variance)
        heat = functional.pad(heat, (0, 0, 0, 0, 0, 0, 1, 0))
        seen = self.hourglass(torch.cat([heat[:, :, None], moved], dim=2).flatten(1, 2))
        mask = torch.softmax(self.mask(seen).to(vectors.dtype), dim=1)
        # The shares sum to 1, so the mean of (cell + vector) is the cell plus the mean vector.
        with torch.autocast(mask.device.type, enabled=False):  # positions need all their digits
            offset = torch.einsum("bkdhw,bki->bidhw", mask, vectors)
        occlusion, surface = self._planes(seen.flatten(1, 2), vectors.dtype)
        return Motion(mask, offset, occlusion, surface)

    def _planes(self, seen: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
        """`Motion.occlusion` and `Motion.surface` of the hourglass's output, its depth folded into channels."""
        if not hasattr(self, "surface"):
            return torch.sigmoid(self.occlusion(seen)), None
        # One convolution for both: with so few output channels its time is that of reading the input.
        heads = (self.occlusion, self.surface)
        weight, bias = (torch.cat([getattr(head, name) for head in heads]) for name in ("weight", "bias"))
        made = functional.conv2d(seen, weight, bias, padding=self.occlusion.padding)
        return torch.sigmoid(made[:, :1]), torch.softmax(made[:, 1:].to(dtype), dim=1)


class Hourglass(nn.Module):
    """3D U-Net; `features` are the channels from its widest to its smallest volume."""

    def __init__(self, inputs: int, features: list[int], out_features: int | None) -> None:
        super().__init__()
        self.layout = torch.contiguous_format
        self.encoder = Encoder(inputs, features)
        self.decoder = Decoder(inputs, features, out_features)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x.contiguous(memory_format=self.layout)))


class Encoder(nn.Module):
    """``x -> [x, x halved, ...]``, one more for each block."""

    def __init__(self, inputs: int, features: list[int]) -> None:
        super().__init__()
        inner = [inputs, *features[1:]]
        self.down_blocks = nn.ModuleList(DownBlock(3, i, o) for i, o in pairwise(inner))

    def forward(self, x: Tensor) -> list[Tensor]:
        made = [x]
        for block in self.down_blocks:
            made.append(block(made[-1]))
        return made


class Decoder(ConvBlock):
    """Doubles from the smallest volume up, each time beside the encoder's volume of that size, and blends at the end."""

    def __init__(self, inputs: int, features: list[int], out_features: int | None) -> None:
        joined = features[0] + inputs
        self.out_features = out_features or joined
        super().__init__(3, joined, self.out_features)
        blocks = []
        for i in range(len(features) - 1, 0, -1):
            last = i == len(features) - 1
            blocks.append(UpBlock(3, features[i] if last else 2 * features[i], features[i - 1]))
        self.up_blocks = nn.ModuleList(blocks)

    def forward(self, made: list[Tensor]) -> Tensor:  # type: ignore[override]
        x = made[-1]
        for block, beside in zip(self.up_blocks, reversed(made[:-1]), strict=True):
            x = torch.cat([block(x), beside], dim=1)
        return super().forward(x)
