"""SadTalker's ExpNet: speech, the portrait's expression and blinks to expression coefficients; and when eyes blink."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.models.wav2lip.network import audio_encoder

HEARD = 512
EXPRESSION = 64

_CLOSED = (0.5, 0.9, 1.0, 0.9, 0.5)
"""How far the eyes are shut in the frames of a blink."""
_SOONEST, _LATEST = 10, 70
"""Frames from one blink to the next: at least so many, and fewer than so many."""


class ExpressionNetwork(nn.Module):
    """State-dict compatible with the entry ``audio2exp`` of the published file (``SimpleWrapperV2``)."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder(last_residuals=1)
        self.mapping1 = nn.Linear(HEARD + EXPRESSION + 1, EXPRESSION)

    def forward(self, mel: Tensor, portrait: Tensor, shut: Tensor) -> Tensor:
        """Expression coefficients ``(B, 64)`` of B frames.

        Args:
            mel: ``(B, 1, 80, 16)`` in -4..4. portrait: its expression ``(64,)``. shut: the eyes, ``(B,)`` in 0..1.
        """
        heard = self.audio_encoder(mel).flatten(1)
        found: Tensor = self.mapping1(torch.cat([heard, portrait.expand(len(mel), -1), shut[:, None]], dim=1))
        return found


def blinks(frames: int, random: Callable[[], float]) -> NDArray[np.float64]:
    """How far the eyes are shut in each frame of a video at 25 a second, ``(frames,)`` in 0..1.

    Under 22 frames there is no blink (the published code has none up to 20, and fails at 21).

    Args:
        random: gives a number in 0..1 for every blink: when it comes.
    """
    shut, latest, at = np.zeros(frames), min(frames // 2, _LATEST), 0
    while latest > _SOONEST:
        begin = at + _SOONEST + int(random() * (latest - _SOONEST))
        at = begin + len(_CLOSED)
        if at >= frames:
            break
        shut[begin:at] = _CLOSED
    return shut
