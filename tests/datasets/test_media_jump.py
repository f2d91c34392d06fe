"""Entering a video in its middle gives the pictures and times of a whole reading."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.media import read_frames, read_shown, resample

KEY_EVERY = 12


def moving(count: int) -> list[NDArray[np.uint8]]:
    """Noise that drifts: no two frames are alike, and predicted frames differ from what a broken reference would give."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64 + 2 * count, 3), dtype=np.uint8)
    return [np.ascontiguousarray(noise[:, 2 * i : 2 * i + 64]) for i in range(count)]


def encoded(path: Path, options: dict[str, str], times: list[float], codec: str = "libx264") -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=25, options={"g": str(KEY_EVERY), **options})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 12800)
        for picture, time in zip(moving(len(times)), times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base, frame.pts = Fraction(1, 12800), round(time * 12800)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


STEADY = [i / 25 for i in range(60)]
UNSTEADY = np.cumsum([0, *np.random.default_rng(1).choice([0.02, 0.04, 0.11], 59)]).tolist()
FILES: dict[str, tuple[str, dict[str, str], list[float], str]] = {
    "plain": ("a.mp4", {"bf": "0", "sc_threshold": "0"}, STEADY, "libx264"),
    "b-frames": ("b.mp4", {"bf": "3", "sc_threshold": "0"}, STEADY, "libx264"),
    "open groups": ("c.mp4", {"bf": "3", "x264-params": "open-gop=1:scenecut=0"}, STEADY, "libx264"),
    "intra refresh": ("d.mp4", {"bf": "0", "x264-params": "intra-refresh=1"}, STEADY, "libx264"),
    "variable rate": ("e.mkv", {"bf": "2"}, UNSTEADY, "libx264"),
    "late start": ("f.mkv", {"bf": "2"}, [0.7 + time for time in STEADY], "libx264"),
    "no index": ("g.ts", {"bf": "2"}, STEADY, "libx264"),
    "flash": ("h.flv", {"bf": "0"}, STEADY, "flv1"),
    "old": ("i.avi", {"bf": "0"}, STEADY, "mpeg4"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_jump_gives_the_frames_of_a_whole_reading(tmp_path: Path, kind: str) -> None:
    name, options, times, codec = FILES[kind]
    path = encoded(tmp_path / name, options, times, codec)
    whole = list(read_shown(path))
    for start in (0.04, 0.48, 0.5, 0.96, 1.3, 2.1):
        part = list(read_shown(path, start))
        assert part[0][1] <= start
        assert [begins for _, begins, _ in part] == [begins for _, begins, _ in whole[-len(part) :]]
        assert part[-1][2] == pytest.approx(whole[-1][2], abs=1e-9)
        for here, there in zip(part, whole[-len(part) :], strict=True):
            assert np.array_equal(here[0], there[0])


def test_a_jump_leaves_out_what_lies_before(tmp_path: Path) -> None:
    name, options, times, codec = FILES["b-frames"]
    assert len(list(read_shown(encoded(tmp_path / name, options, times, codec), 2.0))) <= 60 - 2 * KEY_EVERY


@pytest.mark.parametrize("fps", [12.5, 25.0, 30.0])
def test_a_part_at_a_rate_is_the_part_of_the_whole(make_video: Callable[..., Path], fps: float) -> None:
    path = make_video(frames=29, times=UNSTEADY[:29])
    for start, end in ((0.2, 0.6), (0.35, 1.0), (0.5, None)):
        first, stop = round(start * fps), None if end is None else round(end * fps)
        part = list(resample(read_shown(path, first / fps), fps, first, stop))
        whole = list(islice(read_frames(path, fps), first, stop))
        assert len(part) == len(whole) and all(map(np.array_equal, part, whole))


@given(st.lists(st.integers(1, 400), max_size=40), st.sampled_from([10.0, 25.0, 29.97, 30.0]), st.data())
def test_a_window_is_a_slice(steps: list[int], fps: float, data: st.DataObject) -> None:
    times = (np.cumsum([0, *steps]) / 1000).tolist()
    shown = [(i, time, time + 0.04) for i, time in enumerate(times)]
    whole = list(resample(shown, fps))
    first = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.one_of(st.none(), st.integers(first + 1, len(whole) + 3)))
    entered = max(i for i, time in enumerate(times) if time <= first / fps)
    assert list(resample(shown[entered:], fps, first, stop)) == whole[first:stop]
