"""A number of a study with its 95 % interval and p-value, by what kind of number it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from scipy.special import stdtr, stdtrit

from reports.study.analysis.clusters import Error

LEVEL = 0.95
NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """Bounds and p-value are NaN where nothing is known of the error.

    Attributes:
        p_value: two-sided, of the value that means "nothing" (0.5 of a rate, 0 of a score or a correlation).
        adjusted: the same after Benjamini-Hochberg over its table; NaN where it was not adjusted.
    """

    value: float
    low: float = NAN
    high: float = NAN
    p_value: float = NAN
    adjusted: float = NAN


def of_rate(value: float, error: Error) -> Estimate:
    """A share, 0..1: Wilson's score interval with the effective number of answers ``p (1 - p) / variance``.

    As for proportions of complex surveys (Dean and Pagano 2015). Where all answers agree the variance is 0 and says
    nothing; then every rater (or clip, if there are fewer) counts as one answer.
    """
    if not math.isfinite(value) or not error.known:
        return Estimate(value)
    effective = value * (1 - value) / error.error**2 if error.error > 0 else float(error.fewest)
    reach = float(stdtrit(error.degrees, (1 + LEVEL) / 2))
    shrink = 1 + reach**2 / effective
    middle = (value + reach**2 / (2 * effective)) / shrink
    half = reach / shrink * math.sqrt(value * (1 - value) / effective + reach**2 / (4 * effective**2))
    p_value = _two_sided((value - 0.5) * 2 * math.sqrt(effective), error.degrees)
    return Estimate(value, max(0.0, middle - half), min(1.0, middle + half), p_value)


def of_score(value: float, error: Error) -> Estimate:
    """A number without bounds, e.g. a log-strength."""
    if not math.isfinite(value) or not error.known:
        return Estimate(value)
    half = float(stdtrit(error.degrees, (1 + LEVEL) / 2)) * error.error
    p_value = _two_sided(value / error.error, error.degrees) if error.error > 0 else NAN
    return Estimate(value, value - half, value + half, p_value)


def of_correlation(value: float, error: Error) -> Estimate:
    """A rank correlation, -1..1: symmetric on Fisher's scale, so that it stays within. None for exactly -1 or 1."""
    if not math.isfinite(value) or not error.known or error.error == 0 or abs(value) >= 1:
        return Estimate(value)
    fisher, scaled = math.atanh(value), error.error / (1 - value**2)
    half = float(stdtrit(error.degrees, (1 + LEVEL) / 2)) * scaled
    return Estimate(
        value, math.tanh(fisher - half), math.tanh(fisher + half), _two_sided(fisher / scaled, error.degrees)
    )


def adjusted(found: Sequence[Estimate]) -> list[Estimate]:
    """The same with p-values adjusted over all of them (Benjamini and Hochberg 1995); unknown ones do not count."""
    p_values = np.array([each.p_value for each in found], dtype=np.float64)
    known = np.isfinite(p_values)
    result = np.full(len(p_values), NAN)
    if known.any():
        result[known] = stats.false_discovery_control(p_values[known])
    return [replace(each, adjusted=float(value)) for each, value in zip(found, result, strict=True)]


def _two_sided(student: float, degrees: float) -> float:
    return float(2 * stdtr(degrees, -abs(student)))
