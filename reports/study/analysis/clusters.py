"""How sure are we when answers share raters and clips? One error for every number of a study.

Answers of one rater resemble each other, and so do answers about one clip; neither contains the other. The variance is
that of Cameron, Gelbach and Miller (2011, "Robust inference with multiway clustering"): clustered by rater, plus clustered
by clip, minus clustered by both (a rater's answers about one clip), each with the factor ``G / (G - 1)``. The difference of
estimates may come out too small, even negative; it is not taken below the smaller of the first two (sides that are balanced
within clips make it that small), nor below a third of the last (with three or four clips, their variance is small by
chance). The width of an interval is Student's with one degree of freedom fewer than there are raters or clips, whichever are
fewer (Cameron and Miller 2015).

Each of the three comes from the replicates of a cluster bootstrap, or for an estimate with influence values from their
sums over clusters (the sandwich). The pigeonhole bootstrap (Owen 2007) would be one bootstrap instead of three, but counts
the noise of single answers three times: its intervals are up to 1.7 times as wide as need be. `python -m
bench.benchmark_study` prints what the intervals cover.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Draw = Callable[[int, int, int], FloatArray]
"""``(units, replicates, seed)`` -> how often each unit is drawn in each replicate, ``(replicates, units)``."""
Part = Literal["raters", "clips", "cells"]
Statistic = Callable[[FloatArray, Part], FloatArray]

PARTS: tuple[Part, ...] = ("raters", "clips", "cells")
MAX_UNDEFINED = 0.1
"""Share of replicates without a value above which there is no interval."""
CHUNK = 2_000_000
"""Weights held at a time (16 MB)."""


@dataclass(frozen=True)
class Resampling:
    """How replicates are drawn: `draw` gives the counts, `replicates` how many, `seed` which."""

    draw: Draw
    replicates: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Error:
    """What is known of an estimate's error. NaN and 0 degrees where nothing is: one rater or one clip.

    Attributes:
        error: standard error. degrees: of freedom. fewest: raters or clips, the smaller number.
    """

    error: float
    degrees: float
    fewest: int

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.error) and self.degrees > 0)


@dataclass(frozen=True)
class Clusters:
    """Whose answers, about which clip: codes from 0 without gaps, each ``(n,)``. cells: rater and clip together."""

    raters: IntArray
    clips: IntArray
    cells: IntArray

    @classmethod
    def of(cls, raters: Sequence[Any], clips: Sequence[Any]) -> Clusters:
        """From names ``n`` each. Codes follow the sorted names, so the order of answers does not matter."""
        one = codes(np.asarray(raters, dtype=object).astype(str))
        two = codes(np.asarray(clips, dtype=object).astype(str))
        return cls(one, two, codes(one * (two.max(initial=0) + 1) + two))

    @property
    def parts(self) -> tuple[IntArray, IntArray, IntArray]:
        return self.raters, self.clips, self.cells

    def counts(self) -> tuple[int, int, int]:
        """Raters, clips and cells."""
        raters, clips, cells = (int(part.max(initial=-1)) + 1 for part in self.parts)
        return raters, clips, cells

    def combine(self, variances: Sequence[float]) -> Error:
        """The error from the variances by raters, clips and cells; see the module."""
        fewest = min(self.counts()[:2])
        if fewest < 2 or not np.isfinite(variances).all():
            return Error(float("nan"), 0.0, fewest)
        by_rater, by_clip, by_cell = (max(0.0, float(value)) for value in variances)
        variance = max(by_rater + by_clip - by_cell, min(by_rater, by_clip), by_cell / 3)
        return Error(float(np.sqrt(variance)), float(fewest - 1), fewest)

    def sandwich(self, influence: FloatArray) -> Error:
        """The error of an estimate from the influence ``(n,)`` of each answer on it (their sum is 0)."""
        variances = []
        for part, count in zip(self.parts, self.counts(), strict=True):
            sums = np.bincount(part, weights=influence, minlength=count)
            variances.append(_factor(count) * float(sums @ sums))
        return self.combine(variances)

    def bootstrap(self, statistic: Statistic, resampling: Resampling) -> list[Error]:
        """The errors of k estimates.

        Args:
            statistic: weights of the answers ``(b, n)`` and what is resampled -> the estimates under them, ``(b, k)``.
                Called with some of the replicates at a time.
        """
        found = []
        for name, part, count in zip(PARTS, self.parts, self.counts(), strict=True):
            step = max(1, CHUNK // max(1, len(part)))
            rows = []
            for start in range(0, resampling.replicates, step):
                many = min(step, resampling.replicates - start)
                rows.append(statistic(resampling.draw(count, many, resampling.seed + start)[:, part], name))
            found.append(_variances(np.concatenate(rows)) * _factor(count))
        return [self.combine(column) for column in np.stack(found).T]


def codes(names: NDArray[Any]) -> IntArray:
    """Places of the names ``(n,)`` among the sorted distinct ones."""
    return np.asarray(np.unique(names, return_inverse=True)[1], np.int64)


def _factor(count: int) -> float:
    return count / (count - 1) if count > 1 else float("nan")


def _variances(replicates: FloatArray) -> FloatArray:
    """Of each column of ``(B, k)``; NaN where too many replicates have no value."""
    known = np.isfinite(replicates)
    enough = known.mean(axis=0) >= 1 - MAX_UNDEFINED
    result = np.full(replicates.shape[1], np.nan)
    if enough.any():
        result[enough] = np.nanvar(np.where(known, replicates, np.nan)[:, enough], axis=0)
    return result
