"""Soft dynamic time warping: a distance of sequences that forgives a little timing (Cuturi and Blondel, ICML 2017).

Frame-wise metrics punish a mouth that opens one frame late as much as one that opens at the wrong word. Here frames may be
matched with others at most `window` frames away. The plain value is below 0 for equal sequences; `soft_dtw_divergence` (Blondel,
Mensch and Vert, AISTATS 2021) is 0 there. Own code: the packages for it bring compilers or many more
distances, and a clip's cost matrix is small.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

WARP_SECONDS = 0.2
"""Frames of two videos that may be paired are so close."""

Distance = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Differences of frames ``(n, P, C)`` -> how far apart they are ``(n,)``."""


def soft_dtw(cost: NDArray[np.floating], gamma: float, window: int | None = None) -> float:
    """Soft minimum, over all monotone paths from the first to the last pair, of the sum of costs along the path.

    Args:
        cost: ``(n, m)`` of pairing frame i of one sequence with frame j of the other; finite, n and m at least 1.
        gamma: softness above 0, in the unit of `cost`; towards 0 it becomes dynamic time warping.
        window: largest ``|i - j|`` that may be paired (Sakoe and Chiba 1978), counted from the diagonal of unequal lengths: at
            least ``|n - m|`` is always allowed. None for no limit.

    Raises:
        ValueError: an empty or infinite cost, or gamma not above 0.
    """
    costs = _checked(cost, gamma, window)
    return float(_soft_path(costs[None], gamma)[0])


def _checked(cost: NDArray[np.floating], gamma: float, window: int | None) -> NDArray[np.float64]:
    """Costs with infinity where no path may go."""
    costs = np.asarray(cost, dtype=np.float64)
    if costs.ndim != 2 or costs.size == 0 or not np.isfinite(costs).all():
        raise ValueError(f"expected finite costs (n, m) of at least one frame each, got shape {costs.shape}")
    if not gamma > 0:
        raise ValueError(f"expected a softness gamma above 0, got {gamma:g}")
    if window is not None:
        costs = np.where(_outside(costs.shape[0], costs.shape[1], window), np.inf, costs)
    return costs


def soft_dtw_divergence(
    cross: NDArray[np.floating],
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    gamma: float,
    window: int | None = None,
) -> float:
    """``soft_dtw(x, y) - (soft_dtw(x, x) + soft_dtw(y, y)) / 2``: 0 for equal sequences.

    Args:
        cross: costs ``(n, m)`` between the sequences. first, second: ``(n, n)`` and ``(m, m)`` within each.
        gamma, window: as in `soft_dtw`.
    """
    every = [cross, first, second]
    if cross.shape == first.shape == second.shape:
        # Side by side: on so few numbers a call costs more than its arithmetic.
        values = _soft_path(np.stack([_checked(cost, gamma, window) for cost in every]), gamma)
    else:
        values = np.array([soft_dtw(cost, gamma, window) for cost in every])
    return float(values[0] - (values[1] + values[2]) / 2)


def mean_length(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean length of the differences ``(n, P, C)`` of P points: ``(n,)``."""
    lengths: NDArray[np.float64] = np.sqrt(np.einsum("npc,npc->np", apart, apart)).mean(axis=1)
    return lengths


def warped_mean(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    fps: float,
    gamma: float,
    distance: Distance = mean_length,
) -> float:
    """Soft-DTW divergence of two sequences of equal length ``(n, P, C)``, n at least 1, per frame; 0 for equal ones.

    Frames may be paired with others at most `WARP_SECONDS` away.
    """
    window = round(WARP_SECONDS * fps)
    between, own, others = (
        _band(a, b, window, distance) for a, b in ((first, second), (first, first), (second, second))
    )
    return soft_dtw_divergence(between, own, others, gamma, window) / len(first)


def _band(
    first: NDArray[np.float64], second: NDArray[np.float64], window: int, distance: Distance
) -> NDArray[np.float64]:
    """``(n, n)`` distances of frames at most `window` apart; no path meets the zeros elsewhere."""
    costs = np.zeros((len(first), len(second)))
    # Of one sequence with itself half is the mirror of the other half.
    for shift in range(1 if first is second else -window, window + 1):
        rows = np.arange(max(0, -shift), min(len(first), len(second) - shift))
        costs[rows, rows + shift] = distance(first[rows] - second[rows + shift])
    if first is second:
        costs += costs.T
    return costs


def _outside(rows: int, columns: int, window: int) -> NDArray[np.bool_]:
    shift = np.arange(columns)[None, :] - np.arange(rows)[:, None]
    return np.asarray((shift < min(0, columns - rows) - window) | (shift > max(0, columns - rows) + window))


def _soft_path(costs: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """The recursion on costs ``(B, n, m)``, one anti-diagonal at a time: cells of one do not depend on each other."""
    count, rows, columns = costs.shape
    # By row index, with an edge before the first row: path values of the last two anti-diagonals.
    before, last = np.full((count, rows + 1), np.inf), np.full((count, rows + 1), np.inf)
    before[:, 0] = 0.0
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        steps = np.stack([before[:, i], last[:, i], last[:, i + 1]])
        now = np.full((count, rows + 1), np.inf)
        reached = np.isfinite(steps).any(axis=(0, 1))
        chosen, steps = i[reached], steps[:, :, reached]
        least = steps.min(axis=0)
        # Written out: scipy's logsumexp costs ten times as much on so few numbers.
        soft = least - gamma * np.log(np.exp((least - steps) / gamma).sum(axis=0))
        now[:, chosen + 1] = costs[:, chosen, diagonal - chosen] + soft
        before, last = last, now
    return last[:, rows]
