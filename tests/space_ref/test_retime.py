"""Keypoints at another frame rate: exact at equal rates, linear between, the same however they come."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from space_ref.retime import Retime


def _line(frames: int) -> torch.Tensor:
    return torch.arange(frames, dtype=torch.float64)[:, None, None].expand(frames, 2, 3)


def test_equal_rates_pass_frames_through_bit_for_bit() -> None:
    keypoints = torch.randn(7, 2, 3)
    retime = Retime(25, 25, 7)
    assert retime.needed == 7
    made = torch.cat([retime.push(keypoints[:3]), retime.push(keypoints[3:]), retime.finish()])
    assert torch.equal(made, keypoints)


@given(
    fps=st.sampled_from([25.0, 30.0, 24.0, 29.97]),
    wanted=st.sampled_from([25.0, 30.0, 50.0, 12.0, 23.976]),
    frames=st.integers(1, 60),
    cuts=st.lists(st.integers(0, 90), max_size=5),
)
def test_a_straight_line_stays_one_however_it_is_cut(fps: float, wanted: float, frames: int, cuts: list[int]) -> None:
    retime = Retime(fps, wanted, frames)
    line = _line(retime.needed)
    edges = [0, *sorted(min(cut, len(line)) for cut in cuts), len(line)]
    pieces = [retime.push(line[a:b]) for a, b in itertools.pairwise(edges)]
    made = torch.cat([*pieces, retime.finish()])
    expected = torch.arange(frames, dtype=torch.float64) * fps / wanted
    assert torch.allclose(made[:, 0, 0], expected, atol=1e-6)


def test_the_last_keypoints_are_held_where_too_few_come() -> None:
    retime = Retime(25, 25, 5)
    made = torch.cat([retime.push(_line(3)), retime.finish()])
    assert made[:, 0, 0].tolist() == [0, 1, 2, 2, 2]


def test_memory_does_not_grow_with_the_length() -> None:
    retime = Retime(25, 30, 10_000)
    held = set()
    for _ in range(50):
        retime.push(_line(20))
        assert retime._held is not None
        held.add(len(retime._held))
    assert max(held) < 25


@pytest.mark.parametrize("fps, wanted, frames", [(0, 25, 3), (25, -1, 3), (25, 25, 0)])
def test_impossible_rates_and_lengths_are_refused(fps: float, wanted: float, frames: int) -> None:
    with pytest.raises(ValueError, match="expected positive rates and frames"):
        Retime(fps, wanted, frames)
