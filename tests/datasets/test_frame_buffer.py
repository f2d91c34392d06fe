"""Frames come back as they went in, from memory or from a scratch file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.frame_buffer import FrameBuffer


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


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    with FrameBuffer(tmp_path) as buffer:
        buffer.add(np.zeros((4, 4, 3), np.uint8), 0, 1)
        with pytest.raises(ValueError, match="one size"):
            buffer.add(np.zeros((4, 5, 3), np.uint8), 1, 2)
