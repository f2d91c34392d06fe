"""The spectrogram that Wav2Lip hears: 80 mel bands, 80 columns a second, in -4..4.

The numbers are those of the public code under librosa 0.7: pre-emphasis, centred windows *mirrored* beyond both ends of the
sound (librosa 0.9 and later put zeros there), periodic Hann window, Slaney mel filters of equal area, decibels clipped to
100 dB. Computed in float64 whatever comes in.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from space_ref.audio import mel_filters

RATE, WINDOW, HOP = 16000, 800, 200
MELS, LOW, HIGH = 80, 55.0, 7600.0
PRE_EMPHASIS = 0.97
REFERENCE, RANGE, LIMIT = 20.0, 100.0, 4.0
"""Decibels that count as 0; decibels from the quietest to the loudest value; what those two become, less and more."""

SHORTEST = WINDOW // 2 + 1
"""Samples without which there is nothing to mirror."""

Columns = NDArray[np.float64]


def column_count(samples: int) -> int:
    """Columns of a sound of so many samples: one every `HOP`, the first and the last within half a window of its ends."""
    return 1 + samples // HOP


def mel_columns(
    sound: NDArray[np.floating], first: int = 0, count: int | None = None, *, mirrored: bool = True
) -> Columns:
    """Some columns of the spectrogram of a whole sound; only the samples under them are looked at.

    Args:
        sound: ``(S,)`` in -1..1 at 16 kHz, S at least `SHORTEST`.
        first: of the columns wanted. count: how many; all that follow by default.
        mirrored: what windows meet beyond the ends: the sound as in a mirror, or nothing.

    Returns:
        ``(80, count)`` float64 in -4..4.

    Raises:
        ValueError: the sound is too short, or there are no such columns.
    """
    total = column_count(len(sound))
    count = total - first if count is None else count
    if len(sound) < SHORTEST:
        raise ValueError(f"sound: expected at least {SHORTEST} samples, found {len(sound)}")
    if not 0 <= first <= first + count <= total:
        raise ValueError(f"columns {first} to {first + count}: the sound has {total}")
    window, filters = _tables()
    begin = first * HOP - WINDOW // 2
    place = np.arange(begin, begin + (count - 1) * HOP + WINDOW) if count else np.arange(0)
    within = np.where(place < len(sound), np.abs(place), 2 * (len(sound) - 1) - place)
    emphasized = sound[within].astype(np.float64)
    emphasized -= PRE_EMPHASIS * np.where(within > 0, sound[within - 1], 0)
    if not mirrored:
        emphasized[within != place] = 0
    pieces = np.lib.stride_tricks.sliding_window_view(emphasized, WINDOW)[::HOP] if count else np.empty((0, WINDOW))
    power = np.abs(np.fft.rfft(pieces * window)) @ filters
    quietest = 10 ** (-RANGE / 20)
    level = 20 * np.log10(np.maximum(power, quietest)) - REFERENCE
    scaled = 2 * LIMIT * (level + RANGE) / RANGE - LIMIT
    return np.asarray(np.clip(scaled, -LIMIT, LIMIT).T)


@lru_cache(maxsize=1)
def _tables() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Window ``(800,)`` and mel filters ``(401, 80)``."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return hann, mel_filters(RATE, WINDOW, MELS, LOW, HIGH).numpy()
