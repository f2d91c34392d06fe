"""3D convolutions with wide kernels, height and width by Fourier transforms of tiles.

With a kernel of 7 x 7 x 7 Winograd's transforms would round too much; a Fourier transform does not. 22 x 22 inputs make 16 x 16
outputs: 1.03 complex products an output in the place of 49 real ones. The taps along depth are added up.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

TILE = 16


class FourierConv(nn.Module):
    """Takes the place of a convolution with an odd kernel, stride 1 and the padding that keeps sizes; sides divide by 16.

    Outputs are those of `convolution` within 1e-6 of the largest in float32 and within 1e-12 in float64.
    """

    def __init__(self, convolution: nn.Conv3d) -> None:
        super().__init__()
        weight, bias = convolution.weight.detach(), convolution.bias
        assert bias is not None and set(convolution.stride) == {1}
        self._taps, *sides = weight.shape[2:]
        assert {self._taps, *sides} == {self._taps} and set(convolution.padding) == {self._taps // 2}
        self._reach = TILE + self._taps - 1
        # The conjugate, because networks do not turn the kernel around as a convolution proper does.
        spectrum = torch.fft.rfft2(weight.double(), s=(self._reach, self._reach)).conj()
        dtype = torch.complex128 if weight.dtype == torch.float64 else torch.complex64
        self._kernels = spectrum.permute(2, 3, 4, 1, 0).flatten(1, 2).to(dtype).contiguous()  # (taps, waves, C, K)
        self._bias = bias.detach()[:, None, None, None]

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, D, H, W)`` to ``(B, K, D, H, W)``."""
        batch, _, _, height, _ = x.shape
        padded = functional.pad(x, 6 * (self._taps // 2,))
        out = x.new_empty(batch, len(self._bias), *x.shape[2:])
        for picture in range(batch):
            for row in range(0, height, TILE):
                self._tiles(padded[picture, :, :, row : row + self._reach], out[picture, :, :, row : row + TILE])
        return out

    def _tiles(self, x: Tensor, out: Tensor) -> None:
        """One row of tiles: padded ``(C, D + taps - 1, reach, W + taps - 1)`` to `out` ``(K, D, 16, W)``."""
        waves = torch.fft.rfft2(x.unfold(3, self._reach, TILE).movedim(2, 3))  # (C, D', tiles, reach, reach / 2 + 1)
        channels, layers, across, *sides = waves.shape
        spread = waves.permute(3, 4, 1, 2, 0).reshape(-1, layers * across, channels)
        depth = layers - self._taps + 1
        summed = torch.bmm(spread[:, : depth * across], self._kernels[0])
        for tap in range(1, self._taps):
            summed.baddbmm_(spread[:, tap * across : (tap + depth) * across], self._kernels[tap])
        back = summed.view(*sides, depth, across, -1).permute(4, 2, 3, 0, 1).contiguous()
        drawn = torch.fft.irfft2(back, s=(self._reach, self._reach))[..., :TILE, :TILE]
        torch.add(drawn.movedim(3, 2).flatten(3), self._bias, out=out)
