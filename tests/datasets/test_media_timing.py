"""Which source frame stands for which output time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.media.timing import MAX_TOLERANCE, first_output, frame_index, output_length, tolerance_of

rates = st.sampled_from([10.0, 12.0, 15.0, 23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0])


@st.composite
def variable_times(draw: st.DrawFn) -> np.ndarray:
    """Start times of frames that stay 1 ms to 0.4 s each, in whole milliseconds."""
    steps = draw(st.lists(st.integers(1, 400), min_size=0, max_size=60))
    return np.cumsum([0, *steps]) / 1000


@given(st.integers(1, 300), rates)
def test_same_rate_changes_nothing(count: int, fps: float) -> None:
    assert frame_index(np.arange(count) / fps, fps).tolist() == list(range(count))


@given(st.integers(2, 100), st.sampled_from([10.0, 12.5, 25.0, 30.0]))
def test_double_rate_shows_each_frame_twice(count: int, fps: float) -> None:
    assert frame_index(np.arange(count) / fps, 2 * fps).tolist() == np.repeat(np.arange(count), 2).tolist()


@given(variable_times(), rates, st.floats(0.001, 0.5))
def test_each_output_is_the_last_frame_that_had_begun(times: np.ndarray, fps: float, stays: float) -> None:
    end = float(times[-1]) + stays
    indices = frame_index(times, fps, end=end)
    for k, index in enumerate(indices):
        begun = np.flatnonzero(times <= k / fps + 1e-6)
        assert index == begun[-1]
    assert abs(len(indices) / fps - end) <= 0.5 / fps + 1e-5 or len(indices) == 1


@given(st.integers(2, 200), rates)
def test_millisecond_stamps_do_not_shift_frames(count: int, fps: float) -> None:
    rounded = np.round(np.arange(count) / fps, 3)
    indices = frame_index(rounded, fps, end=count / fps, tolerance=tolerance_of(0.001))
    assert indices.tolist() == list(range(count))


@given(variable_times(), st.floats(-100, 100), rates)
def test_only_time_since_the_first_frame_matters(times: np.ndarray, start: float, fps: float) -> None:
    tolerance = tolerance_of(0.001)
    here, there = (frame_index(t, fps, tolerance=tolerance) for t in (times, times + start))
    assert here.tolist() == there.tolist()


def test_length_is_the_nearest_number_of_frames_and_at_least_one() -> None:
    assert [output_length(seconds, 25) for seconds in (2.4, 0.5, 0.05, 0.06, 0.01, 0.0)] == [60, 13, 1, 2, 1, 1]


def test_a_tick_of_a_whole_frame_is_exact_and_gives_little_slack() -> None:
    assert tolerance_of(1 / 25) == MAX_TOLERANCE
    assert tolerance_of(1 / 12800) == pytest.approx(1 / 25600)
    assert first_output(0.0403, 25, tolerance=0.0005) == 1
    assert first_output(0.0403, 25) == 2


@pytest.mark.parametrize("times, fps", [([], 25), ([0.0, 0.2, 0.1], 25), ([0.0], 0), ([0.0], -1), ([[0.0]], 25)])
def test_nonsense_is_refused(times: list[float], fps: float) -> None:
    with pytest.raises(ValueError):
        frame_index(times, fps)
