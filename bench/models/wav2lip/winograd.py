"""3 x 3 convolutions with a quarter of the multiplications (Winograd's F(4 x 4, 3 x 3); Lavin and Gray, CVPR 2016).

oneDNN, which PyTorch convolves with on CPUs, runs such layers at the processor's peak and directly: what is left is to multiply
less. Tiles of 4 x 4 outputs and the 6 x 6 inputs under them are brought to a basis in which the convolution is 36 products. It
pays from some 128 channels on; below, bringing tiles there and back costs what it saves. GPU libraries do this by themselves.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

TILE, REACH = 4, 6
"""Outputs of a tile and inputs under it, each way."""
TOGETHER = 144
"""Tiles transformed at once, so that they stay in a cache."""

_INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_KERNEL = ((1 / 4, 0, 0), (-1 / 6, -1 / 6, -1 / 6), (-1 / 6, 1 / 6, -1 / 6), (1 / 24, 1 / 12, 1 / 6), (1 / 24, -1 / 12, 1 / 6), (0, 0, 1))  # fmt: skip
_OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))


class WinogradConv(nn.Module):
    """Takes the place of a convolution with a kernel of 3, stride 1 and padding 1, on maps whose sides divide by 4.

    Its outputs are those of `convolution` within 1e-5 of the largest in float32 and within 1e-12 in float64.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        weight = convolution.weight.detach()
        assert weight.shape[2:] == (3, 3) and convolution.stride == (1, 1) and convolution.padding == (1, 1)
        kernel = torch.tensor(_KERNEL, dtype=torch.float64)
        turned = torch.einsum("ai,ocij,bj->abco", kernel, weight.double(), kernel)
        self._kernels = turned.flatten(0, 1).to(weight).contiguous()  # (36, inputs, outputs)
        self._bias = convolution.bias.detach() if convolution.bias is not None else weight.new_zeros(len(weight))
        self._into, self._out = (_both_ways(matrix).to(weight) for matrix in (_INPUT, _OUTPUT))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` in any memory format to ``(B, K, H, W)`` in that of channels last."""
        batch, _, height, width = x.shape
        down, across = height // TILE, width // TILE
        padded = functional.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        out = x.new_empty(batch, down, TILE, across, TILE, len(self._bias))
        rows = max(1, min(down, TOGETHER // across))
        pictures = max(1, TOGETHER // (rows * across))
        for i in range(0, batch, pictures):
            for row in range(0, down, rows):
                self._tiles(
                    padded[i : i + pictures, TILE * row : TILE * (row + rows) + 2],
                    out[i : i + pictures, row : row + rows],
                )
        return out.view(batch, height, width, -1).permute(0, 3, 1, 2)

    def _tiles(self, x: Tensor, out: Tensor) -> None:
        """Padded maps ``(n, 4 r + 2, 4 t + 2, C)`` to `out` ``(n, r, 4, t, 4, K)``."""
        tiles = x.unfold(1, REACH, TILE).unfold(2, REACH, TILE).permute(4, 5, 0, 1, 2, 3)
        spread = (self._into @ tiles.reshape(REACH**2, -1)).view(REACH**2, -1, x.shape[3])
        drawn = self._out @ torch.bmm(spread, self._kernels).view(REACH**2, -1)
        pictures, rows, _, across, _, outputs = out.shape
        shaped = drawn.view(TILE, TILE, pictures, rows, across, outputs).permute(2, 3, 0, 4, 1, 5)
        torch.add(shaped, self._bias, out=out)


def _both_ways(matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """A transform of rows and columns as one of flattened tiles."""
    one = torch.tensor(matrix, dtype=torch.float64)
    return torch.kron(one, one)
