"""The spectrogram that PC-AVS hears: 80 mel bands, a column every 10 ms, in 0..1.

The numbers are those of the public code (``config/AudioConfig.py`` of Talking-Face_PC-AVS): the whole sound brought to one loudness,
the transform of the package lws (window of 80 ms, half the square root of a symmetric Hann window, the sound between zeros),
Slaney mel filters of equal area over amplitudes, 100 decibels to 0..1. A column is computed from the samples under it, so any
part of a long sound can be had alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.models.pcavs.audio import BANDS, COLUMNS
from space_ref.audio import mel_filters

RATE, WINDOW, HOP = 16000, 1280, 160
LOW, HIGH = 125.0, 7600.0
REFERENCE, RANGE = 20.0, 100.0
"""Decibels that count as the loudest; decibels from the quietest to it."""
LOUDNESS, QUIETEST = 0.1, 1e-4
"""Root mean square that every sound is brought to; one below the second number is not raised further."""
BEFORE = 8
"""Columns of a window that come before its frame: two frames at 25 a second."""


def normalized(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound ``(S,)`` at the loudness that the network knows; it may leave -1..1. Silence stays silence."""
    strength = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0
    return (sound * (LOUDNESS / max(QUIETEST, strength))).astype(np.float32)


def columns(sound: NDArray[np.float32], first: int, count: int) -> NDArray[np.float32]:
    """Columns ``(count, 80)`` in 0..1 of a `normalized` sound ``(S,)`` at 16 kHz, from number `first` on.

    Column m lies over the samples from ``160 m - 1120`` on. Before and after the sound there is silence, which is 0.
    """
    window, filters = _tables()
    begin = first * HOP - (WINDOW - HOP)
    end = begin + (count - 1) * HOP + WINDOW
    heard = np.zeros(end - begin)
    low, high = max(0, begin), min(len(sound), end)
    if low < high:
        heard[low - begin : high - begin] = sound[low:high]
    pieces = np.lib.stride_tricks.sliding_window_view(heard, WINDOW)[::HOP]
    amplitude = np.abs(np.fft.rfft(pieces * window)) @ filters
    level = 20 * np.log10(np.maximum(amplitude, 10 ** (-RANGE / 20))) - REFERENCE
    return np.clip((level + RANGE) / RANGE, 0, 1).astype(np.float32)


def windows(sound: NDArray[np.float32], first: int, count: int, fps: float) -> NDArray[np.float32]:
    """What the network hears for `count` frames from number `first` on, ``(count, 1, 80, 20)``.

    At 25 frames a second a window begins at column ``4 (frame - 2)``, as published; at other rates at the nearest to the
    same time.
    """
    starts = np.rint(np.arange(first, first + count) / fps * (RATE / HOP)).astype(int) - BEFORE
    all_of_them = columns(sound, int(starts[0]), int(starts[-1] - starts[0]) + COLUMNS)
    cut = np.lib.stride_tricks.sliding_window_view(all_of_them, COLUMNS, axis=0)[starts - starts[0]]
    return np.ascontiguousarray(cut[:, None])


@lru_cache(maxsize=1)
def _tables() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Window ``(1280,)`` and mel filters ``(641, 80)``."""
    place = (np.arange(WINDOW) + 0.5) / WINDOW
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * place)
    return np.sqrt(hann * 2 * HOP / WINDOW), mel_filters(RATE, WINDOW, BANDS, LOW, HIGH).numpy()
