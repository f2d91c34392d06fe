"""One seeded draw of speakers that every model and every metric shares.

Clips of one speaker resemble each other, so speakers are resampled, not clips (and never frames). A resample is a
vector of counts, one a clip; every metric, corpus distances too, takes such weights. All models see the same weights,
so the difference of two models is resampled as a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray, weighted_mean

Aggregate = Callable[[Sequence[Any], FloatArray], float]
Unit = Literal["speaker", "clip"]

MAX_FLIPS, MAX_SIGNS = 9999, 10_000_000
"""Sign flips of a permutation test, and of how many signs they may consist (80 MB). With up to 13 speakers all are tried."""


def resampling_unit(clusters: Sequence[str]) -> tuple[Unit, int]:
    """What `bootstrap_weights` resamples and how many of them there are: speakers, or clips if there is one speaker.

    An interval over the clips of one speaker says nothing about other speakers; show the unit beside it.
    """
    speakers = len(set(clusters))
    return ("speaker", speakers) if speakers >= 2 else ("clip", len(clusters))


def unit_of(clusters: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """The resampled unit of each clip as a number ``(n,)``, in the order of the speakers' names, and how many there are."""
    unit, count = resampling_unit(clusters)
    if unit == "clip":
        return np.arange(count), count
    return np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64), count


def bootstrap_counts(units: int, replicates: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """How often each of the units is drawn in each replicate, ``(replicates, units)``: as many draws as there are units.

    Raises:
        ValueError: no units, or fewer than one replicate.
    """
    if units < 1 or replicates < 1:
        raise ValueError(f"expected clips and replicates, got {units} clips and {replicates} replicates")
    drawn = np.random.default_rng(seed).integers(0, units, size=(replicates, units))
    counts = np.zeros((replicates, units))
    np.add.at(counts, (np.arange(replicates)[:, None], drawn), 1.0)
    return counts


def bootstrap_weights(clusters: Sequence[str], replicates: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """How often each clip is drawn in each bootstrap replicate, ``(replicates, n)``.

    Of k speakers, k are drawn with replacement, each with all its clips. With fewer than two speakers clips are drawn
    instead (see `resampling_unit`). A speaker's draws depend on the seed and on the sorted speaker names only, so the
    order of the clips does not matter.

    Args:
        clusters: speaker of each clip, ``n`` names (names should carry their dataset where several are mixed).

    Raises:
        ValueError: no clips, or fewer than one replicate.
    """
    member, count = unit_of(clusters)
    return bootstrap_counts(count, replicates, seed)[:, member]


def sign_flips(units: int, seed: int = 0) -> NDArray[np.float64]:
    """Rows of +1 and -1, ``(S, units)``, the first without a flip: all there are, or up to `MAX_FLIPS` more at random."""
    if 2**units <= MAX_FLIPS:
        return np.array(list(product((1.0, -1.0), repeat=units)))
    rows = min(MAX_FLIPS, max(MAX_SIGNS // units, 999))
    drawn = np.random.default_rng(seed).integers(0, 2, size=(rows, units), dtype=np.int8)
    return np.concatenate([np.ones((1, units)), 1.0 - 2.0 * drawn])


def replicate_values(aggregate: Aggregate, values: Sequence[Any], weights: FloatArray) -> NDArray[np.float64]:
    """The aggregate under each weight vector ``(B, n)`` -> ``(B,)``; NaN where a replicate has no value.

    Means are one matrix product; aggregates that offer ``prepare`` do their shared work once.
    """
    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != len(values):
        raise ValueError(f"expected weights (B, {len(values)}) for {len(values)} values, got {matrix.shape}")
    if aggregate is weighted_mean:
        totals = matrix.sum(axis=1)
        sums = matrix @ np.asarray(values, dtype=np.float64)
        return np.divide(sums, totals, out=np.full(len(matrix), np.nan), where=totals > 0)
    prepare = getattr(aggregate, "prepare", None)
    evaluate = prepare(values) if prepare is not None else lambda row: aggregate(values, row)
    return np.array([evaluate(row) for row in matrix])
