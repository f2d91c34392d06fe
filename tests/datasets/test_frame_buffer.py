"""Frames come back as they went in, from memory or from a scratch file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.frame_buffer import FrameBuffer, free_scratch
from datasets.media import MediaError


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(0, 400), st.integers(1, 7), st.integers(1, 7), st.data())
def test_frames_come_back(
    tmp_path_factory: pytest.TempPathFactory, count: int, memory: int, height: int, width: int, data: st.DataObject
) -> None:
    frames = [np.random.default_rng(i).integers(0, 255, (height, width, 3), dtype=np.uint8) for i in range(count)]
    with FrameBuffer(tmp_path_factory.getbasetemp(), memory) as buffer:
        for i, frame in enumerate(frames):
            buffer.add(frame, i / 25, (i + 1) / 25)
        assert buffer.spilled == (count * frames[0].nbytes > memory)
        for index in data.draw(st.permutations(range(count))):
            assert np.array_equal(buffer[index], frames[index])
        assert list(buffer.shown()) == [(i, i / 25, (i + 1) / 25) for i in range(count)]
        with pytest.raises(IndexError):
            buffer[count]


def test_the_scratch_file_has_no_name(tmp_path: Path) -> None:
    with FrameBuffer(tmp_path, 0) as buffer:
        buffer.add(np.zeros((4, 4, 3), np.uint8), 0, 1)
        assert buffer.spilled and not list(tmp_path.iterdir())


def test_a_scratch_file_is_used_again_but_never_by_two(tmp_path: Path) -> None:
    def filled(buffer: FrameBuffer, shade: int, count: int) -> None:
        for i in range(count):
            buffer.add(np.full((4, 4, 3), shade + i, np.uint8), i, i + 1)

    with FrameBuffer(tmp_path, 0) as first:
        filled(first, 10, 5)
        with FrameBuffer(tmp_path, 0) as second:
            filled(second, 100, 3)
            assert [int(first[i].mean()) for i in range(5)] == [10, 11, 12, 13, 14]
            assert [int(second[i].mean()) for i in range(3)] == [100, 101, 102]
    with FrameBuffer(tmp_path, 0) as third:
        filled(third, 200, 2)
        assert [int(third[i].mean()) for i in range(2)] == [200, 201]
        with pytest.raises(IndexError):
            third[2]
    free_scratch()


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    with FrameBuffer(tmp_path) as buffer:
        buffer.add(np.zeros((4, 4, 3), np.uint8), 0, 1)
        with pytest.raises(ValueError, match="one size"):
            buffer.add(np.zeros((4, 5, 3), np.uint8), 1, 2)


def test_a_scratch_file_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    with FrameBuffer(tmp_path / "gone", 0) as buffer, pytest.raises(MediaError, match="max_seconds") as caught:
        buffer.add(np.zeros((4, 4, 3), np.uint8), 0, 1)
    assert caught.value.reason == "write_error"
