"""face-vid2vid's generator, and its relatives', in the form that draws."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

from bench.models.inference.fourier import FourierConv
from bench.models.inference.narrow import NarrowConv
from bench.models.inference.spade import DrawingDecoder
from bench.models.inference.winograd import WIDE, WinogradConv
from space_ref.vid2vid.blocks import ConvBlock, ResBlock
from space_ref.vid2vid.dense_motion import DenseMotionNetwork
from space_ref.vid2vid.generator import SPADEGenerator
from space_ref.vid2vid.inference import freeze

Network = TypeVar("Network", bound=nn.Module)


def drawing(generator: Network) -> Network:
    """Frozen in place (`space_ref.vid2vid.inference.freeze`); on a CPU its widest layers with less arithmetic, too.

    Outputs stay the same but for rounding: within 1e-9 in float64 and some 1e-5 in float32. For the device on which it lies, and
    for the published networks and sizes of pictures, all maps of which divide into tiles.
    """
    freeze(generator)
    if next(generator.parameters()).device.type != "cpu":
        return generator
    for module in list(generator.modules()):
        match module:
            case DenseMotionNetwork():
                # At the full size of the motion grid; the rest of the hourglass is small.
                for block in (module.hourglass.encoder.down_blocks[0], module.hourglass.decoder):
                    _replace(block, "conv")
                module.occlusion = NarrowConv(module.occlusion)  # type: ignore[assignment]
                module.mask = FourierConv(module.mask)  # type: ignore[assignment]
            case SPADEGenerator():
                module.decoder = DrawingDecoder(module.decoder)  # type: ignore[assignment]
            case ConvBlock(conv=nn.Conv2d() as conv) if conv.in_channels >= WIDE:
                _replace(module, "conv")
            case ResBlock(conv1=nn.Conv2d() as conv) if conv.in_channels >= WIDE:
                _replace(module, "conv1", "conv2")
    return generator


def _replace(module: nn.Module, *names: str) -> None:
    for name in names:
        setattr(module, name, WinogradConv.of(getattr(module, name)))
