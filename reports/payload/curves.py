"""Curves of all cases over time, small enough for thousands of videos: quantized, as differences, in blocks of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.data import Context, ModelKey
from reports.payload.encoding import Chunks

COLUMNS = ("aperture", "pitch", "yaw", "roll")
SCALE = (0.001, 0.1, 0.1, 0.1)
"""Steps of a thousandth of the inter-ocular distance and a tenth of a degree: finer than a screen draws or a tracker sees."""
BLOCK = 200
"""Cases a chunk: one case is shown at a time, and a chunk is unpacked for it."""
MISSING, LARGEST = -32768, 16383


@dataclass(frozen=True)
class _Lines:
    """One model's curves: ``values`` are all its cases' frames by columns, those of case k from ``starts[k]`` on."""

    starts: NDArray[np.int64]
    values: NDArray[np.int16]

    def of(self, case: int) -> NDArray[np.int16]:
        """``(columns, frames)``."""
        return self.values[self.starts[case] : self.starts[case + 1]].T


def curves(
    every: Mapping[ModelKey, pd.DataFrame], context: Context, cases: Sequence[str], chunks: Chunks
) -> dict[str, Any] | None:
    """Where the curves of a context are and how to read them; None where there are none.

    A chunk holds little-endian int16: first the number of frames of each case and model (case by case), then, case by
    case, model by model and column by column, one number a frame. Each is the difference from the last that is known (0
    before the first); -32768 stands for a frame without face. Sums times ``scale`` are the values.
    """
    found = {
        model: frame[frame["case"].isin(cases)]
        for (*where, model), frame in every.items()
        if Context(*where) == context and len(frame)
    }
    found = {model: frame for model, frame in found.items() if len(frame)}
    if not found:
        return None
    step = _step(next(iter(found.values())))
    drawn = np.flatnonzero(
        pd.Index(cases).isin(pd.Index(pd.concat([frame["case"] for frame in found.values()]).unique()))
    )
    names = pd.Index(cases)[drawn]
    lines = [_lines(frame, names, step) for frame in found.values()]
    blocks = [range(first, min(first + BLOCK, len(names))) for first in range(0, len(names), BLOCK)]
    return {
        "columns": list(COLUMNS), "scale": list(SCALE), "step": step, "models": list(found), "cases": drawn.tolist(),
        "block": BLOCK, "chunks": [chunks.add(_packed(lines, block)) for block in blocks],
    }  # fmt: skip


def _step(frame: pd.DataFrame) -> float:
    """Seconds from frame to frame."""
    gaps = np.diff(frame["time"].to_numpy(dtype=np.float64))
    gaps = gaps[gaps > 0]
    return round(float(np.median(gaps)), 6) if len(gaps) else 0.04


def _lines(frame: pd.DataFrame, names: pd.Index[Any], step: float) -> _Lines:
    case = names.get_indexer(pd.Index(frame["case"]))
    time = np.rint(frame["time"].to_numpy(dtype=np.float64) / step).astype(np.int64)
    lengths = np.zeros(len(names), np.int64)
    np.maximum.at(lengths, case, time + 1)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    whole = np.full((starts[-1], len(COLUMNS)), np.nan)
    measured = frame[list(COLUMNS)].to_numpy(dtype=np.float64) / np.asarray(SCALE)
    whole[starts[case] + time] = np.clip(np.rint(measured), -LARGEST, LARGEST)
    return _Lines(starts, _steps(whole, np.repeat(starts[:-1], lengths)))


def _steps(whole: NDArray[np.float64], begin: NDArray[np.int64]) -> NDArray[np.int16]:
    """Differences from the last known value of the same case, whose first frame is at `begin`."""
    known = np.isfinite(whole)
    here = np.arange(len(whole))[:, None]
    last = np.maximum.accumulate(np.where(known, here, -1), axis=0)
    before = np.vstack([np.full((1, whole.shape[1]), -1), last[:-1]]) if len(whole) else last
    inside = before >= begin[:, None]
    earlier = np.where(inside, np.take_along_axis(whole, np.maximum(before, 0), axis=0), 0.0)
    return np.where(known, whole - np.nan_to_num(earlier), MISSING).astype("<i2")


def _packed(lines: Sequence[_Lines], block: range) -> bytes:
    counts = np.array([[line.starts[case + 1] - line.starts[case] for line in lines] for case in block], "<i2")
    return b"".join([counts.tobytes(), *(line.of(case).tobytes() for case in block for line in lines)])
