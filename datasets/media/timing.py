"""Which source frame is on screen at the time of each output frame: the one rule of resampling in time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

MAX_TOLERANCE = 0.001
"""Seconds. Containers that round time stamps do so to 1 ms or finer; a coarser tick (a raw stream that counts frames)
is exact, and half of it would be half a frame."""

_EPSILON = 1e-6  # of an output frame: far above float64 noise for days of video, far below any tick


def tolerance_of(tick: float) -> float:
    """Slack in seconds for time stamps that were rounded to multiples of `tick` seconds."""
    return min(tick / 2, MAX_TOLERANCE)


def first_output(time: float, fps: float, tolerance: float = 0.0) -> int:
    """First output frame ``k`` whose time ``k / fps`` is not before `time` (seconds, first source frame at 0)."""
    return max(0, math.ceil((time - tolerance) * fps - _EPSILON))


def output_length(end: float, fps: float) -> int:
    """Number of output frames of a video whose last frame leaves the screen at `end` seconds.

    Nearest whole number of frames (halves up), at least 1: the result is never further than half an output frame
    from the true length, so sound and picture stay together, and resampling to the same rate changes nothing.
    """
    return max(1, math.floor(end * fps + 0.5 + _EPSILON))


def frame_index(
    times: Sequence[float] | NDArray[np.float64], fps: float, *, end: float | None = None, tolerance: float = 0.0
) -> NDArray[np.int64]:
    """Source frame shown at each output time ``k / fps``: the last one that began at or before it.

    Args:
        times: ``(T,)`` start of each source frame in seconds, not decreasing; counted from ``times[0]``.
        fps: output frames a second.
        end: when the last source frame leaves the screen, on the clock of `times`. None: it stays as long as the
            median source frame (a single frame: one output frame).
        tolerance: a frame may begin this many seconds after the output time and still be shown (see `tolerance_of`).

    Returns:
        ``(K,)`` indices into `times`, not decreasing; ``K = output_length(end - times[0], fps)``.

    Raises:
        ValueError: no times, decreasing times, or a rate that is not positive.
    """
    stamps = np.asarray(times, dtype=np.float64)
    if stamps.ndim != 1 or len(stamps) == 0:
        raise ValueError("times must be a non-empty sequence of seconds")
    if not fps > 0:
        raise ValueError(f"fps must be positive, got {fps}")
    steps = np.diff(stamps)
    if np.any(steps < 0):
        raise ValueError("times must not decrease")
    if end is None:
        end = float(stamps[-1]) + (float(np.median(steps)) if len(steps) else 1 / fps)
    length = output_length(end - float(stamps[0]), fps)
    starts = [min(length, first_output(float(t - stamps[0]), fps, tolerance)) for t in stamps]
    return np.repeat(np.arange(len(stamps), dtype=np.int64), np.diff([*starts, length]))


def resample(
    shown: Iterable[tuple[T, float, float]], fps: float, first: int = 0, stop: int | None = None
) -> Iterator[T]:
    """`frame_index` for frames that come one by one: what is on screen at the times ``k / fps``, ``first <= k < stop``.

    Args:
        shown: a frame (or anything that stands for it), when it appears (less the tolerance) and when it goes if no other
            follows, in seconds after the first frame of the file. It may begin anywhere at or before ``first / fps``.
        stop: None means to the end.
    """
    held: list[T] = []  # none or one: whatever T is, None included
    end, given = 0.0, first
    for frame, time, until in shown:
        begins = first_output(time, fps)
        if held:
            for _ in range(given, begins if stop is None else min(begins, stop)):
                yield held[0]
            given = max(given, begins)
        if stop is not None and given >= stop:
            return
        held, end = [frame], until
    if held:
        length = output_length(end, fps)
        for _ in range(given, length if stop is None else min(length, stop)):
            yield held[0]
