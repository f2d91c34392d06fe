"""The three blocks that Wav2Lip's networks are made of, their tensors named as in the published files."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

LEAK = 0.01


class Conv(nn.Module):
    """Convolution and batch normalization; `residual` adds the input before the ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int | tuple[int, int] = 1,
        padding: int = 1,
        residual: bool = False,
    ) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding)
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(outputs))
        self.inputs, self.residual = inputs, residual

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_block(x)
        return functional.relu_(y.add_(x) if self.residual else y)


class UpConv(nn.Module):
    """Transposed convolution and batch normalization, then ReLU: to twice the side, or from one pixel to three."""

    def __init__(self, inputs: int, outputs: int, doubling: bool = True) -> None:
        super().__init__()
        stride, padding = (2, 1) if doubling else (1, 0)
        convolution = nn.ConvTranspose2d(inputs, outputs, 3, stride, padding, output_padding=padding)
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(outputs))
        self.inputs = inputs

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu_(self.conv_block(x))


class PlainConv(nn.Module):
    """Convolution without normalization, then a leaky ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int | tuple[int, int] = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, padding))

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(self.conv_block(x), LEAK)


def stage(first: nn.Module, width: int, residuals: int) -> nn.Sequential:
    """A block that changes the width, and residual ones that keep it."""
    return nn.Sequential(first, *(Conv(width, width, residual=True) for _ in range(residuals)))
