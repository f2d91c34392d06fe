"""Groups of cases in which results may differ: emotion, level, head angle, speaker, clip length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ANGLES, LENGTHS = (15.0, 30.0), (2.0, 4.0, 6.0, 8.0)
LEAST = 5
"""Cases that two of the fixed ranges must hold; otherwise thirds of what is there say more."""
SPREAD = 1.25
"""How many times the lower third's end the upper third's begin must be: clips of 2.3 and of 2.4 s do not differ."""
MOST_SPEAKERS = 60


@dataclass(frozen=True)
class Groups:
    """One way to part the cases.

    Attributes:
        kind, title: its name, and as people read it. labels: of the groups, in order.
        codes: ``(cases,)`` index of each case's label, -1 where it is in no group.
    """

    kind: str
    title: str
    labels: Sequence[str]
    codes: NDArray[np.int64]


def groups_of(cases: pd.DataFrame, angles: NDArray[np.float64]) -> list[Groups]:
    """All that part these cases into at least two groups.

    Args:
        cases: with speaker, emotion, level and seconds (each may be absent values). angles: degrees ``(cases,)``.
    """
    speakers = cases["speaker"].value_counts()
    found = [
        _named("emotion", "Emotion", cases["emotion"]),
        _named("level", "Level", cases["level"]),
        _ranged("angle", "Head angle", angles, ANGLES, "°"),
        # Speakers with a clip each are not groups, and hundreds of them nobody reads.
        *([_named("speaker", "Speaker", cases["speaker"])] if 2 <= len(speakers) <= min(MOST_SPEAKERS, len(cases) - 1) else []),
        _ranged("seconds", "Clip length", cases["seconds"].to_numpy(dtype=np.float64, na_value=np.nan), LENGTHS, " s"),
    ]  # fmt: skip
    return [groups for groups in found if len(groups.labels) >= 2]


def _named(kind: str, title: str, values: pd.Series[Any]) -> Groups:
    codes, labels = pd.factorize(values, sort=True, use_na_sentinel=True)
    return Groups(kind, title, [str(label) for label in labels], np.asarray(codes, np.int64))


def _ranged(kind: str, title: str, values: NDArray[np.float64], edges: Sequence[float], unit: str) -> Groups:
    """By fixed edges where two ranges hold enough, else by thirds."""
    known, none = np.isfinite(values), Groups(kind, title, [], np.full(len(values), -1))
    if not known.any():
        return none
    inner = np.asarray(edges)
    if (np.bincount(np.digitize(values[known], inner)) >= LEAST).sum() < 2:
        inner = np.unique(np.quantile(values[known], (1 / 3, 2 / 3)).round(1))
        if inner[-1] < SPREAD * inner[0]:
            return none
    raw = np.where(known, np.digitize(np.where(known, values, 0), inner), -1)
    present = np.unique(raw[known])
    names = [_range_name(place, inner, unit) for place in present]
    return Groups(kind, title, names, np.where(known, np.searchsorted(present, raw), -1))


def _range_name(place: int, edges: NDArray[np.float64], unit: str) -> str:
    if place == 0:
        return f"under {edges[0]:g}{unit}"
    if place == len(edges):
        return f"{edges[-1]:g}{unit} and more"
    return f"{edges[place - 1]:g}–{edges[place]:g}{unit}"
