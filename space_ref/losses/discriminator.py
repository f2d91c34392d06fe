"""Patch discriminator of face-vid2vid (arXiv 2011.15126, supplement; Isola et al., CVPR 2017), at one or more scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from space_ref.losses.perceptual import reduced

KERNEL = 4


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Size of the critics; the defaults are those of the public reimplementation at 256 pixels.

    Attributes:
        block_expansion: half the channels of the first block; each block doubles them.
        max_features: channels at most.
        num_blocks: blocks of a critic; all but the last halve the image.
        factors: one critic an entry, looking at the image reduced by it: ``(1,)``, at 512 pixels ``(1, 2)``.

    Raises:
        ValueError: a number below 1 or no critic.
    """

    block_expansion: int = 32
    max_features: int = 512
    num_blocks: int = 4
    factors: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        if not self.factors or min(self.block_expansion, self.max_features, self.num_blocks, *self.factors) < 1:
            raise ValueError(f"DiscriminatorConfig wants numbers of 1 and up and at least one factor, found {self}")


class Judgement(NamedTuple):
    """What critics say of a batch: `scores`, one map ``(B, 1, h, w)`` a critic; `layers`, the features of all."""

    scores: list[Tensor]
    layers: list[Tensor]


class PatchDiscriminator(nn.Module):
    """One critic: images ``(B, 3, H, W)`` -> scores of patches ``(B, 1, h, w)`` and the features of its blocks."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        inner = [min(config.max_features, config.block_expansion * 2 ** (k + 1)) for k in range(config.num_blocks)]
        self.convolutions = nn.ModuleList(
            spectral_norm(nn.Conv2d(inputs, outputs, KERNEL))
            for inputs, outputs in zip([3, *inner[:-1]], inner, strict=True)
        )
        # The first block sees the image itself: normalizing it would hide its brightness.
        self.norms = nn.ModuleList(nn.InstanceNorm2d(channels, affine=True) for channels in inner[1:])
        self.score = spectral_norm(nn.Conv2d(inner[-1], 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        layers = []
        for index, convolution in enumerate(self.convolutions):
            x = convolution(x)
            if index:
                x = self.norms[index - 1](x)
            x = functional.leaky_relu(x, 0.2)
            if index < len(self.convolutions) - 1:
                x = functional.avg_pool2d(x, 2)
            layers.append(x)
        return self.score(x), layers


class MultiScaleDiscriminator(nn.Module):
    """A critic for each factor of the configuration.

    `age` counts the training steps that it has lived through. It is kept with the weights, so that a run that goes on
    does not start its critic anew.
    """

    age: Tensor

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.critics = nn.ModuleList(PatchDiscriminator(config) for _ in config.factors)
        self.register_buffer("age", torch.zeros((), dtype=torch.long))

    def forward(self, image: Tensor) -> Judgement:
        """Images ``(B, 3, H, W)`` in 0..1 -> `Judgement`."""
        scores, layers = [], []
        for factor, critic in zip(self.config.factors, self.critics, strict=True):
            score, features = critic(reduced(image, factor))
            scores.append(score)
            layers += features
        return Judgement(scores, layers)
