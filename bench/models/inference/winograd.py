"""3 x 3 convolutions with a quarter of the multiplications (Winograd's F(4 x 4, 3 x 3); Lavin and Gray, CVPR 2016).

oneDNN, which PyTorch convolves with on CPUs, runs such layers at the processor's peak and directly: what is left is to multiply
less. Tiles of outputs and the inputs under them are brought to a basis in which the convolution is one product a number. It
pays from some 128 channels on; below, bringing tiles there and back costs what it saves. GPU libraries do this by themselves.

Where a map was made larger by repeating its pixels, neighbours are equal, and a basis of differences needs fewer products yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDE = 128
"""Channels from which on it pays."""
TOGETHER = 144
"""Tiles transformed at once, so that they stay in a cache."""
EVEN = 16
"""Channels are filled up with zeros to a multiple of this: rows that begin where cache lines do are multiplied faster."""

Matrix = tuple[tuple[float, ...], ...]


class Scheme(NamedTuple):
    """How a row of tiles is convolved with a kernel of 3; of pictures, rows and columns alike.

    Attributes:
        inputs: brings the inputs under a tile, one before its own to one behind, to the basis. kernel: brings the kernel there.
        outputs: brings the products back. step: inputs from a tile to the next.
    """

    inputs: Matrix
    kernel: Matrix
    outputs: Matrix
    step: int


PLAIN = Scheme(
    inputs=(
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
    kernel=(
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
    outputs=((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
    step=4,
)
"""The convolution of a map as it is."""


def repeated(times: int) -> Scheme:
    """The convolution of a map of which each pixel stands for `times` (2 or more), each way, without making that map.

    Inside a repeated pixel all taps see one value; at its ends one tap sees the neighbour, which adds a difference.
    """
    middle = ((1, 0, 0),) * (times - 2)
    return Scheme(
        inputs=((0, 1, 0), (1, -1, 0), (0, -1, 1)),
        kernel=((1, 1, 1), (1, 0, 0), (0, 0, 1)),
        outputs=((1, 1, 0), *middle, (1, 0, 1)),
        step=1,
    )


class WinogradConv(nn.Module):
    """Takes the place of a convolution with a kernel of 3, stride 1 and padding 1; sides of maps divide by the scheme's step.

    In 3D this is done along height and width; the taps along depth are added up. Outputs are those of a convolution within 1e-5
    of the largest in float32 and within 1e-12 in float64.

    Args:
        weight: ``(K, C, 3, 3)`` or ``(K, C, 3, 3, 3)``. bias: ``(K,)`` or None.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, scheme: Scheme = PLAIN) -> None:
        super().__init__()
        weight = weight.detach()
        self._volumes = weight.dim() == 5
        deep = weight if self._volumes else weight[:, :, None]
        self._more = -weight.shape[1] % EVEN
        deep = functional.pad(deep, (*(6 * (0,)), 0, self._more, 0, -len(weight) % EVEN))
        kernel = torch.tensor(scheme.kernel, dtype=torch.float64)
        turned = torch.einsum("ai,oczij,bj->zabco", kernel, deep.double(), kernel)
        self._kernels = turned.flatten(1, 2).to(weight).contiguous()  # (taps along depth, products, inputs, outputs)
        self._bias = bias.detach() if bias is not None else weight.new_zeros(len(weight))
        self._into, self._out = (_both_ways(matrix).to(weight) for matrix in (scheme.inputs, scheme.outputs))
        self._step, self._reach, self.times = scheme.step, len(scheme.inputs[0]), len(scheme.outputs) // scheme.step

    @classmethod
    def of(cls, convolution: nn.Conv2d | nn.Conv3d) -> WinogradConv:
        """In the place of a layer."""
        kernel, stride, padding = convolution.kernel_size, convolution.stride, convolution.padding
        assert set(kernel) == {3} and set(stride) == {1} and set(padding) == {1}
        return cls(convolution.weight, convolution.bias)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, [D,] H, W)`` in any memory format to ``(B, K, [D,] H', W')`` in that of channels last."""
        (batch, _, *depth, height, width), times = x.shape, self.times
        out = x.new_empty(batch, *depth, height * times, width * times, len(self._bias))
        for pictures, rows, made in self.strips(x):
            out[pictures, ..., rows, :, :] = made
        return out.movedim(-1, 1)

    def strips(self, x: Tensor) -> Iterator[tuple[slice, slice, Tensor]]:
        """The same, some rows of outputs at a time, for what can be done with them while they lie in a cache.

        Yields:
            Which pictures, which rows of outputs, and these ``(b, [D,] rows, W', K)``.
        """
        batch, height, width = x.shape[0], x.shape[-2], x.shape[-1]
        down, across = height // self._step, width // self._step
        channels_last = x.movedim(1, -1)
        deep = channels_last if self._volumes else channels_last[:, None]
        padded = functional.pad(deep, (0, self._more, 1, 1, 1, 1, *(2 * [int(self._volumes)])))
        tall = max(1, min(down, TOGETHER // across))
        many = max(1, TOGETHER // (tall * across))
        size = self._step * self.times
        for i, row in product(range(0, batch, many), range(0, down, tall)):
            under = padded[i : i + many, :, self._step * row : self._step * (row + tall) + self._reach - self._step]
            made = self._tiles(under)
            rows = slice(size * row, size * row + made.shape[2])
            yield slice(i, i + many), rows, made if self._volumes else made[:, 0]

    def _tiles(self, x: Tensor) -> Tensor:
        """Padded maps ``(n, D + taps - 1, r + reach - step, w, C)`` to outputs ``(n, D, r', w', K)``."""
        step, reach, taps = self._step, self._reach, len(self._kernels)
        tiles = x.unfold(2, reach, step).unfold(3, reach, step).permute(5, 6, 1, 0, 2, 3, 4)
        _, _, layers, pictures, rows, across, _ = tiles.shape
        spread = (self._into @ tiles.reshape(reach**2, -1)).view(len(self._into), -1, x.shape[-1])
        depth = layers - taps + 1
        layer = pictures * rows * across
        summed = torch.bmm(spread[:, : depth * layer], self._kernels[0])
        for tap in range(1, taps):
            summed.baddbmm_(spread[:, tap * layer : (tap + depth) * layer], self._kernels[tap])
        side = step * self.times
        shape = (side, side, depth, pictures, rows, across, -1)
        shaped = (self._out @ summed.view(len(self._into), -1)).view(shape).permute(3, 2, 4, 0, 5, 1, 6)
        shaped = shaped[..., : len(self._bias)]
        made = x.new_empty(shaped.shape)
        torch.add(shaped, self._bias, out=made)
        return made.view(pictures, depth, rows * side, across * side, -1)


def _both_ways(matrix: Matrix) -> Tensor:
    """A transform of rows and columns as one of flattened tiles."""
    one = torch.tensor(matrix, dtype=torch.float64)
    return torch.kron(one, one)
