"""Tests and effect sizes of paired differences that assume less than an interval does, speaker by speaker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from metrics.base import FloatArray


def permutation_p(sums: FloatArray, flips: FloatArray) -> NDArray[np.float64]:
    """Two-sided p-values of no difference, by flipping the sign of whole speakers.

    The mean over clips of each metric is compared with its values under all flips. With k speakers no p-value is below
    ``2 / 2^k``: three speakers can never reach 0.05.

    Args:
        sums: ``(k, m)`` sum of the differences of each speaker's clips, a column a metric. flips: see `sign_flips`.

    Returns:
        ``(m,)``, in 0..1.
    """
    flipped = np.abs(np.asarray(flips) @ np.asarray(sums))
    # Sums of the same numbers in another order differ by rounding, and must count as equal.
    reached = flipped >= flipped[0] * (1 - 1e-9)
    return np.asarray(reached.mean(axis=0), np.float64)


def wilcoxon_p(means: FloatArray) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test over the mean difference of each speaker ``(k,)``; 1 if all are 0."""
    found = np.asarray(means, np.float64)
    if not np.any(found):
        return 1.0
    return float(stats.wilcoxon(found).pvalue)


def cohens_dz(differences: FloatArray) -> float:
    """Mean over standard deviation of the differences of the clips ``(n,)``; NaN for fewer than two or equal ones."""
    found = np.asarray(differences, np.float64)
    if len(found) < 2 or np.ptp(found) == 0:
        return float("nan")
    return float(found.mean() / found.std(ddof=1))
