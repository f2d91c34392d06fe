"""The networks with everything worked out that does not change from frame to frame."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils import remove_spectral_norm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from space_ref.vid2vid.blocks import UpBlock, doubled_kernel
from space_ref.vid2vid.dense_motion import Hourglass
from space_ref.vid2vid.spade import SPADEResBlock

Module = TypeVar("Module", bound=nn.Module)

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def freeze(network: Module) -> Module:
    """Fold norms into convolutions and doublings into kernels, in place; evaluation mode, no gradients.

    Outputs stay the same but for rounding. Weights are laid out channels last, which oneDNN and tensor cores prefer.
    """
    network.eval().requires_grad_(False)
    for module in list(network.modules()):
        for conv, norm in getattr(module, "folds", ()):
            if hasattr(module, conv):
                setattr(module, conv, fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm)))
                setattr(module, norm, nn.Identity())
        if isinstance(module, SPADEResBlock):
            for conv in ("conv_0", "conv_1", "conv_s")[: 3 if module.narrows else 2]:
                remove_spectral_norm(getattr(module, conv))
        for name, child in list(module.named_children()):
            if isinstance(child, UpBlock):
                setattr(module, name, _doubling(child))
        if isinstance(module, Hourglass):
            module.layout = torch.channels_last_3d
    for parameter in network.parameters():
        if parameter.dim() in CHANNELS_LAST:
            parameter.data = parameter.data.contiguous(memory_format=CHANNELS_LAST[parameter.dim()])
    return network.requires_grad_(False)


def _doubling(block: UpBlock) -> nn.Sequential:
    """The block with its kernel worked out."""
    conv = fuse_conv_bn_eval(block.conv, block.norm)
    layer: nn.Module
    if conv.weight.dim() == 4:
        layer = nn.ConvTranspose2d(conv.in_channels, conv.out_channels, 4, stride=2, padding=1)
    else:
        layer = nn.ConvTranspose3d(conv.in_channels, conv.out_channels, (3, 4, 4), stride=(1, 2, 2), padding=1)
    layer.weight, layer.bias = nn.Parameter(doubled_kernel(conv.weight)), conv.bias
    return nn.Sequential(layer, nn.ReLU(inplace=True))
