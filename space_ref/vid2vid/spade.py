"""SPADE decoder of face-vid2vid: blocks whose norm is scaled and shifted by the warped feature (arXiv 1903.07291)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import spectral_norm

from space_ref.vid2vid.config import GeneratorConfig

SLOPE = 0.2


class SPADEDecoder(nn.Module):
    """Warped feature ``(B, W, h, w)`` -> what the image is made of ``(B, block_expansion, H, W)``; `conv_img` is apart."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        guide = config.block_expansion * 2**config.num_down_blocks
        self.num_middle, self.num_up = config.num_resblocks_2d, config.num_down_blocks
        self.fc = nn.Conv2d(guide, 2 * guide, 3, padding=1)
        for i in range(self.num_middle):
            self.add_module(f"G_middle_{i}", SPADEResBlock(2 * guide, 2 * guide, guide))
        inputs = 2 * guide
        for i in range(self.num_up):
            # Published: half the channels with each doubling, but the last goes straight to block_expansion.
            outputs = config.block_expansion if i == self.num_up - 1 else guide // 2**i
            self.add_module(f"up_{i}", SPADEResBlock(inputs, outputs, guide))
            inputs = outputs
        self.conv_img = nn.Conv2d(inputs, 3, config.edge_kernel, padding=config.edge_kernel // 2)

    def forward(self, feature: Tensor) -> Tensor:
        x, guide = self.fc(feature), feature
        for i in range(self.num_middle):
            x = self.get_submodule(f"G_middle_{i}")(x, guide)
        for i in range(self.num_up):
            x = functional.interpolate(x, scale_factor=2.0)
            guide = functional.interpolate(guide, scale_factor=2.0)
            x = self.get_submodule(f"up_{i}")(x, guide)
        return functional.leaky_relu(x, SLOPE)


class SPADEResBlock(nn.Module):
    """Two spectrally normed 3x3 convolutions behind `SPADE` norms, and a 1x1 one beside them where channels change."""

    def __init__(self, inputs: int, outputs: int, guide: int) -> None:
        super().__init__()
        middle = min(inputs, outputs)
        self.conv_0 = spectral_norm(nn.Conv2d(inputs, middle, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(middle, outputs, 3, padding=1))
        self.narrows = inputs != outputs
        if self.narrows:
            self.conv_s = spectral_norm(nn.Conv2d(inputs, outputs, 1, bias=False))
        self.norm_0 = SPADE(inputs, guide)
        self.norm_1 = SPADE(middle, guide)
        if self.narrows:
            self.norm_s = SPADE(inputs, guide)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        y = self.conv_0(functional.leaky_relu(self.norm_0(x, guide), SLOPE))
        y = self.conv_1(functional.leaky_relu(self.norm_1(y, guide), SLOPE))
        return y + (self.conv_s(self.norm_s(x, guide)) if self.narrows else x)


class SPADE(nn.Module):
    """Instance norm whose scale and shift come, pixel by pixel, from `guide` of the same height and width."""

    def __init__(self, features: int, guide: int) -> None:
        super().__init__()
        hidden = max(guide // 2, 1)
        self.mlp_shared = nn.Sequential(nn.Conv2d(guide, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, features, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, features, 3, padding=1)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        shared = self.mlp_shared(guide)
        return torch.addcmul(self.mlp_beta(shared), functional.instance_norm(x), 1 + self.mlp_gamma(shared))
