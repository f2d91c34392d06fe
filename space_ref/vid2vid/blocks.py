"""Convolution blocks of face-vid2vid, in 2D and 3D. In 3D depth is never halved or doubled.

`folds` names the convolutions of a module that are followed at once by a batch norm: `inference` makes one of the two.
Activations work in place, because no gradient needs what they overwrite and large new tensors cost time on a CPU.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

CONV = {2: nn.Conv2d, 3: nn.Conv3d}
NORM = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def widths(block_expansion: int, max_features: int, num_blocks: int) -> list[int]:
    """Channels before and after each of `num_blocks` halvings: doubling from `block_expansion`, at most `max_features`."""
    return [min(max_features, block_expansion * 2**i) for i in range(num_blocks + 1)]


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU; `slope` is what a leaky one lets through."""

    folds = (("conv", "norm"),)

    def __init__(self, dims: int, inputs: int, outputs: int, kernel: int = 3, slope: float = 0.0) -> None:
        super().__init__()
        self.conv = CONV[dims](inputs, outputs, kernel, padding=kernel // 2)
        self.norm = NORM[dims](outputs)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(x))
        return functional.leaky_relu_(y, self.slope) if self.slope else functional.relu_(y)


class DownBlock(ConvBlock):
    """`ConvBlock`, then height and width are halved by averaging."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return functional.avg_pool2d(y, 2) if y.dim() == 4 else functional.avg_pool3d(y, (1, 2, 2))


class UpBlock(ConvBlock):
    """Height and width are doubled by repetition, then `ConvBlock`."""

    def forward(self, x: Tensor) -> Tensor:
        kernel = doubled_kernel(self.conv.weight)
        if x.dim() == 4:
            y = functional.conv_transpose2d(x, kernel, self.conv.bias, stride=2, padding=1)
        else:
            y = functional.conv_transpose3d(x, kernel, self.conv.bias, stride=(1, 2, 2), padding=1)
        return functional.relu_(self.norm(y))


class ResBlock(nn.Module):
    """Pre-activation residual block: (batch norm, ReLU, 3x3 convolution) twice, added to its input."""

    folds = (("conv1", "norm2"),)

    def __init__(self, dims: int, features: int) -> None:
        super().__init__()
        self.conv1 = CONV[dims](features, features, 3, padding=1)
        self.conv2 = CONV[dims](features, features, 3, padding=1)
        self.norm1 = NORM[dims](features)
        self.norm2 = NORM[dims](features)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(functional.relu_(self.norm1(x)))
        return self.conv2(functional.relu_(self.norm2(y))).add_(x)


def doubled_kernel(weight: Tensor) -> Tensor:
    """Kernel of a transposed convolution that is: repeat each row and column, then convolve with `weight`, zero padded.

    Two neighbours that are repeats of one pixel see the same value, so their taps add up, and the doubled picture need
    not be made: 4 of 9 multiplications remain, and the sums are the same.

    Args:
        weight: ``(O, C, 3, 3)`` or ``(O, C, 3, 3, 3)``, whose depth is not doubled.

    Returns:
        ``(C, O, 4, 4)`` for stride 2 or ``(C, O, 3, 4, 4)`` for stride (1, 2, 2), both with padding 1.
    """
    # A source pixel reaches four rows of the result; row i sums the taps of the 3-kernel that fall on it.
    taps = weight.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
    kernel = torch.einsum("ai,bj,oc...ij->co...ab", taps, taps, weight)
    return kernel if weight.dim() == 4 else kernel.flip(2)
