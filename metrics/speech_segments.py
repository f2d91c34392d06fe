"""From probabilities of speech to the times of speaking, as Silero VAD's own script does with its default values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE, WINDOW = 16000, 512
BEGINS, ENDS = 0.5, 0.35
MIN_SPEECH, MIN_PAUSE, PADDING = 4000, 1600, 480
"""Samples: 0.25 s, 0.1 s and 30 ms."""

SEGMENT_PROTOCOL: dict[str, Any] = {
    "voice activity": "Silero VAD 5.1.2: speech from 0.5 on, over below 0.35 for 0.1 s, at least 0.25 s, 30 ms added to both sides",
    "times": "rounded to 0.1 s, then down to whole frames, last one included, as THEval does",
}


def segments(probabilities: NDArray[np.floating], samples: int) -> list[tuple[int, int]]:
    """Begin and end of each stretch of speech in samples, in order, without overlap.

    Args:
        probabilities: ``(n,)`` of windows of 512 samples. samples: length of the sound.
    """
    found: list[tuple[int, int]] = []
    begin: int | None = None
    quiet: int | None = None
    for start, probability in zip(range(0, samples, WINDOW), probabilities, strict=True):
        if probability >= BEGINS:
            begin, quiet = (start if begin is None else begin), None
        elif begin is not None and probability < ENDS:
            quiet = start if quiet is None else quiet
            if start - quiet >= MIN_PAUSE:
                found.append((begin, quiet))
                begin = quiet = None
    if begin is not None:
        found.append((begin, samples))
    return _padded([(begin, end) for begin, end in found if end - begin > MIN_SPEECH], samples)


def _padded(found: Sequence[tuple[int, int]], samples: int) -> list[tuple[int, int]]:
    """Each stretch made longer at both ends; two that would meet share the pause between them."""
    bounds = [list(pair) for pair in found]
    for left, right in pairwise(bounds):
        pause = right[0] - left[1]
        grow = pause // 2 if pause < 2 * PADDING else PADDING
        left[1], right[0] = left[1] + grow, right[0] - grow
    if bounds:
        bounds[0][0] = max(0, bounds[0][0] - PADDING)
        bounds[-1][1] = min(samples, bounds[-1][1] + PADDING)
    return [(begin, end) for begin, end in bounds]


def speech_frames(probabilities: NDArray[np.floating], samples: int, fps: float, frames: int) -> NDArray[np.bool_]:
    """Which video frames are speech, ``(frames,)``. Arguments as in `segments`."""
    speaking = np.zeros(frames, dtype=bool)
    for begin, end in segments(probabilities, samples):
        speaking[int(round(begin / RATE, 1) * fps) : int(round(end / RATE, 1) * fps) + 1] = True
    return speaking
