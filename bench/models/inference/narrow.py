"""Convolutions with a wide kernel and very few outputs: all taps as one product, then a sum of shifted maps.

Directly, every input is read once a tap, and there are too few outputs to keep a processor busy meanwhile.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class NarrowConv(nn.Module):
    """Takes the place of a convolution with an odd kernel, stride 1 and the padding that keeps sizes.

    Outputs are those of `convolution` within 1e-6 of the largest in float32 and within 1e-13 in float64.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        weight, bias = convolution.weight.detach(), convolution.bias
        self._kernel = convolution.kernel_size
        self._padding = self._kernel[0] // 2, self._kernel[1] // 2
        assert bias is not None and convolution.stride == (1, 1) and convolution.padding == self._padding
        # Turned around: what `fold` spreads from a place to its neighbours, a convolution gathers at it.
        self._taps = weight.flip(2, 3).permute(0, 2, 3, 1).flatten(0, 2)
        self._bias = bias.detach()[:, None, None]

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to ``(B, K, H, W)``."""
        spread = self._taps @ x.flatten(2)
        return functional.fold(spread, x.shape[2:], self._kernel, padding=self._padding) + self._bias
