"""What SadTalker hears: Wav2Lip's spectrogram, 16 columns around each frame at 25 a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.models.wav2lip.mel import HOP, RATE, column_count, mel_columns
from bench.models.wav2lip.network import COLUMNS

FPS = 25
AHEAD = 2
"""Frames before its own at which a window begins."""
_SAMPLES = RATE // FPS


def fitted(sound: NDArray[np.floating], frames: int) -> NDArray[np.float64]:
    """The sound of so many frames: cut, or followed by silence. ``(S,)`` at 16 kHz -> ``(640 frames,)``."""
    heard = np.zeros(frames * _SAMPLES)
    heard[: len(sound)] = sound[: len(heard)]
    return heard


def windows(sound: NDArray[np.float64], first: int, count: int) -> NDArray[np.float64]:
    """What is heard in `count` frames from number `first` on, ``(count, 1, 80, 16)``.

    Columns beyond the sound are its first and last ones. A window's beginning is cut to a whole number towards zero, so
    those of the first two frames, which begin before the sound, come a column later than the others.

    Args:
        sound: ``(S,)`` in -1..1 at 16 kHz, of all frames. Its spectrogram meets nothing beyond the ends, as under librosa
            0.9, which the published requirements name.
    """
    begin = (RATE / HOP * ((first + np.arange(count) - AHEAD) / FPS)).astype(np.int64)
    columns = np.clip(begin[:, None] + np.arange(COLUMNS), 0, column_count(len(sound)) - 1)
    low, high = int(columns.min()), int(columns.max())
    heard = mel_columns(sound, low, high + 1 - low, mirrored=False)
    return np.ascontiguousarray(heard[:, columns - low].transpose(1, 0, 2)[:, None])
