"""Rank correlations of differences, whose sign depends on which video is called the first.

A pair of videos gives the same news whichever is named first, so each pair counts both ways: ``(x, y)`` and ``(-x, -y)``.
Spearman's rho and Kendall's tau-b of those 2 m points do not depend on the naming. Replicates of a bootstrap are computed
by rows, since a study asks for a hundred metrics times thousands of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_COMPARED = 20_000
"""Pairs of pairs that a replicate of tau looks at: all there are up to 200 pairs of videos, a seeded draw of them above."""


def correlations(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Spearman's rho and Kendall's tau-b of differences ``(m,)``, each counted both ways; NaN where one does not vary."""
    both = np.concatenate([x, -x]), np.concatenate([y, -y])
    if len(x) < 2 or np.ptp(both[0]) == 0 or np.ptp(both[1]) == 0:
        return float("nan"), float("nan")
    return float(stats.spearmanr(*both).statistic), float(stats.kendalltau(*both).statistic)


def signed_ranks(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Rank of each value among all values and their negatives, from the middle; weighted, equal ones share theirs.

    Args:
        values, weights: ``(b, m)``, row by row; weights at least 0.
    """
    size = np.abs(values)
    order = np.argsort(size, axis=1)
    ordered = np.take_along_axis(size, order, axis=1)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    before = np.hstack([np.zeros((len(reached), 1)), reached[:, :-1]])
    places = np.arange(ordered.shape[1])
    fresh = np.hstack([np.ones((len(ordered), 1), bool), ordered[:, 1:] != ordered[:, :-1]])
    last = np.hstack([fresh[:, 1:], np.ones((len(ordered), 1), bool)])
    start = np.maximum.accumulate(np.where(fresh, places, 0), axis=1)
    stop = np.minimum.accumulate(np.where(last, places, ordered.shape[1])[:, ::-1], axis=1)[:, ::-1]
    middle = (np.take_along_axis(before, start, axis=1) + np.take_along_axis(reached, stop, axis=1)) / 2
    result = np.empty_like(middle)
    np.put_along_axis(result, order, middle, axis=1)
    return np.asarray(np.sign(values) * result, np.float64)


def spearman_rows(x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """rho of each row of ``(b, m)``: ranks are odd, so their mean is 0."""
    one, two = signed_ranks(x, weights), signed_ranks(y, weights)
    product, square_x, square_y = ((weights * part).sum(axis=1) for part in (one * two, one**2, two**2))
    return _ratio(product, square_x * square_y)


class Tau:
    """Kendall's tau-b of many metrics with one preference, replicate by replicate.

    Args:
        pairs: how many pairs of videos. groups: of each pair, ``(m,)``; then only pairs of one group are compared, as they
            are named and not both ways: the caller names the videos of a group alike.
    """

    def __init__(self, pairs: int, groups: IntArray | None = None) -> None:
        one, two = np.triu_indices(pairs, 1)
        if groups is not None:
            one, two = one[alike := groups[one] == groups[two]], two[alike]
        self.mirrored, self.complete = groups is None, len(one) <= MOST_COMPARED
        if not self.complete:
            chosen = np.random.default_rng(0).choice(len(one), MOST_COMPARED, replace=False)
            one, two = one[chosen], two[chosen]
        self.one, self.two = one, two

    def signs(self, values: FloatArray) -> NDArray[np.float32]:
        """Of the differences compared, ``(b, m) -> (b, c)``."""
        parts = [values[:, self.one] - values[:, self.two]]
        if self.mirrored:
            parts.append(values[:, self.one] + values[:, self.two])
        return np.sign(np.concatenate([*parts, *([values] if self._own else [])], axis=1)).astype(np.float32)

    def weights(self, weights: FloatArray) -> NDArray[np.float32]:
        """Of the differences compared, ``(b, m) -> (b, c)``."""
        both = weights[:, self.one] * weights[:, self.two]
        # Two pairs meet in four ways, of which two and two say the same; a pair meets its own mirror image once.
        own = [weights**2 / 2] if self._own else []
        return np.concatenate([both, *([both] if self.mirrored else []), *own], axis=1).astype(np.float32)

    @property
    def _own(self) -> bool:
        return self.mirrored and self.complete

    def rows(self, x: NDArray[np.float32], y: FloatArray, weights: FloatArray) -> FloatArray:
        """tau-b of each replicate and metric, ``(b, k)``.

        Args:
            x: `signs` of k metrics ``(k, c)``. y, weights: ``(b, m)``.
        """
        signs, mass = self.signs(y), self.weights(weights)
        square_y = (mass * signs**2).sum(axis=1, keepdims=True)
        return _ratio((mass * signs) @ x.T, (mass @ (x**2).T) * square_y)


def _ratio(product: FloatArray | NDArray[np.float32], squares: FloatArray | NDArray[np.float32]) -> FloatArray:
    total = np.asarray(squares, np.float64)
    return np.divide(product, np.sqrt(total), out=np.full(total.shape, np.nan), where=total > 0)
