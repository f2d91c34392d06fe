"""AutoVC: speech in another voice. MakeItTalk says all speech in one voice first, so that only its content is left."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.models.makeittalk.content import MELS

PITCHES = 257
"""Class 0 is unvoiced, 1..256 are pitches."""
VOICE = 256
STEP = 16
"""Frames that share one code."""
_NECK, _WIDTH = 16, 512


class AutoVC(nn.Module):
    """Mel spectrogram in one voice to the same words in another.

    Tensor names and outputs are those of ``Generator(16, 256, 512, 16)``, AutoVC retrained with pitch, in the public code.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = _Encoder()
        self.decoder = _Decoder()
        self.postnet = _Postnet()

    def forward(self, mel: Tensor, voice: Tensor, other: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Args:
            mel: ``(N, T, 80)``, T a multiple of 16. voice, other: embeddings ``(N, 256)`` of the speaker and of the one who
                shall say it. pitch: one-hot ``(N, T, 257)``.

        Returns:
            Mel ``(N, T, 80)`` before and after the post-net, and the codes ``(N, T / 16 * 32)``.

        Raises:
            ValueError: T is no multiple of 16.
        """
        frames = mel.shape[1]
        if frames % STEP:
            raise ValueError(f"mel: expected a multiple of {STEP} frames, got {frames}")
        codes = self.encoder(torch.cat([mel, voice[:, None].expand(-1, frames, -1)], dim=2).transpose(1, 2))
        spread = codes.repeat_interleave(STEP, dim=1)
        made = self.decoder(torch.cat([spread, other[:, None].expand(-1, frames, -1), pitch], dim=2))
        return made, made + self.postnet(made.transpose(1, 2)).transpose(1, 2), codes.flatten(1)


class _Encoder(nn.Module):
    """``(N, 336, T)`` -> ``(N, T / 16, 32)``."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(_layer(width, _WIDTH) for width in (MELS + VOICE, _WIDTH, _WIDTH))
        self.lstm = nn.LSTM(_WIDTH, _NECK, num_layers=2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        for convolution in self.convolutions:
            x = torch.relu(convolution(x))
        out = self.lstm(x.transpose(1, 2))[0]
        # Each direction at the frame of a step where it has heard all of it.
        return torch.cat([out[:, STEP - 1 :: STEP, :_NECK], out[:, ::STEP, _NECK:]], dim=2)


class _Decoder(nn.Module):
    """``(N, T, 545)`` -> ``(N, T, 80)``."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2 * _NECK + VOICE + PITCHES, _WIDTH, num_layers=3, batch_first=True)
        self.linear_projection = _Linear()

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_projection.linear_layer(self.lstm(x)[0])


class _Postnet(nn.Module):
    """Five convolutions that refine a spectrogram ``(N, 80, T)``."""

    def __init__(self) -> None:
        super().__init__()
        widths = (MELS, _WIDTH, _WIDTH, _WIDTH, _WIDTH)
        self.convolutions = nn.ModuleList(
            [*(_layer(width, _WIDTH) for width in widths[:-1]), _layer(widths[-1], MELS, 5)]
        )

    def forward(self, x: Tensor) -> Tensor:
        *first, last = self.convolutions
        for convolution in first:
            x = torch.tanh(convolution(x))
        return last(x)


class _Conv(nn.Module):
    """A convolution over time under its published name."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(before, after, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class _Linear(nn.Module):
    """A linear layer under its published name."""

    def __init__(self) -> None:
        super().__init__()
        self.linear_layer = nn.Linear(_WIDTH, MELS)


def _layer(before: int, after: int, groups: int = 32) -> nn.Sequential:
    return nn.Sequential(_Conv(before, after), nn.GroupNorm(groups, after))
