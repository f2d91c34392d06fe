from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from metrics.soft_dtw import WARP_SECONDS, soft_dtw, soft_dtw_divergence, warped_mean

sizes = st.integers(1, 5)


def path_costs(cost: np.ndarray, window: float, i: int = 0, j: int = 0) -> Iterator[float]:
    """Sums along every monotone path from (i, j) to the end."""
    rows, columns = cost.shape
    if j - i < min(0, columns - rows) - window or j - i > max(0, columns - rows) + window:
        return
    if (i, j) == (rows - 1, columns - 1):
        yield float(cost[i, j])
    for a, b in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
        if a < rows and b < columns:
            yield from (cost[i, j] + rest for rest in path_costs(cost, window, a, b))


@given(sizes, sizes, st.floats(0.01, 5), st.sampled_from([None, 0, 1, 2, 9]), st.integers(0, 99))
def test_it_is_the_soft_minimum_over_all_paths(
    rows: int, columns: int, gamma: float, window: int | None, seed: int
) -> None:
    cost = np.random.default_rng(seed).random((rows, columns))
    paths = np.array(list(path_costs(cost, np.inf if window is None else window)))
    expected = -gamma * logsumexp(-paths / gamma)
    assert soft_dtw(cost, gamma, window) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(sizes, sizes, st.integers(0, 99))
def test_it_becomes_time_warping_as_gamma_falls(rows: int, columns: int, seed: int) -> None:
    cost = np.random.default_rng(seed).random((rows, columns))
    assert soft_dtw(cost, 1e-6) == pytest.approx(min(path_costs(cost, np.inf)), abs=1e-4)


def costs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.abs(first[:, None] - second[None, :])


def test_equal_sequences_are_zero_apart_and_a_late_one_is_nearer_than_another() -> None:
    curve = np.sin(np.arange(60) / 4)
    late, other = np.sin((np.arange(60) - 2) / 4), np.sin(np.arange(60) / 4 + np.pi)
    same, near, far = (
        soft_dtw_divergence(costs(curve, x), costs(curve, curve), costs(x, x), 0.01, 5) for x in (curve, late, other)
    )
    assert same == 0
    assert 0 < near < 0.2 * np.abs(curve - late).sum() < far
    swapped = soft_dtw_divergence(costs(late, curve), costs(late, late), costs(curve, curve), 0.01, 5)
    assert swapped == pytest.approx(near, rel=1e-9)


@given(st.integers(1, 12), st.sampled_from([2.0, 5.0, 25.0, 100.0]), st.integers(0, 99))
def test_sequences_are_warped_within_the_window_as_their_whole_cost_matrices_are(n: int, fps: float, seed: int) -> None:
    first, second = np.random.default_rng(seed).random((2, n, 3, 2))

    def every(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.linalg.norm(a[:, None] - b[None, :], axis=-1).mean(axis=-1)

    window = round(WARP_SECONDS * fps)
    expected = soft_dtw_divergence(every(first, second), every(first, first), every(second, second), 0.1, window) / n
    assert warped_mean(first, second, fps, 0.1) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_memory_does_not_grow_with_the_square_of_the_length() -> None:
    first, second = np.random.default_rng(0).random((2, 5000, 2, 2))
    tracemalloc.start()
    try:
        warped_mean(first, second, 25, 0.1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6  # One matrix of all pairs is 200 MB.


def test_a_window_of_nothing_pairs_frames_of_the_same_index() -> None:
    cost = np.random.default_rng(0).random((6, 6))
    assert soft_dtw(cost, 0.1, 0) == pytest.approx(np.trace(cost))


@pytest.mark.parametrize("cost", [np.empty((0, 3)), np.ones(3), np.array([[1.0, np.nan]]), np.array([[np.inf]])])
def test_costs_that_are_none_are_refused(cost: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite costs"):
        soft_dtw(cost, 1)


@pytest.mark.parametrize("gamma", [0, -1, float("nan")])
def test_a_softness_that_is_none_is_refused(gamma: float) -> None:
    with pytest.raises(ValueError, match="gamma above 0"):
        soft_dtw(np.ones((2, 2)), gamma)


@pytest.mark.parametrize(
    ("frames", "gamma"), [(np.empty((0, 2, 2)), 1), (np.full((3, 2, 2), np.nan), 1), (np.ones((3, 2, 2)), 0)]
)
def test_sequences_are_refused_as_their_costs_are(frames: np.ndarray, gamma: float) -> None:
    with pytest.raises(ValueError, match=r"finite costs|gamma above 0"):
        warped_mean(frames, np.zeros_like(frames), 25, gamma)
