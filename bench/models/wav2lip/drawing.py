"""The generator in the form that draws: normalization folded in, and what a still portrait repeats computed once."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from bench.models.inference.winograd import WinogradConv
from bench.models.wav2lip.layers import Conv, UpConv
from bench.models.wav2lip.network import Wav2Lip

_WIDE = slice(3, 6)
"""Blocks of the decoder with 384 to 128 channels and maps of 12 to 48 pixels: where `WinogradConv` pays."""


def fold(network: Wav2Lip) -> Wav2Lip:
    """Make batch normalization part of the convolution before it, in place, and on a CPU the heaviest convolutions faster.

    The network draws the same, rounding aside, and cannot be trained further.
    """
    for block in network.modules():
        if isinstance(block, Conv | UpConv):
            convolution, normalization = block.conv_block
            assert isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d) and isinstance(normalization, nn.BatchNorm2d)
            fused = fuse_conv_bn_eval(convolution, normalization, transpose=isinstance(block, UpConv))
            block.conv_block = nn.Sequential(fused)
    if network.output_block[1].weight.device.type == "cpu":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for block in list(network.face_decoder_blocks)[_WIDE]:
            for residual in list(block.children())[1:]:
                assert isinstance(residual, Conv) and isinstance(residual.conv_block[0], nn.Conv2d)
                residual.conv_block[0] = WinogradConv.of(residual.conv_block[0])
    return network.requires_grad_(False)


class StillFace:
    """One face that says many things: its encoder runs once, and only speech is left to every frame.

    The decoder joins the face's maps to its own before a convolution, and a convolution of joined maps is the sum of two:
    that of the face's maps is the same in all frames and is kept.

    Args:
        network: a folded one.
        face: ``(1, 6, 96, 96)`` as in `Wav2Lip.forward`.
    """

    def __init__(self, network: Wav2Lip, face: Tensor) -> None:
        self._audio, self._first = network.audio_encoder, network.face_decoder_blocks[0]
        blocks = [*network.face_decoder_blocks[1:], network.output_block]
        with torch.inference_mode():
            self._steps = [_Step(block, kept) for block, kept in zip(blocks, network.encode(face), strict=True)]

    def __call__(self, mel: Tensor) -> Tensor:
        """Speaking faces ``(N, 3, 96, 96)`` BGR in 0..1, of ``(N, 1, 80, 16)``."""
        with torch.inference_mode():
            x: Tensor = self._first(self._audio(mel))
            for step in self._steps:
                x = step(x)
            return x


class _Step:
    """A block of the decoder whose first convolution has been done for the face's maps already."""

    def __init__(self, block: nn.Module, kept: Tensor) -> None:
        head, *rest = block.children()
        assert isinstance(head, Conv | UpConv)
        own = head.inputs - kept.shape[1]
        self._convolution, self._rest = _part(head, 0, own, bias=False), nn.Sequential(*rest)
        self._constant = _part(head, own, kept.shape[1], bias=True)(kept)

    def __call__(self, x: Tensor) -> Tensor:
        drawn: Tensor = self._rest(functional.relu_(self._convolution(x).add_(self._constant)))
        return drawn


def _part(head: Conv | UpConv, first: int, channels: int, bias: bool) -> nn.Module:
    """The convolution of some of its input channels."""
    part = copy.deepcopy(head.conv_block[0])
    assert isinstance(part, nn.Conv2d | nn.ConvTranspose2d)
    axis = 0 if isinstance(part, nn.ConvTranspose2d) else 1
    part.weight = nn.Parameter(part.weight.narrow(axis, first, channels).contiguous(), requires_grad=False)
    if not bias:
        part.bias = None
    return part
