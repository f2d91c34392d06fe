"""SadTalker's PoseVAE: how a head moves while somebody speaks, in one of 46 styles, 32 frames at a time."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from torch import Tensor, nn

from bench.models.wav2lip.network import audio_encoder

POSE = 6
"""Rotation 3 in radians, translation 3."""
STEPS = 32
"""Frames of a draw."""
NOISE = 64
STYLES = 46
UNUSED = ("netG.encoder.", "netD_motion.")
"""Prefixes of the tensors in the published entry ``audio2pose`` that only training uses."""

_HEARD = 512
_SMOOTH, _ORDER = 13, 2
"""Savitzky-Golay filter: frames under it, and the degree of its polynomial."""
_WIDTHS = (32, 64, 128, 256)
_HALVED = (2, 1)
"""Time is halved, the six numbers of a pose are not."""


class HeadMotionNetwork(nn.Module):
    """State-dict compatible with the entry ``audio2pose`` of the published file under `published_name`."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder(last_residuals=1)
        self.decoder = MotionDecoder()

    def forward(self, mel: Tensor, portrait: Tensor, noise: Tensor, style: int) -> Tensor:
        """What 32 frames add to the portrait's pose, ``(32, 6)``.

        Args:
            mel: ``(M, 1, 80, 16)``; where M is under 32, the first of them is heard in the frames that lack before.
            portrait: its pose ``(6,)``. noise: ``(64,)``, normal. style: 0..45.
        """
        heard = self.audio_encoder(mel).flatten(1)
        heard = torch.cat([heard[:1].expand(STEPS - len(heard), -1), heard])
        moved: Tensor = self.decoder(heard, portrait, noise, style)
        return moved


def published_name(name: str) -> str | None:
    """Name of a published tensor in `HeadMotionNetwork`; None where it is not needed."""
    if name.startswith(UNUSED):
        return None
    return name.removeprefix("netG.").replace("audio_encoder.audio_encoder.", "audio_encoder.", 1)


class MotionDecoder(nn.Module):
    """A perceptron draws the poses, a U-Net over time refines them."""

    def __init__(self) -> None:
        super().__init__()
        self.resunet = PoseUNet()
        self.MLP = nn.Sequential()
        for i, (inputs, outputs) in enumerate([(POSE + NOISE + STEPS * POSE, 128), (128, STEPS * POSE)]):
            self.MLP.add_module(f"L{i}", nn.Linear(inputs, outputs))
            self.MLP.add_module(f"A{i}", nn.Sigmoid() if i else nn.ReLU())
        self.pose_linear = nn.Linear(POSE, POSE)
        self.linear_audio = nn.Linear(_HEARD, POSE)
        self.classbias = nn.Parameter(torch.zeros(STYLES, NOISE))

    def forward(self, heard: Tensor, portrait: Tensor, noise: Tensor, style: int) -> Tensor:
        told = torch.cat([portrait, noise + self.classbias[style], self.linear_audio(heard).flatten()])
        drawn = self.MLP(told).view(1, 1, STEPS, POSE)
        moved: Tensor = self.pose_linear(self.resunet(drawn)[0, 0])
        return moved


class PoseUNet(nn.Module):
    """Poses as a picture of one channel ``(1, 1, 32, 6)`` -> the same in 0..1: three halvings of time, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.input_layer = nn.Sequential(
            _conv(1, _WIDTHS[0]), nn.BatchNorm2d(_WIDTHS[0]), nn.ReLU(), _conv(_WIDTHS[0], _WIDTHS[0])
        )
        self.input_skip = nn.Sequential(_conv(1, _WIDTHS[0]))
        for i, name in enumerate(("residual_conv_1", "residual_conv_2", "bridge")):
            self.add_module(name, ResidualBlock(_WIDTHS[i], _WIDTHS[i + 1], _HALVED))
        for i in (1, 2, 3):
            below, beside = _WIDTHS[-i], _WIDTHS[-i - 1]
            self.add_module(f"upsample_{i}", Doubling(below))
            self.add_module(f"up_residual_conv{i}", ResidualBlock(below + beside, beside))
        self.output_layer = nn.Sequential(nn.Conv2d(_WIDTHS[0], 1, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        levels = [self.input_layer(x) + self.input_skip(x)]
        for name in ("residual_conv_1", "residual_conv_2", "bridge"):
            levels.append(self.get_submodule(name)(levels[-1]))
        x = levels.pop()
        for i in (1, 2, 3):
            joined = torch.cat([self.get_submodule(f"upsample_{i}")(x), levels.pop()], dim=1)
            x = self.get_submodule(f"up_residual_conv{i}")(joined)
        made: Tensor = self.output_layer(x)
        return made


class ResidualBlock(nn.Module):
    """Norm, rectifier and convolution twice, and a convolution with a norm beside them."""

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.ReLU(), _conv(inputs, outputs, stride),
            nn.BatchNorm2d(outputs), nn.ReLU(), _conv(outputs, outputs),
        )  # fmt: skip
        self.conv_skip = nn.Sequential(_conv(inputs, outputs, stride), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.conv_block(x) + self.conv_skip(x)
        return made


class Doubling(nn.Module):
    """Twice as many frames; the name of its layer is the published one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose2d(width, width, _HALVED, stride=_HALVED)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.upsample(x)
        return made


def _conv(inputs: int, outputs: int, stride: tuple[int, int] = (1, 1)) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


def smoothed(poses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Poses ``(T, 6)`` through the recipe's filter; of under 13 frames all are under it, of under 3 none is moved."""
    frames = min(_SMOOTH, (len(poses) - 1) // 2 * 2 + 1)
    if frames <= _ORDER:
        return poses
    return np.asarray(savgol_filter(poses, frames, _ORDER, axis=0))
