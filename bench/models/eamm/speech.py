"""What EAMM hears: 12 MFCC, 100 columns a second, 28 of them around each frame at 25 a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from python_speech_features import mfcc

from bench.config import AUDIO_RATE

FPS = 25
COLUMNS, BANDS = 28, 12
_HOP, _WINDOW = 160, 400
_BEFORE = 1920
"""Samples of silence before the sound: the middle of a window is then the middle of its frame."""
_STEP = AUDIO_RATE // FPS // _HOP
"""Columns from a frame to the next."""


def windows(sound: NDArray[np.float32], first: int, count: int) -> NDArray[np.float64]:
    """What is heard in `count` frames from number `first` on, ``(count, 28, 12)``.

    Cepstra of `python_speech_features` by its defaults (its hops of 10 ms are the recipe's), energy left out. Before and
    after the sound there is silence. Columns are made of the samples under them, so any part of a long sound can be had alone.

    Args:
        sound: ``(S,)`` mono at 16 kHz, -1..1.
    """
    columns = _STEP * (count - 1) + COLUMNS
    # One column more in front: pre-emphasis needs the sample before, and the cut has none.
    begin = _STEP * first * _HOP - _BEFORE - _HOP
    end = begin + columns * _HOP + _WINDOW
    heard = np.zeros(end - begin)
    low, high = max(0, begin), min(len(sound), end)
    if low < high:
        heard[low - begin : high - begin] = sound[low:high]
    bands = mfcc(heard, AUDIO_RATE, winstep=_HOP / AUDIO_RATE)[1:, 1:]
    every = np.lib.stride_tricks.sliding_window_view(bands, COLUMNS, axis=0)[::_STEP]
    return np.ascontiguousarray(every.transpose(0, 2, 1))
