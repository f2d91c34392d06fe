"""How sure are we? One seeded bootstrap over speakers that every model and every metric shares.

Clips of one speaker resemble each other, so speakers are resampled, not clips (and never frames). A resample is a
vector of counts, one a clip; every metric, corpus distances too, takes such weights. All models see the same weights,
so the difference of two models is resampled as a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from metrics.base import FloatArray, Status, weighted_mean

Aggregate = Callable[[Sequence[Any], FloatArray], float]
Unit = Literal["speaker", "clip"]

MAX_UNDEFINED = 0.1
"""Share of replicates without a value (one clip has no Fréchet distance, say) above which there is no interval."""


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval. Bounds are NaN where there is none.

    Attributes:
        value: computed on all clips. low, high: bounds at `level`.
        units: how many speakers (or clips) were resampled; 0 if not told.
    """

    value: float
    low: float
    high: float
    level: float
    units: int = 0


@dataclass(frozen=True)
class Coverage:
    """How many of the cases that a metric was asked for have a value."""

    scored: int
    asked: int

    @property
    def share(self) -> float:
        """0..1; NaN if the metric applies to no case."""
        return self.scored / self.asked if self.asked else float("nan")

    def __str__(self) -> str:
        return f"{self.scored}/{self.asked}"


def coverage(statuses: Iterable[str]) -> Coverage:
    """Count ``ok`` among all statuses but ``not_applicable``, whose question was never asked."""
    asked = [Status(status) for status in statuses if status != Status.NOT_APPLICABLE]
    return Coverage(sum(status is Status.OK for status in asked), len(asked))


def resampling_unit(clusters: Sequence[str]) -> tuple[Unit, int]:
    """What `bootstrap_weights` resamples and how many of them there are: speakers, or clips if there is one speaker.

    An interval over the clips of one speaker says nothing about other speakers; show the unit beside it.
    """
    speakers = len(set(clusters))
    return ("speaker", speakers) if speakers >= 2 else ("clip", len(clusters))


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
    if len(clusters) == 0 or replicates < 1:
        raise ValueError(f"expected clips and replicates, got {len(clusters)} clips and {replicates} replicates")
    unit, count = resampling_unit(clusters)
    member = np.unique(np.asarray(clusters), return_inverse=True)[1] if unit == "speaker" else np.arange(count)
    random = np.random.default_rng(seed)
    drawn = random.integers(0, count, size=(replicates, count))
    counts = np.zeros((replicates, count))
    np.add.at(counts, (np.arange(replicates)[:, None], drawn), 1.0)
    return counts[:, member]


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


def interval(
    value: float, replicates: FloatArray, level: float = 0.95, *, units: int = 0, recentre: bool = False
) -> Interval:
    """Percentile interval of bootstrap replicates.

    Args:
        value: the metric on all clips. replicates: ``(B,)``.
        units: number of resampled speakers or clips. If given, the percentiles are expanded for few units
            (Hesterberg 2015): plain ones are too narrow by ``sqrt((n - 1) / n)``, with the normal for Student's t.
        recentre: shift the replicates so that their median is the value. For distances between distributions, whose
            replicates are biased upwards because a resample holds fewer distinct clips.

    Returns:
        Bounds are NaN if the value is, if over 10 % of the replicates have no value, or with one unit.
    """
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
    known = np.asarray(replicates, dtype=np.float64)
    known = known[np.isfinite(known)]
    enough = len(known) > 0 and len(known) >= (1 - MAX_UNDEFINED) * len(replicates)
    if not np.isfinite(value) or not enough or units == 1:
        return Interval(value, float("nan"), float("nan"), level, units)
    if recentre:
        known = known + (value - np.median(known))
    tail = (1 - level) / 2
    if units >= 2:
        tail = float(ndtr(np.sqrt(units / (units - 1)) * stdtrit(units - 1, tail)))
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(value, float(low), float(high), level, units)


def estimate(
    aggregate: Aggregate,
    values: Sequence[Any],
    clusters: Sequence[str],
    weights: FloatArray,
    level: float = 0.95,
    *,
    recentre: bool = False,
) -> Interval:
    """The metric on all clips with its interval.

    Args:
        values: per-clip values of the n scored clips. clusters: their speakers. weights: ``(B, n)``.
    """
    if len(values) == 0:
        return Interval(float("nan"), float("nan"), float("nan"), level)
    value = float(aggregate(values, np.ones(len(values))))
    units = resampling_unit(clusters)[1]
    return interval(value, replicate_values(aggregate, values, weights), level, units=units, recentre=recentre)


@dataclass(frozen=True)
class Difference:
    """Second model minus first on the same clips.

    Attributes:
        interval: of the difference. p_value: two-sided, from the same bootstrap: twice the share of replicates on the
            far side of 0, at least ``2 / (B + 1)``; NaN where there is no interval.
    """

    interval: Interval
    p_value: float


def paired_difference(
    aggregate: Aggregate,
    first: Sequence[Any],
    second: Sequence[Any],
    clusters: Sequence[str],
    weights: FloatArray,
    level: float = 0.95,
    *,
    recentre: bool = False,
) -> Difference:
    """How much the second model differs from the first, clip by clip on those that both have.

    Args:
        first, second: per-clip values of the same n clips, in the same order. clusters: their speakers.
        weights: ``(B, n)``, one draw for both models.
    """
    if len(first) != len(second):
        raise ValueError(f"expected the same clips for both models, got {len(first)} and {len(second)}")
    if len(first) == 0:
        return Difference(Interval(float("nan"), float("nan"), float("nan"), level), float("nan"))
    ones = np.ones(len(first))
    value = float(aggregate(second, ones)) - float(aggregate(first, ones))
    replicates = replicate_values(aggregate, second, weights) - replicate_values(aggregate, first, weights)
    bounds = interval(value, replicates, level, units=resampling_unit(clusters)[1], recentre=recentre)
    if not np.isfinite(bounds.low):
        return Difference(bounds, float("nan"))
    known = replicates[np.isfinite(replicates)]
    if recentre:
        known = known + (value - np.median(known))
    beyond = min(int(np.sum(known <= 0)), int(np.sum(known >= 0)))
    return Difference(bounds, min(1.0, 2 * (beyond + 1) / (len(known) + 1)))
