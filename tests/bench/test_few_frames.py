"""Five frames of a video from one decoding, whatever length the file declares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench import few_frames
from bench.few_frames import FewFrames
from datasets.media import read_frames


@pytest.mark.parametrize("count", [1, 3, 5, 6, 24, 28])
def test_the_frames_are_those_at_floor_of_k_n_fifths(
    count: int, make_video: Callable[..., Path], number_of: Callable[..., int]
) -> None:
    path = make_video(frames=count)
    few = FewFrames(path, 25, 5)
    for index, frame in enumerate(read_frames(path, 25)):
        few.see(index, frame)
    assert len(few.held) <= 5 * (2 * few_frames.SLACK + 1)
    chosen = list(few.chosen(count))
    wanted = [k * count // 5 for k in range(5)] if count >= 5 else list(range(count))
    assert [index for index, _ in chosen] == wanted
    assert [number_of(frame) for _, frame in chosen] == wanted


def test_a_file_that_declares_another_length_is_read_again(
    make_video: Callable[..., Path], number_of: Callable[..., int]
) -> None:
    declared, longer = make_video("short.mp4", 8), make_video("long.mp4", 25)
    few = FewFrames(declared, 25, 5)
    few.path = longer
    for index, frame in enumerate(read_frames(longer, 25)):
        few.see(index, frame)
    assert [number_of(frame) for _, frame in few.chosen(25)] == [0, 5, 10, 15, 20]
