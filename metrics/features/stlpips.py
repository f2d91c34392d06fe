"""ST-LPIPS: the shift-tolerant learned perceptual distance (Ghildyal and Liu, ECCV 2022), AlexNet variant.

Layout of the network as published: the first convolution has stride 1; every reduction is a blur ([1 2 1] squared) of
stride 2 that pads by two reflected pixels; distances are taken behind each ReLU, weighted per channel and summed.
"""

from __future__ import annotations

from collections.abc import Mapping
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

LONGEST = 128
CHANNELS = (64, 192, 384, 256, 256)


class Blur(nn.Module):
    """Halves ``(B, C, H, W)`` through a 3x3 filter that is stored with the weights."""

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", torch.zeros(channels, 1, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(functional.pad(x, (2, 2, 2, 2), "reflect"), self.filt, stride=2, groups=x.shape[1])


class ShiftTolerantAlexNet(nn.Module):
    """``(B, 3, H, W)`` -> activations of five layers. Submodules carry the numbers that the weights file uses."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d, e = CHANNELS
        self.slice1 = nn.ModuleDict({"0": nn.Conv2d(3, a, 11, padding=2), "1": Blur(a)})
        self.slice2 = nn.ModuleDict({"4": Blur(a), "5": nn.Conv2d(a, b, 5, padding=2)})
        self.slice3 = nn.ModuleDict({"8": Blur(b), "9": nn.Conv2d(b, c, 3, padding=1)})
        self.slice4 = nn.ModuleDict({"11": nn.Conv2d(c, d, 3, padding=1)})
        self.slice5 = nn.ModuleDict({"13": nn.Conv2d(d, e, 3, padding=1)})

    def forward(self, x: Tensor) -> list[Tensor]:
        first = functional.relu(self.slice1["1"](self.slice1["0"](x)))
        second = functional.relu(self.slice2["5"](self.slice2["4"](functional.max_pool2d(first, 3, 1))))
        third = functional.relu(self.slice3["9"](self.slice3["8"](functional.max_pool2d(second, 3, 1))))
        fourth = functional.relu(self.slice4["11"](third))
        fifth = functional.relu(self.slice5["13"](fourth))
        return [first, second, third, fourth, fifth]


class Scaling(nn.Module):
    """From -1..1 to the statistics that the network was trained with."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(1, 3, 1, 1))
        self.register_buffer("scale", torch.ones(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.shift) / self.scale


class ChannelWeights(nn.Module):
    """Weighted sum over channels, then the mean over places: ``(B, C, H, W)`` -> ``(B,)``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Number 0 was dropout in training.
        self.model = nn.ModuleDict({"1": nn.Conv2d(channels, 1, 1, bias=False)})

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.model["1"](x)
        return out.mean(dim=(1, 2, 3))


class ShiftTolerantLPIPS(nn.Module):
    """Distance ``(B,)`` of pairs of pictures ``(B, 3, H, W)`` in -1..1; 0 for equal ones."""

    def __init__(self) -> None:
        super().__init__()
        self.scaling_layer = Scaling()
        self.net = ShiftTolerantAlexNet()
        self.lin0, self.lin1, self.lin2, self.lin3, self.lin4 = (ChannelWeights(channels) for channels in CHANNELS)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        layers = self.net(self.scaling_layer(torch.cat([one, other])))
        weights = (self.lin0, self.lin1, self.lin2, self.lin3, self.lin4)
        parts = []
        for layer, weigh in zip(layers, weights, strict=True):
            unit = layer / (layer.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)
            first, second = unit.chunk(2)
            parts.append(weigh((first - second).square()))
        return torch.stack(parts).sum(dim=0)


class ShiftTolerantDistance:
    """`PairNetwork`: ST-LPIPS between generated and reference frame, 5 times a second; lower is closer."""

    name = "stlpips"
    assets = ("stlpips_alex",)
    per_second = 1.0

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        path = assets["stlpips_alex"]
        self.device = device
        module = fill(ShiftTolerantLPIPS(), load_state(path), path, device)
        # A third faster on a CPU: blur and pooling are slow where channels come first.
        self.module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": "stlpips alex_shift_tolerant ST0.0",
            "resize": f"longer side at most {LONGEST}, cv2.INTER_AREA",
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Both frames, shrunk to at most 128 pixels: ``(2, H, W, 3)`` uint8.

        Raises:
            ValueError: frames of different sizes.
        """
        if frame.shape != reference.shape:
            raise ValueError(f"expected frames of one size, found {frame.shape} and {reference.shape}")
        return np.stack([_shrink(frame), _shrink(reference)])

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 2, H, W, 3)`` uint8 -> ``(B, 1)`` float32 distances, 0 and up."""
        out = []
        with torch.inference_mode():
            # One pair at a time: the first layer's activations are 16 MB a frame, larger batches only cost cache.
            for pair in batch:
                x = torch.from_numpy(np.ascontiguousarray(pair)).to(self.device).permute(0, 3, 1, 2)
                x = x.float() / 127.5 - 1.0  # permuted uint8 (H, W, 3) already is channels-last
                out.append(self.module(x[:1], x[1:]).cpu().numpy())
        return np.stack(out).astype(np.float32) if out else np.empty((0, 1), np.float32)


def _shrink(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    factor = LONGEST / max(height, width)
    if factor >= 1:
        return frame
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
