"""Which columns of the spectrogram each frame is drawn from, by the rule of Wav2Lip's ``inference.py``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.models.wav2lip.mel import HOP, RATE, column_count, mel_columns
from bench.models.wav2lip.network import COLUMNS

SHORTEST = (COLUMNS - 1) * HOP
"""Samples of speech (0.19 s) that have the columns of one window."""


def window_starts(columns: int, fps: float, first: int, frames: int) -> NDArray[np.int64]:
    """First column of the windows of some frames of a video.

    A window begins with its frame, ``int(frame * 80 / fps)``, and one that would reach beyond the sound ends with it. The
    public code makes one frame of that last window and ends the video there, some 0.16 s before the sound; a case has as
    many frames as its clip, so here the frames that are left are drawn from it too.

    Args:
        columns: of the whole sound, at least `COLUMNS`. fps: of the video. first: of the frames wanted. frames: how many.

    Returns:
        ``(frames,)``
    """
    per_frame = RATE / HOP / fps
    starts = ((first + np.arange(frames)) * per_frame).astype(np.int64)
    return np.minimum(starts, columns - COLUMNS)


def windows(sound: NDArray[np.floating], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The windows themselves, ``(N, 1, 80, 16)``, of ascending `starts`; the spectrogram under them is made for them alone."""
    first = int(starts[0])
    columns = mel_columns(sound, first, int(starts[-1]) + COLUMNS - first)
    return np.stack([columns[None, :, start : start + COLUMNS] for start in starts - first])


def speech(sound: NDArray[np.floating], fps: float, frames: int, batch: int) -> Iterator[NDArray[np.float64]]:
    """The windows of all frames of a video, ``(N, 1, 80, 16)`` with N at most `batch`, made as they are taken."""
    columns = column_count(len(sound))
    for first in range(0, frames, batch):
        yield windows(sound, window_starts(columns, fps, first, min(batch, frames - first)))
