"""EfficientNet-Lite0 (ImageNet): 1280 pooled features of an aligned face, for Fréchet and kernel distances.

Architecture: EfficientNet-B0 (Tan and Le 2019, table 1) in its Lite form: no squeeze-and-excitation, ReLU6, stem and
head not scaled. The weights were converted from TensorFlow, so convolutions pad as ``SAME`` does there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from metrics.base import FloatArray
from metrics.features.regions import face_crop
from metrics.features.weights import fill, load_state

SIZE = 224
SCALE = 2.6
MEAN, STD = 127.0, 128.0
AT_ONCE = 4
"""Pictures in one pass: the widest layer of one takes 5 MB, and more of them only cost cache (half as much time again)."""

STAGES = (
    # repeats, kernel, stride, expansion, output channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)

BatchNorm = partial(nn.BatchNorm2d, eps=1e-3)


class SameConv2d(nn.Conv2d):
    """Convolution that pads as TensorFlow's ``SAME``: the odd pixel goes to the right and bottom."""

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (
            max((-(-length // step) - 1) * step + kernel - length, 0)
            for length, kernel, step in zip(x.shape[-2:], self.kernel_size, self.stride, strict=True)
        )
        x = functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return super().forward(x)


class Block(nn.Module):
    """Inverted residual: expand, depthwise, project; added to its input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expands = expansion != 1
        self.adds = stride == 1 and inputs == outputs
        if self.expands:
            self.expand_conv = SameConv2d(inputs, inner, 1, bias=False)
            self.bn0 = BatchNorm(inner)
        self.depthwise_conv = SameConv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self.bn1 = BatchNorm(inner)
        self.project_conv = SameConv2d(inner, outputs, 1, bias=False)
        self.bn2 = BatchNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self.bn0(self.expand_conv(x)), inplace=True) if self.expands else x
        y = functional.relu6(self.bn1(self.depthwise_conv(y)), inplace=True)
        y = self.bn2(self.project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """``(B, 3, H, W)`` in about -1..1 -> 1280 features ``(B, 1280)``; `fc` makes ImageNet logits of them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = SameConv2d(3, 32, 3, 2, bias=False)
        self.bn0 = BatchNorm(32)
        blocks, inputs = [], 32
        for repeats, kernel, stride, expansion, outputs in STAGES:
            for k in range(repeats):
                blocks.append(Block(inputs, outputs, kernel, stride if k == 0 else 1, expansion))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.conv_head = SameConv2d(inputs, 1280, 1, bias=False)
        self.bn1 = BatchNorm(1280)
        self.fc = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu6(self.bn0(self.conv_stem(x)), inplace=True)
        for block in self.blocks:
            x = block(x)
        return functional.relu6(self.bn1(self.conv_head(x)), inplace=True).mean(dim=(2, 3))


class EfficientNetFeatures:
    """`FrameNetwork`: 1280 features of the face crop, 5 times a second."""

    name = "efficientnet"
    assets = ("efficientnet_lite0",)
    per_second = 2.0
    needs_face = True

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        path = assets["efficientnet_lite0"]
        # The file marks every module with a leading underscore.
        state = {re.sub(r"(^|\.)_", r"\1", key): value for key, value in load_state(path).items()}
        self.device = device
        self.module = fill(EfficientNetLite0(), state, path, device)

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": "efficientnet-lite0-57934424",
            "crop": {"size": SIZE, "scale": SCALE},
            "normalize": [MEAN, STD],
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Aligned face crop ``(224, 224, 3)`` uint8."""
        return face_crop(frame, landmarks, SIZE, SCALE)

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 224, 224, 3)`` uint8 -> ``(B, 1280)`` float32."""
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device).permute(0, 3, 1, 2).float()
            parts = ((x - MEAN) / STD).split(AT_ONCE)
            out: FloatArray = torch.cat([self.module(part) for part in parts]).cpu().numpy()
        return out
