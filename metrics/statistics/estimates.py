"""Values with intervals, and differences of two models, for every metric from the same shared weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metrics.base import FloatArray
from metrics.statistics.resampling import Aggregate, replicate_values
from metrics.statistics.uncertainty import LEVEL, Interval, Shares, Uncertainty, uncertainty


def estimate(
    aggregate: Aggregate, values: Sequence[Any], clusters: Sequence[str], weights: FloatArray, level: float = LEVEL
) -> Interval:
    """The metric on all clips with its interval.

    Args:
        values: per-clip values of the n scored clips. clusters: their speakers. weights: ``(B, n)``.
    """
    if len(values) == 0:
        return Interval(float("nan"), float("nan"), float("nan"), level)
    value = float(aggregate(values, np.ones(len(values))))
    return uncertainty(value, replicate_values(aggregate, values, weights), Shares.of(clusters)).interval(level)


@dataclass(frozen=True)
class Difference:
    """Second model minus first on the same clips.

    Attributes:
        interval: of the difference. p_value: two-sided, of no difference; NaN where there is no interval.
    """

    interval: Interval
    p_value: float


def paired_uncertainty(
    aggregate: Aggregate, first: Sequence[Any], second: Sequence[Any], clusters: Sequence[str], weights: FloatArray
) -> Uncertainty:
    """How much the second model differs from the first, clip by clip on those that both have.

    Args:
        first, second: per-clip values of the same n clips, in the same order. clusters: their speakers.
        weights: ``(B, n)``, one draw for both models.

    Raises:
        ValueError: the models have different numbers of clips.
    """
    if len(first) != len(second):
        raise ValueError(f"expected the same clips for both models, got {len(first)} and {len(second)}")
    if len(first) == 0:
        return Uncertainty(float("nan"), float("nan"), 0.0, 0.0, 0)
    ones = np.ones(len(first))
    value = float(aggregate(second, ones)) - float(aggregate(first, ones))
    replicates = replicate_values(aggregate, second, weights) - replicate_values(aggregate, first, weights)
    return uncertainty(value, replicates, Shares.of(clusters))


def paired_difference(
    aggregate: Aggregate, first: Sequence[Any], second: Sequence[Any], clusters: Sequence[str], weights: FloatArray,
    level: float = LEVEL,
) -> Difference:  # fmt: skip
    """`paired_uncertainty` as an interval and a p-value."""
    found = paired_uncertainty(aggregate, first, second, clusters, weights)
    return Difference(found.interval(level), found.p_value())
