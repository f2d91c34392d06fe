"""Soft dynamic time warping: a distance of sequences that forgives a little timing (Cuturi and Blondel, ICML 2017).

Frame-wise metrics punish a mouth that opens one frame late as much as one that opens at the wrong word. Here frames may be
matched with others at most `window` frames away. The plain value is below 0 for equal sequences; `soft_dtw_divergence` (Blondel,
Mensch and Vert, AISTATS 2021) is 0 there. Own code: the packages for it bring compilers or many more
distances, and hold all pairs of frames, which are 1.8 GB for ten minutes of video. Only pairs within the window are held here.
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
    costs = np.asarray(cost, dtype=np.float64)
    if costs.ndim != 2:
        raise ValueError(f"expected finite costs (n, m), got shape {costs.shape}")
    _check(costs, gamma)
    rows, columns = costs.shape
    wide = max(rows, columns) if window is None else window
    first = max(min(0, columns - rows) - wide, 1 - rows)
    last = min(max(0, columns - rows) + wide, columns - 1)
    band = np.zeros((rows, last - first + 1))
    for shift in range(first, last + 1):
        held = _rows(rows, columns, shift)
        band[held, shift - first] = costs[held, held + shift]
    return float(_soft_path(band[None], columns, first, gamma)[0])


def _check(costs: NDArray[np.float64], gamma: float) -> None:
    if costs.size == 0 or not np.isfinite(costs).all():
        raise ValueError(f"expected finite costs of at least one frame each, got shape {costs.shape}")
    if not gamma > 0:
        raise ValueError(f"expected a softness gamma above 0, got {gamma:g}")


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
    value, own, other = (soft_dtw(cost, gamma, window) for cost in (cross, first, second))
    return value - (own + other) / 2


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

    Raises:
        ValueError: no frames, numbers that are not finite, or gamma not above 0.
    """
    window = max(0, min(round(WARP_SECONDS * fps), len(first) - 1))
    pairs = ((first, second), (first, first), (second, second))
    # Side by side: on so few numbers a call costs more than its arithmetic.
    bands = np.stack([_band(a, b, window, distance) for a, b in pairs])
    _check(bands, gamma)
    between, own, other = _soft_path(bands, len(second), -window, gamma)
    return float(between - (own + other) / 2) / len(first)


def _band(
    first: NDArray[np.float64], second: NDArray[np.float64], window: int, distance: Distance
) -> NDArray[np.float64]:
    """``(n, 2 window + 1)``: how far frame i of `first` is from frame ``i + shift`` of `second`, by shift from ``-window``;
    0 where there is no such frame."""
    costs = np.zeros((len(first), 2 * window + 1))
    # Of one sequence with itself half is the mirror of the other half.
    for shift in range(0 if first is second else -window, window + 1):
        rows = _rows(len(first), len(second), shift)
        costs[rows, window + shift] = distance(first[rows] - second[rows + shift])
        if first is second:
            costs[rows + shift, window - shift] = costs[rows, window + shift]
    return costs


def _rows(rows: int, columns: int, shift: int) -> NDArray[np.int64]:
    """Rows i of a matrix that have a column ``i + shift``."""
    return np.arange(max(0, -shift), min(rows, columns - shift))


def _soft_path(bands: NDArray[np.float64], columns: int, first: int, gamma: float) -> NDArray[np.float64]:
    """The recursion, one anti-diagonal ``i + j`` at a time: cells of one do not depend on each other. Time and memory grow with the
    length of the sequences, not with its square.

    Args:
        bands: costs ``(B, n, D)`` of row i and column ``i + first + d``; what is outside of the matrix is not looked at.
            The band holds the first and the last pair.
        columns: of the matrix.
    """
    count, rows, width = bands.shape
    # By d, with an edge on both sides: path values of the last two anti-diagonals.
    before, last = np.full((count, width + 2), np.inf), np.full((count, width + 2), np.inf)
    before[:, 1 - first] = 0.0
    for diagonal in range(rows + columns - 1):
        # Shifts j - i of this anti-diagonal go in twos, as i goes up.
        lowest = max(first, diagonal - 2 * min(rows - 1, diagonal))
        lowest += (diagonal - lowest) % 2
        highest = min(first + width - 1, diagonal - 2 * max(0, diagonal - columns + 1))
        d = np.arange(lowest, highest + 1, 2) - first
        steps = np.stack([before[:, d + 1], last[:, d + 2], last[:, d]])
        least = steps.min(axis=0)
        # Written out: scipy's logsumexp costs ten times as much on so few numbers.
        soft = least - gamma * np.log(np.exp((least - steps) / gamma).sum(axis=0))
        # What was two anti-diagonals ago has the same shifts, and makes room.
        before.fill(np.inf)
        before[:, d + 1] = bands[:, (diagonal - first - d) // 2, d] + soft
        before, last = last, before
    return last[:, columns - rows - first + 1]
