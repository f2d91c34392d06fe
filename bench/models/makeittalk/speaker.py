"""The speaker-aware branch: who speaks decides how the head and the rest of the face move."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.models.makeittalk.content import COORDINATES, MELS

SEGMENT = 512
"""Frames that attend to each other at most: the length of the position table."""
NOISE = 128
"""Size of the noise ``z``; the public recipe gives zeros."""
_VOICE, _MODEL, _HEADS, _LAYERS = 256, 64, 2, 2


class SpeakerBranch(nn.Module):
    """Offsets of the landmarks from speech and a speaker's embedding; the frames of a segment attend to each other.

    Tensor names and outputs are those of ``Audio2landmark_pos`` in the public code. Its decoder takes no part in the
    result; its tensors are kept so that a published state dict loads as it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.audio_content_encoder = nn.LSTM(MELS, 256, num_layers=3, batch_first=True)
        self.spk_emb_encoder = _perceptron(_VOICE, 256, 128, 128)
        self.encoder = Encoder(256 + 128 + NOISE)
        self.decoder = _Unused(COORDINATES)
        self.out = _perceptron(_MODEL + NOISE, 512, 256, COORDINATES)

    def forward(self, windows: Tensor, voice: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Args:
            windows: standardized speech ``(N, 18, 80)`` of up to 512 frames in a row. voice: embedding ``(1 or N, 256)``, times 3.
            noise: ``(N, 128)``.

        Returns:
            Offsets from the face at rest ``(N, 204)``, and what the network made of the speaker ``(N, 128)``.
        """
        count = len(windows)
        heard = self.audio_content_encoder(windows)[0][:, -1]
        speaker = self.spk_emb_encoder(voice).expand(count, -1)
        encoded = self.encoder(torch.cat([heard, speaker, noise], dim=1)[None])[0]
        return self.out(torch.cat([encoded, noise], dim=1)), speaker


class Encoder(nn.Module):
    """Transformer over the frames of a segment, ``(B, N, width)`` -> ``(B, N, 64)``; norms come first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = _Embed(width)
        self.pe = Positions()
        self.layers = nn.ModuleList(EncoderLayer() for _ in range(_LAYERS))
        self.norm = Norm()

    def forward(self, x: Tensor) -> Tensor:
        x = self.pe(self.embed.embed(x))
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class EncoderLayer(nn.Module):
    """Attention, then two linear layers, each added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = Norm(), Norm()
        self.attn = Attention()
        self.ff = FeedForward()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm_1(x))
        return x + self.ff(self.norm_2(x))


class Attention(nn.Module):
    """Self-attention of two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.q_linear, self.v_linear = nn.Linear(_MODEL, _MODEL), nn.Linear(_MODEL, _MODEL)
        self.k_linear, self.out = nn.Linear(_MODEL, _MODEL), nn.Linear(_MODEL, _MODEL)

    def forward(self, x: Tensor) -> Tensor:
        heads = (linear(x).unflatten(-1, (_HEADS, -1)).transpose(1, 2) for linear in self._linears())
        return self.out(functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(-2))

    def _linears(self) -> tuple[nn.Module, nn.Module, nn.Module]:
        return self.q_linear, self.k_linear, self.v_linear


class FeedForward(nn.Module):
    """Two linear layers on each frame."""

    def __init__(self) -> None:
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(_MODEL, 2048), nn.Linear(2048, _MODEL)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(functional.relu(self.linear_1(x)))


class Norm(nn.Module):
    """Layer norm as published: divided by the unbiased deviation plus 1e-6, not by a root of variance plus epsilon."""

    def __init__(self) -> None:
        super().__init__()
        self.alpha, self.bias = nn.Parameter(torch.ones(_MODEL)), nn.Parameter(torch.zeros(_MODEL))

    def forward(self, x: Tensor) -> Tensor:
        deviation, mean = torch.std_mean(x, dim=-1, keepdim=True)
        return self.alpha * (x - mean) / (deviation + 1e-6) + self.bias


class Positions(nn.Module):
    """Adds the place of a frame in its segment. The table is the published one, whose wavelengths are not the textbook's."""

    pe: Tensor

    def __init__(self) -> None:
        super().__init__()
        place = torch.arange(SEGMENT, dtype=torch.float64)[:, None]
        column = torch.arange(_MODEL, dtype=torch.float64)
        angle = place / 10000 ** (2 * column / _MODEL)
        table = torch.where(column % 2 == 0, angle.sin(), angle.cos())
        self.register_buffer("pe", table[None].to(torch.get_default_dtype()))

    def forward(self, x: Tensor) -> Tensor:
        return x * math.sqrt(_MODEL) + self.pe[:, : x.shape[1]]


class _Embed(nn.Module):
    """A linear layer under its published name."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Linear(width, _MODEL)


class _UnusedLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm_1, self.norm_2, self.norm_3 = Norm(), Norm(), Norm()
        self.attn_1, self.attn_2 = Attention(), Attention()
        self.ff = FeedForward()


class _Unused(nn.Module):
    """The tensors of the published decoder, which no forward pass reads."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = _Embed(width)
        self.pe = Positions()
        self.layers = nn.ModuleList(_UnusedLayer() for _ in range(_LAYERS))
        self.norm = Norm()


def _perceptron(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.LeakyReLU(0.02)] if layers else []
        layers.append(nn.Linear(before, after))
    return nn.Sequential(*layers)
