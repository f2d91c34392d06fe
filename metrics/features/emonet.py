"""EmoNet (Toisoul et al., Nature Machine Intelligence 2021): expression, valence and arousal of a face.

A face alignment network of two hourglasses finds 68 heat maps; their sum masks the features that the emotion branch reads.
Modules are named as in the published files ``emonet_8.pth`` and ``emonet_5.pth``. The published code makes every instance
normalization a batch normalization when it is imported; batch normalizations are what the weights were trained with.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from metrics.base import FloatArray
from metrics.features.emotion_classes import EMONET_5, EMONET_8
from metrics.features.regions import face_crop
from metrics.features.weights import fill, load_state, without_prefix

SIZE = 256
SCALE = 2.2
HOURGLASSES, DEPTH = 2, 4
WIDTH, LANDMARKS = 256, 68


class Residual(nn.Module):
    """Three convolutions behind their normalizations, their outputs side by side, added to the input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, half, 3, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.bn3, self.conv3 = nn.BatchNorm2d(quarter), nn.Conv2d(quarter, quarter, 3, padding=1, bias=False)
        self.downsample: nn.Module | None = None
        if inputs != outputs:
            self.downsample = nn.Sequential(
                nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False)
            )

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv1(functional.relu(self.bn1(x)))
        second = self.conv2(functional.relu(self.bn2(first)))
        third = self.conv3(functional.relu(self.bn3(second)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.cat([first, second, third], dim=1) + shortcut


class Hourglass(nn.Module):
    """``(B, 256, H, W)`` -> the same shape, by way of `DEPTH` halvings."""

    def __init__(self) -> None:
        super().__init__()
        for level in range(DEPTH, 0, -1):
            self.add_module(f"b1_{level}", Residual(WIDTH, WIDTH))
            self.add_module(f"b2_{level}", Residual(WIDTH, WIDTH))
        self.b2_plus_1 = Residual(WIDTH, WIDTH)
        for level in range(1, DEPTH + 1):
            self.add_module(f"b3_{level}", Residual(WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return self._level(x, DEPTH)

    def _level(self, x: Tensor, level: int) -> Tensor:
        beside = self.get_submodule(f"b1_{level}")(x)
        low = self.get_submodule(f"b2_{level}")(functional.max_pool2d(x, 2))
        low = self._level(low, level - 1) if level > 1 else self.b2_plus_1(low)
        low = self.get_submodule(f"b3_{level}")(low)
        out: Tensor = beside + functional.interpolate(low, scale_factor=2, mode="nearest")
        return out


class EmoNet(nn.Module):
    """``(B, 3, 256, 256)`` RGB in 0..1 -> heat maps ``(B, 68, 64, 64)``, logits ``(B, classes)``, valence, arousal ``(B,)``."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.BatchNorm2d(64)
        self.conv2, self.conv3, self.conv4 = Residual(64, 128), Residual(128, 128), Residual(128, WIDTH)
        for k in range(HOURGLASSES):
            self.add_module(f"m{k}", Hourglass())
            self.add_module(f"top_m_{k}", Residual(WIDTH, WIDTH))
            self.add_module(f"conv_last{k}", nn.Conv2d(WIDTH, WIDTH, 1))
            self.add_module(f"bn_end{k}", nn.BatchNorm2d(WIDTH))
            self.add_module(f"l{k}", nn.Conv2d(WIDTH, LANDMARKS, 1))
            if k < HOURGLASSES - 1:
                self.add_module(f"bl{k}", nn.Conv2d(WIDTH, WIDTH, 1))
                self.add_module(f"al{k}", nn.Conv2d(LANDMARKS, WIDTH, 1))
        self.conv1x1_input_emo_2 = nn.Conv2d(WIDTH * (HOURGLASSES + 1), WIDTH, 1)
        self.emo_net_2 = nn.Sequential(*(part for _ in range(4) for part in (Residual(WIDTH, WIDTH), nn.MaxPool2d(2))))
        self.emo_fc_2 = nn.Sequential(
            nn.Linear(WIDTH, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, classes + 2)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.conv4(self.conv3(functional.max_pool2d(self.conv2(x), 2)))
        heat, features = self._align(x)
        mask = heat.sum(dim=1, keepdim=True)
        deep = self.emo_net_2(self.conv1x1_input_emo_2(torch.cat([x, torch.cat(features, dim=1) * mask], dim=1)))
        out = self.emo_fc_2(deep.mean(dim=(2, 3)))
        return heat, out[:, :-2], out[:, -2], out[:, -1]

    def _align(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Heat maps of the last hourglass, and of each hourglass the features that are passed on."""
        heat, features = x, []
        for k in range(HOURGLASSES):
            deep = self.get_submodule(f"top_m_{k}")(self.get_submodule(f"m{k}")(x))
            deep = functional.relu(self.get_submodule(f"bn_end{k}")(self.get_submodule(f"conv_last{k}")(deep)))
            heat = self.get_submodule(f"l{k}")(deep)
            if k < HOURGLASSES - 1:
                deep = self.get_submodule(f"bl{k}")(deep)
                x = x + deep + self.get_submodule(f"al{k}")(heat)
            features.append(deep)
        return heat, features


class _EmoNet:
    """What both sizes share: an upright face crop, five times a second."""

    name: ClassVar[str]
    classes: ClassVar[tuple[str, ...]]
    assets: tuple[str, ...]
    per_second = 5.0
    needs_face = True

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        path = assets[self.assets[0]]
        self.device = device
        self.module = fill(EmoNet(len(self.classes)), without_prefix(load_state(path)), path, device)

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": f"EmoNet, {len(self.classes)} classes, 2 hourglasses, attention",
            "crop": {"size": SIZE, "scale": SCALE, "colour": "RGB / 255"},
            "output": "softmax of the classes, valence, arousal",
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Upright face crop ``(256, 256, 3)`` uint8; `ValueError` where landmarks are NaN."""
        return face_crop(frame, landmarks, SIZE, SCALE)

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 256, 256, 3)`` uint8 -> ``(B, classes + 2)`` float32: probabilities, then valence and arousal (about -1..1)."""
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device).permute(0, 3, 1, 2).float()
            _, logits, valence, arousal = self.module(x / 255)
            rows = torch.cat([functional.softmax(logits, dim=1), valence[:, None], arousal[:, None]], dim=1)
            out: FloatArray = rows.cpu().numpy()
        return out


class EmoNet8(_EmoNet):
    """`FrameNetwork`: EmoNet of eight classes."""

    name = "emonet_8"
    classes = EMONET_8
    assets = ("emonet_8",)


class EmoNet5(_EmoNet):
    """`FrameNetwork`: EmoNet of five classes."""

    name = "emonet_5"
    classes = EMONET_5
    assets = ("emonet_5",)
