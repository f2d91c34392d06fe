"""The 1 euro filter: a low pass whose cutoff rises with speed (Casiez et al., CHI 2012), with EAMM's constants."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE = 100.0
"""Samples a second as EAMM's filters count them, though its frames come at 25."""
SPEED_CUTOFF = 1.0


class OneEuro:
    """Filters numbers that come one sample after the other; each number has a cutoff of its own."""

    def __init__(self, cutoff: float, beta: float, *, speed_from_filtered: bool = False) -> None:
        """
        Args:
            cutoff: of what stands still, in Hz. beta: by how much it rises with speed.
            speed_from_filtered: speed is the way from the last output, not from the last input. The public code writes
                filtered head poses over its inputs, and so does this to them.
        """
        self._cutoff, self._beta, self._from_filtered = cutoff, beta, speed_from_filtered
        self._last: Floats | None = None
        self._filtered: Floats = np.empty(0)
        self._speed: Floats = np.empty(0)

    def __call__(self, sample: Floats) -> Floats:
        """The next sample, of any shape, filtered; the first one comes out as it is."""
        if self._last is None:
            self._filtered, self._speed = sample, np.zeros_like(sample)
        else:
            speed = (sample - (self._filtered if self._from_filtered else self._last)) * RATE
            self._speed = _moved(self._speed, speed, _share(np.full_like(sample, SPEED_CUTOFF)))
            self._filtered = _moved(self._filtered, sample, _share(self._cutoff + self._beta * np.abs(self._speed)))
        self._last = sample
        return self._filtered


def _share(cutoff: Floats) -> Floats:
    """Of a new sample in the output."""
    turn = 2 * math.pi * cutoff
    return turn / (turn + RATE)


def _moved(before: Floats, after: Floats, share: Floats) -> Floats:
    return before + share * (after - before)
