"""Drawn landmarks and a portrait to a frame: a U-Net with residual blocks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from space_ref.vid2vid.blocks import doubled_kernel

SIZE = 256
_WIDTHS = (64, 128, 256, 512, 512, 512)


class Translation(nn.Module):
    """Frames from drawn landmarks beside the portrait.

    Tensor names and outputs are those of ``ResUnetGenerator(input_nc=6, output_nc=3, num_downs=6)`` in the public code.
    """

    def __init__(self) -> None:
        super().__init__()
        block: Level | None = None
        for outer, inner in zip(_WIDTHS[-2::-1], _WIDTHS[:0:-1], strict=True):
            block = Level(outer, inner, block)
        assert block is not None
        self.model = _Outermost(block)

    def forward(self, pictures: Tensor) -> Tensor:
        """``(N, 6, 256, 256)`` in 0..1 (drawn landmarks, then the portrait, both BGR) -> ``(N, 3, 256, 256)`` before its tanh."""
        return self.model.model(pictures)

    def for_inference(self) -> Translation:
        """Itself, frozen, for speed: norms and doublings are worked into convolutions, weights laid out channels last.

        Same outputs but for rounding; tensors have other names.
        """
        self.eval().requires_grad_(False)
        for layers in list(self.modules()):
            if isinstance(layers, nn.Sequential):
                for k in range(len(layers) - 1):
                    _work_in_norm(layers, k)
                for k in range(len(layers) - 1):
                    _work_in_doubling(layers, k)
        for parameter in self.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return self.requires_grad_(False)


def _work_in_norm(layers: nn.Sequential, k: int) -> None:
    conv, norm = layers[k], layers[k + 1]
    if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
        layers[k], layers[k + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()


def _work_in_doubling(layers: nn.Sequential, k: int) -> None:
    doubling, conv = layers[k], layers[k + 1]
    if isinstance(doubling, nn.Upsample) and isinstance(conv, nn.Conv2d):
        joined = nn.ConvTranspose2d(conv.in_channels, conv.out_channels, 4, stride=2, padding=1)
        joined.weight, joined.bias = nn.Parameter(doubled_kernel(conv.weight)), conv.bias
        layers[k], layers[k + 1] = nn.Identity(), joined


class Residual(nn.Module):
    """Two convolutions added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            _conv(width, width),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            _conv(width, width),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu_(self.block(x).add_(x))


class Level(nn.Module):
    """One halving and doubling of the picture, with the levels below it between; what came in is put beside the result."""

    def __init__(self, outer: int, inner: int, below: Level | None) -> None:
        super().__init__()
        # The innermost level has no norm after its halving.
        halving = [
            _conv(outer, inner, stride=2),
            *([] if below is None else [nn.BatchNorm2d(inner)]),
            nn.ReLU(inplace=True),
        ]
        doubled = inner if below is None else 2 * inner
        self.model = nn.Sequential(
            *halving, Residual(inner), Residual(inner), *([] if below is None else [below]),
            nn.Upsample(scale_factor=2, mode="nearest"), _conv(doubled, outer), nn.BatchNorm2d(outer), nn.ReLU(inplace=True),
            Residual(outer), Residual(outer),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.model(x)], dim=1)


class _Outermost(nn.Module):
    def __init__(self, below: Level) -> None:
        super().__init__()
        width = _WIDTHS[0]
        self.model = nn.Sequential(
            _conv(6, width, stride=2), nn.ReLU(inplace=True), Residual(width), Residual(width), below,
            nn.Upsample(scale_factor=2, mode="nearest"), _conv(2 * width, 3),
        )  # fmt: skip


def _conv(before: int, after: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
