"""Paired differences of all metrics at once, with one shared draw of speakers for those that have the same speakers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics import statistics
from metrics.statistics import Shares, Uncertainty

REPLICATES = 1000


@dataclass(frozen=True)
class Paired:
    """The difference of one metric.

    Attributes:
        base, head: means over the cases that both have. difference: head minus base. cases: behind it.
        effect: Cohen's d_z over cases. wilcoxon, permutation: p-values over speakers (cases where there is one speaker).
        unit: what was resampled. NaN everywhere without cases.
    """

    base: float
    head: float
    difference: Uncertainty
    cases: int
    effect: float
    wilcoxon: float
    permutation: float
    unit: str


def differences(
    base: NDArray[np.float64], head: NDArray[np.float64], clusters: NDArray[np.object_], seed: int, tests: bool = True
) -> list[Paired]:
    """One a metric.

    Metrics that were scored on the same cases are computed together; those of the same speakers share their draws.

    Args:
        base, head: ``(n, m)``, NaN where there is no value. clusters: speaker of each case, ``(n,)``.
        tests: whether Wilcoxon and permutation tests are wanted, which take most of the time.
    """
    change = head - base
    both = np.isfinite(change)
    found: dict[int, Paired] = {}
    patterns: dict[bytes, list[int]] = {}
    for column in range(change.shape[1]):
        patterns.setdefault(both[:, column].tobytes(), []).append(column)
    for columns in patterns.values():
        rows = both[:, columns[0]]
        part = _together(change[np.ix_(rows, columns)], clusters[rows].tolist(), seed, tests)
        for column, (difference, effect, wilcoxon, permutation, unit) in zip(columns, part, strict=True):
            one, two = (float(side[rows, column].mean()) if rows.any() else float("nan") for side in (base, head))
            found[column] = Paired(one, two, difference, int(rows.sum()), effect, wilcoxon, permutation, unit)
    return [found[column] for column in range(change.shape[1])]


def worsening(difference: Uncertainty, better: str) -> Uncertainty:
    """The difference of a metric, turned so that positive is worse."""
    if better == "lower":
        return difference
    return Uncertainty(-difference.value, difference.error, -difference.skewness, difference.degrees, difference.units)


def why_unknown(found: Paired, corpus: bool) -> str:
    """Why a difference has no interval."""
    if found.difference.units < 2:
        return "no interval: one case"
    if corpus:
        return "no interval: both sides need replicates of the same cases and seed; `space-bench score` records them"
    return "no interval: the means of the speakers agree by chance"


def _together(
    change: NDArray[np.float64], clusters: list[str], seed: int, tests: bool
) -> list[tuple[Uncertainty, float, float, float, str]]:
    """Of metrics ``(n, m)`` that have the same cases, all of them finite."""
    nan = float("nan")
    if not len(change):
        return [(Uncertainty(nan, nan, 0.0, 0.0, 0), nan, nan, nan, "speaker")] * change.shape[1]
    member, count = statistics.unit_of(clusters)
    sizes = np.bincount(member, minlength=count).astype(np.float64)
    sums = np.stack(
        [np.bincount(member, weights=column, minlength=count) for column in change.T], axis=1, dtype=np.float64
    )
    counts = statistics.bootstrap_counts(count, REPLICATES, seed)
    replicates = (counts @ sums) / (counts @ sizes)[:, None]
    shares, unit = Shares.of_sizes(sizes), statistics.resampling_unit(clusters)[0]
    flipped = statistics.permutation_p(sums, statistics.sign_flips(count, seed)) if tests else np.full(len(sums.T), nan)
    means = sums / sizes[:, None]
    return [
        (
            _careful(statistics.uncertainty(float(column.mean()), replicates[:, place], shares), column),
            statistics.cohens_dz(column),
            statistics.wilcoxon_p(means[:, place]) if tests else nan,
            float(flipped[place]),
            unit,
        )
        for place, column in enumerate(change.T)
    ]


def _careful(found: Uncertainty, change: NDArray[np.float64]) -> Uncertainty:
    """Without an error where speakers agree by chance although their clips do not: it would claim certainty."""
    if found.error == 0 and np.ptp(change) > 1e-9 * np.max(np.abs(change)):
        return Uncertainty(found.value, float("nan"), 0.0, 0.0, found.units)
    return found
