"""What a head does while it speaks: sways, nods with the voice, blinks. All from a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

FloatArray = NDArray[np.float64]

SWAY_DEGREES = (1.3, 2.2, 1.0)
"""Typical sway in pitch, yaw and roll."""
SWAY_SHIFT = 0.012
"""Typical shift to the side and down, in distances of the outer eye corners."""
NOD_DEGREES = 3.0
"""Drop of the head where the voice rises from silence to loud."""
WAVES = 5
BLINK_SECONDS = 1 / 3
"""10 frames at 30 a second."""


class HeadMotion:
    """A head that starts as in the portrait and drifts from there: slow waves of random phase, and nods with the voice.

    Args:
        rng: where phases and rates come from. level: ``(N,)``, loudness in dB (0 loud, -60 silent) at `rate` a second.
        amount: 0 holds the head still, 1 is natural.
    """

    def __init__(self, rng: np.random.Generator, level: FloatArray, rate: int, amount: float) -> None:
        self._rates = rng.uniform(0.08, 0.5, size=(5, WAVES))
        self._phases = rng.uniform(0.0, 2 * np.pi, size=(5, WAVES))
        self._heights = 1.0 / (1.0 + self._rates / 0.2)
        self._heights *= np.sqrt(2.0 / np.square(self._heights).sum(axis=1, keepdims=True))
        self._amount = amount
        voice = np.clip(1.0 + level / 30.0, 0.0, 1.0)
        quick, slow = (gaussian_filter1d(voice, seconds * rate, mode="nearest") for seconds in (0.15, 1.0))
        self._nods = NOD_DEGREES * (quick - slow)
        self._rate = rate

    def at(self, time: float) -> tuple[FloatArray, FloatArray]:
        """Rotation ``(3, 3)`` (axes right, down, away) and shift ``(2,)`` in distances of the outer eye corners."""
        swing = np.sin(2 * np.pi * self._rates * time + self._phases) - np.sin(self._phases)
        waves = (self._heights * swing).sum(axis=1)
        nod = np.interp(time * self._rate, np.arange(len(self._nods)), self._nods) - self._nods[0]
        degrees = waves[:3] * SWAY_DEGREES + np.array([nod, 0.0, 0.0])
        matrix = Rotation.from_euler("xyz", degrees * self._amount, degrees=True).as_matrix()
        return np.asarray(matrix), waves[3:] * SWAY_SHIFT * self._amount


class Blinks:
    """Eyes that shut now and then: on average `per_minute` times, irregularly, never two blinks at once.

    Args:
        rng: where the times come from, drawn as time passes. per_minute: 0 for never.
    """

    def __init__(self, rng: np.random.Generator, per_minute: float) -> None:
        self._rng = rng
        self._pause = 60.0 / per_minute if per_minute > 0 else np.inf
        self._start = float(rng.uniform(0.0, self._pause)) if per_minute > 0 else np.inf

    def at(self, time: float) -> float:
        """How far the eyes are shut, 0..1: quick down, a moment shut, slower up. Times must not decrease."""
        while time >= self._start + BLINK_SECONDS:
            self._start += max(1.5 * BLINK_SECONDS, self._pause * self._rng.uniform(0.5, 1.5))
        shut = np.interp((time - self._start) / BLINK_SECONDS, [0.0, 0.3, 0.45, 1.0], [0.0, 1.0, 1.0, 0.0])
        return float(0.5 - 0.5 * np.cos(np.pi * shut))
