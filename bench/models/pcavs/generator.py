"""PC-AVS: the generator ``G``, StyleGAN2's synthesis network begun from the identity map at 7 x 7.

Styles scale what goes into a convolution and, to keep its variance, what comes out; the weights stay the same for all frames
of a batch. That is StyleGAN2's modulated convolution (Karras et al. 2020, section 2.2) without a copy of the weights a frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

STYLE = 2560
SIZE, START = 224, 7
CHANNELS = (512, 512, 512, 512, 256, 128)
"""Of the maps with 7, 14, 28, 56, 112 and 224 pixels a side."""
NOISE_SIDES = (START, *(START * 2**step for step in range(1, len(CHANNELS)) for _ in range(2)))
"""Sides of the noise maps, one a layer: 7, 14, 14, ... 224, 224."""
EPSILON = 1e-8
"""Added to a variance before it divides."""


class Generator(nn.Module):
    """Style and identity map to a picture.

    State-dict compatible with the published ``latest_net_G.pth`` (class ``ModulateGenerator`` of Talking-Face_PC-AVS). It holds a
    mapping network and a learned start that the published inference does not use; see `for_inference`.
    """

    def __init__(self) -> None:
        super().__init__()
        # The first place of the published sequence is a norm without tensors.
        self.style = nn.Sequential(nn.Identity(), *(nn.Linear(STYLE, STYLE) for _ in range(8)))
        self.input = _LearnedStart()
        self.conv1 = _StyledConv(CHANNELS[0], CHANNELS[0])
        self.to_rgb1 = _ToRGB(CHANNELS[0], up=False)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        self.noises = nn.Module()
        for before, after in pairwise(CHANNELS):
            self.convs += [_StyledConv(before, after, up=True), _StyledConv(after, after)]
            self.to_rgbs.append(_ToRGB(after))
        for layer, side in enumerate(NOISE_SIDES):
            # Seeded, so that a network that is given no file is the same everywhere.
            fixed = torch.Generator().manual_seed(layer)
            self.noises.register_buffer(f"noise_{layer}", torch.randn(1, 1, side, side, generator=fixed, device="cpu"))

    def for_inference(self) -> Self:
        """Call once, with the weights in place. Lets go of what is in the file for training only, and works out what is the same
        for every frame. The state dict is then no longer the published one."""
        del self.style, self.input
        for module in self.modules():
            if isinstance(module, _ScaledLinear | _Modulated):
                module.settle()
        return self

    def start(self, style: Tensor, identity: Tensor) -> Tensor:
        """The first map ``(B, 512, 7, 7)``, to be looked into."""
        return self._first(style, identity, self._stored_noise())

    def forward(self, style: Tensor, identity: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Pictures ``(B, 3, 224, 224)``, RGB in -1..1.

        Args:
            style: ``(B, 2560)``: identity feature, mouth, head pose. identity: map ``(B or 1, 512, 7, 7)``.
            noise: a map ``(B or 1, 1, side, side)`` for each of `NOISE_SIDES`; by default those stored in the file.
        """
        noise = self._stored_noise() if noise is None else noise
        x = self._first(style, identity, noise)
        picture = self.to_rgb1(x, style, None)
        for step, to_rgb in enumerate(self.to_rgbs):
            for layer in (2 * step, 2 * step + 1):
                x = self.convs[layer](x, style, noise[layer + 1])
            picture = to_rgb(x, style, picture)
        return torch.tanh(picture)

    def _first(self, style: Tensor, identity: Tensor, noise: Sequence[Tensor]) -> Tensor:
        made: Tensor = self.conv1(identity, style, noise[0])
        return made

    def _stored_noise(self) -> list[Tensor]:
        return [self.noises.get_buffer(f"noise_{layer}") for layer in range(len(NOISE_SIDES))]


class _LearnedStart(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, CHANNELS[0], START, START))


