"""The frames of many clips, one side of a corpus metric: held where they are few, read again clip by clip where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray

HELD_BYTES = 200 * 2**20
"""What the frames of both sides may take as float64. More than that is asked for again whenever it is needed."""
BLOCK_ROWS = 2048
"""Frames that are worked on together."""

Rows = NDArray[np.float64]


def finite_rows(rows: FloatArray) -> Rows:
    """Rows ``(n, d)`` as float64.

    Raises:
        ValueError: for another shape, or where a value is not finite (the row is named).
    """
    data = np.asarray(rows, dtype=np.float64)
    if data.ndim != 2:
        raise ValueError(f"expected samples as rows (n, d), got shape {data.shape}")
    bad = np.flatnonzero(~np.all(np.isfinite(data), axis=1))
    if len(bad):
        raise ValueError(f"sample {bad[0]} of {len(data)} is not finite")
    return data


class ClipRows:
    """The frames of each clip, ``(n_i, d)`` float64.

    Attributes:
        counts: frames a clip ``(K,)``. held: whether all are in memory.
    """

    def __init__(self, counts: Sequence[int], read: Callable[[int], Rows], held: bool) -> None:
        self.counts = np.asarray(counts, dtype=np.int64)
        self._read = read
        self.held = held

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, clip: int) -> Rows:
        return self._read(clip)

    def __iter__(self) -> Iterator[Rows]:
        return map(self._read, range(len(self)))

    def blocks(self, wanted: NDArray[np.int64] | None = None) -> Iterator[tuple[NDArray[np.int64], Rows]]:
        """Runs of clips (all, or those of these indices) with about `BLOCK_ROWS` frames: their indices, their frames together."""
        clips: list[int] = []
        rows: list[Rows] = []
        size = 0
        for clip in range(len(self)) if wanted is None else wanted.tolist():
            part = self._read(clip)
            if rows and size + len(part) > BLOCK_ROWS:
                yield np.asarray(clips), np.concatenate(rows)
                clips, rows, size = [], [], 0
            clips.append(clip)
            rows.append(part)
            size += len(part)
        if rows:
            yield np.asarray(clips), np.concatenate(rows)


def both_sides(samples: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[ClipRows, ClipRows]:
    """Generated and reference frames of clips, looked at once: counted, checked, and kept if they are few.

    Args:
        samples: pairs ``(n_i, d)``, ``(m_i, d)``. A sequence that reads its clips when asked is asked again for large corpora.

    Raises:
        ValueError: as `finite_rows`.
    """
    kept: tuple[list[Rows], list[Rows]] | None = ([], [])
    counts: tuple[list[int], list[int]] = ([], [])
    size = 0
    for index in range(len(samples)):
        for side, rows in enumerate(map(finite_rows, samples[index])):
            counts[side].append(len(rows))
            size += rows.nbytes
            if kept is not None:
                kept[side].append(rows)
        if size > HELD_BYTES:
            kept = None
    if kept is not None:
        return ClipRows(counts[0], kept[0].__getitem__, True), ClipRows(counts[1], kept[1].__getitem__, True)
    return ClipRows(counts[0], _reader(samples, 0), False), ClipRows(counts[1], _reader(samples, 1), False)


def _reader(samples: Sequence[Any], side: int) -> Callable[[int], Rows]:
    return lambda clip: np.asarray(samples[clip][side], dtype=np.float64)
