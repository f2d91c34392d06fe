"""The SPADE decoder (`space_ref.vid2vid.spade`) in the form that draws.

What is saved: convolutions are Winograd's; the guide and what lies under it are never made larger before a convolution
(`winograd.repeated`); scale and shift of a norm are one convolution, worked out a few rows at a time and used at once; a picture
is normed once for both norms of a block that look at it; the 1 x 1 convolution beside a block is worked into its norm's shift.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.models.inference.winograd import PLAIN, WIDE, WinogradConv, repeated
from space_ref.vid2vid.spade import SLOPE, SPADE, SPADEDecoder, SPADEResBlock

EPSILON = 1e-5
"""Of the instance norm."""


class DrawingDecoder(nn.Module):
    """Takes the place of a frozen `SPADEDecoder`: ``(B, W, h, w)`` -> ``(B, block_expansion, H, W)``; sides divide by 4."""

    def __init__(self, decoder: SPADEDecoder) -> None:
        super().__init__()
        self.fc, self.conv_img = WinogradConv.of(decoder.fc), decoder.conv_img
        middle = [(f"G_middle_{i}", 1, 1) for i in range(decoder.num_middle)]
        up = [(f"up_{i}", 2, 2 ** (i + 1)) for i in range(decoder.num_up)]
        self.blocks = nn.ModuleList()
        for name, times, guide in middle + up:
            block = decoder.get_submodule(name)
            assert isinstance(block, SPADEResBlock)
            self.blocks.append(_Block(block, times, guide))

    def forward(self, feature: Tensor) -> Tensor:
        x = self.fc(feature)
        for block in self.blocks:
            x = block(x, feature)
        return functional.leaky_relu_(x, SLOPE)


class _Block(nn.Module):
    """A block whose input is enlarged by `times` first, guided by a map that is enlarged by `guide`."""

    def __init__(self, block: SPADEResBlock, times: int, guide: int) -> None:
        super().__init__()
        self.times = times
        self.conv_0, self.conv_1 = (_fastest(conv) for conv in (block.conv_0, block.conv_1))
        self.norm_0, self.norm_1 = _Norm(block.norm_0, guide), _Norm(block.norm_1, guide)
        self.beside = _Norm(block.norm_s, guide, block.conv_s.weight[:, :, 0, 0]) if block.narrows else None

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        normed = _normed(x)
        y = self.conv_0(self.norm_0(normed, guide, self.times))
        y = self.conv_1(self.norm_1(_normed(y), guide, 1))
        if self.beside is not None:
            return self.beside(normed, guide, self.times).add_(y)
        return y.add_(x if self.times == 1 else functional.interpolate(x, scale_factor=float(self.times)))


class _Norm(nn.Module):
    """`SPADE` of what is normed already, with the leaky ReLU behind it or, where `mixing` is given, that 1 x 1 convolution.

    Args:
        mixing: ``(O, F)``. It is linear, so the shift may go through it before it is known.
    """

    def __init__(self, norm: SPADE, guide: int, mixing: Tensor | None = None) -> None:
        super().__init__()
        first, scale, shift = norm.mlp_shared[0], norm.mlp_gamma, norm.mlp_beta
        assert isinstance(first, nn.Conv2d) and scale.bias is not None and shift.bias is not None
        self.hidden = WinogradConv(first.weight, first.bias, PLAIN if guide == 1 else repeated(guide))
        weight, bias = shift.weight, shift.bias
        if mixing is not None:
            weight, bias = torch.einsum("of,fcij->ocij", mixing, weight), mixing @ bias
        self.heads = WinogradConv(torch.cat([scale.weight, weight]), torch.cat([scale.bias + 1, bias]))
        self._mixing, self._widths = mixing, [len(scale.weight), len(weight)]

    def forward(self, normed: Tensor, guide: Tensor, times: int) -> Tensor:
        """A normed map ``(B, F, h, w)``, each pixel of which stands for `times` each way, to ``(B, F or O, H, W)``."""
        hidden = functional.relu_(self.hidden(guide))
        batch, _, height, width = hidden.shape
        out = hidden.new_empty(batch, height, width, self._widths[1])
        last = normed.permute(0, 2, 3, 1)[:, :, None, :, None]  # a place for the repeated rows and columns
        for pictures, rows, made in self.heads.strips(hidden):
            few, tall = made.shape[:2]
            scale, shift = made.view(few, tall // times, times, width // times, times, -1).split(self._widths, dim=-1)
            x = last[pictures, rows.start // times : rows.stop // times]
            if self._mixing is None:
                drawn = functional.leaky_relu_(torch.addcmul(shift, x, scale), SLOPE)
            else:
                drawn = (x * scale) @ self._mixing.T + shift
            out[pictures, rows] = drawn.view(few, tall, width, -1)
        return out.permute(0, 3, 1, 2)


def _normed(x: Tensor) -> Tensor:
    """Instance norm, without the copies that PyTorch's makes of a map whose channels lie last."""
    centred = x - x.mean(dim=(2, 3), keepdim=True)
    variance = centred.square().mean(dim=(2, 3), keepdim=True)
    return centred.mul_(torch.rsqrt(variance + EPSILON))


def _fastest(conv: nn.Conv2d) -> nn.Module:
    return WinogradConv.of(conv) if conv.in_channels >= WIDE else conv