class _ScaledLinear(nn.Linear):
    """Its weights are stored as if drawn with variance 1 and scaled when used."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.scale = 1 / math.sqrt(inputs)

    def settle(self) -> None:
        """Scale the weights for good."""
        self.weight.data *= self.scale
        self.scale = 1.0

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x if self.scale == 1 else x * self.scale, self.weight, self.bias)


class _Modulated(nn.Module):
    """Weights of a convolution whose inputs are scaled by a style; they too are stored unscaled."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, kernel, kernel))
        self.modulation = _ScaledLinear(STYLE, inputs)
        self.scale = 1 / math.sqrt(inputs * kernel**2)

    def settle(self) -> None:
        """Scale the weights for good."""
        self.weight.data *= self.scale
        self.scale = 1.0

    @property
    def scaled(self) -> Tensor:
        """Weights ``(outputs, inputs, k, k)`` as they act."""
        return self.weight[0] if self.scale == 1 else self.weight[0] * self.scale


class DemodulatedConv(_Modulated):
    """A convolution whose inputs are scaled by a style, and whose outputs have unit variance where its inputs have it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel=3)
        self.register_buffer("energy", None, persistent=False)

    def settle(self) -> None:
        super().settle()
        self.energy = self._energy()

    def _energy(self) -> Tensor:
        """Squares of the weights, summed over the kernel: ``(inputs, outputs)``."""
        return self.scaled.square().sum(dim=(2, 3)).T

    def forward(self, x: Tensor, style: Tensor, added: Tensor, gain: float) -> Tensor:
        """``gain * (outputs + added)``, in one go over the outputs, which are large."""
        scale = self.modulation(style)
        variance = scale.square() @ (self._energy() if self.energy is None else self.energy)
        made = self.convolved(x * scale[:, :, None, None], self.scaled)
        return torch.addcmul(gain * added, made, (gain * torch.rsqrt(variance + EPSILON))[:, :, None, None])

    def convolved(self, x: Tensor, weight: Tensor) -> Tensor:
        """The outputs ``(B, outputs, h, w)`` of some weights, before anything is added."""
        return functional.conv2d(x, weight, padding=1)


class _UpConv(DemodulatedConv):
    """Twice as large, then blurred."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.blur = _Kernel()

    def convolved(self, x: Tensor, weight: Tensor) -> Tensor:
        large = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        kernel = self.blur.kernel.expand(large.shape[1], 1, 4, 4)
        return functional.conv2d(large, kernel, padding=1, groups=large.shape[1])


class _Kernel(nn.Module):
    """The filter 1 3 3 1 of up-sampling by two, stored in the file; it is symmetric."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([1.0, 3.0, 3.0, 1.0])
        self.register_buffer("kernel", torch.outer(line, line) / 16)


class _Noise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


class _Activation(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))


class _StyledConv(nn.Module):
    def __init__(self, inputs: int, outputs: int, up: bool = False) -> None:
        super().__init__()
        self.conv = _UpConv(inputs, outputs) if up else DemodulatedConv(inputs, outputs)
        self.noise = _Noise()
        self.activate = _Activation(outputs)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        # The published gain of sqrt(2) after the activation is as good before it.
        made = self.conv(x, style, self.noise.weight * noise + self.activate.bias, math.sqrt(2))
        return functional.leaky_relu_(made, 0.2)


class _ToRGB(nn.Module):
    def __init__(self, inputs: int, up: bool = True) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        if up:
            self.upsample = _Kernel()
        self.conv = _Modulated(inputs, 3, kernel=1)

    def forward(self, x: Tensor, style: Tensor, picture: Tensor | None) -> Tensor:
        # A convolution of one pixel: the few weights are scaled instead of the large input.
        weights = self.conv.scaled[:, :, 0, 0] * self.conv.modulation(style)[:, None]
        made: Tensor = (weights @ x.flatten(2)).unflatten(2, x.shape[2:]) + self.bias
        if picture is None:
            return made
        kernel = self.upsample.kernel.expand(3, 1, 4, 4)
        return made + functional.conv_transpose2d(picture, kernel, stride=2, padding=1, groups=3)
