"""What is written reads back: every frame, every sample in its place, or no file at all."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from datasets.media import MediaError, probe, read_audio, read_frames, write_audio, write_video


@pytest.mark.parametrize("fps", [12.5, 25, 29.97, 30000 / 1001, 60])
def test_frames_come_back_at_their_times(tmp_path: Path, counted: Callable, number_of: Callable, fps: float) -> None:
    path = tmp_path / "v.mp4"
    assert write_video(path, iter(counted(25)), fps) == 25
    assert [number_of(frame) for frame in read_frames(path)] == list(range(25))
    assert [number_of(frame) for frame in read_frames(path, fps)] == list(range(25))
    assert probe(path).fps == pytest.approx(fps, rel=1e-4)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_sound_comes_back_in_place(
    tmp_path: Path, counted: Callable, clicks: Callable, click_times: Callable, rate: int
) -> None:
    path = tmp_path / "v.mp4"
    sound = clicks(1.0, rate, [0.0, 0.25, 0.9])
    write_video(path, counted(25), 25, sound, rate)
    seen = read_audio(path, rate)
    assert click_times(seen, rate, 3) == pytest.approx([0.0, 0.25, 0.9], abs=0.001)
    assert len(seen) == pytest.approx(len(sound), abs=0.001 * rate)


@pytest.mark.parametrize("seconds", [0.4, 3.0])
def test_sound_may_be_shorter_or_longer_than_the_pictures(
    tmp_path: Path, counted: Callable, clicks: Callable, seconds: float
) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, counted(25), 25, clicks(seconds, 16000, [0.1]))
    assert len(list(read_frames(path, 25))) == 25
    assert len(read_audio(path)) == pytest.approx(seconds * 16000, abs=16)


def test_one_frame(tmp_path: Path, counted: Callable) -> None:
    path = tmp_path / "v.mp4"
    assert write_video(path, counted(1), 25, np.zeros(640, dtype=np.float32)) == 1
    assert len(list(read_frames(path, 25))) == 1


def test_odd_sides_grow_by_one_and_keep_every_pixel(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = np.repeat(np.repeat(rng.integers(40, 200, (5, 7, 1), dtype=np.uint8), 5, 0), 3, 1)[:25, :21]
    frame = np.repeat(frame, 3, axis=2)
    path = tmp_path / "v.mp4"
    write_video(path, [frame] * 3, 25, crf=1)
    seen = next(read_frames(path))
    assert seen.shape == (26, 22, 3)
    assert np.abs(seen[:25, :21].astype(int) - frame).mean() < 3
    assert np.abs(seen[25, :21].astype(int) - frame[24]).mean() < 3


def test_colour_survives(tmp_path: Path) -> None:
    y, x = np.mgrid[:64, :64]
    frame = np.stack([x * 4, y * 4, 255 - 2 * x - 2 * y], axis=-1).astype(np.uint8)
    path = tmp_path / "v.mp4"
    write_video(path, [frame] * 3, 25)
    assert np.abs(next(read_frames(path)).astype(int) - frame).mean() < 2


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, counted: Callable, clicks: Callable) -> None:
    first, second = tmp_path / "a.mp4", tmp_path / "b.mp4"
    for path in (first, second):
        write_video(path, counted(25), 25, clicks(1.0, 16000, [0.2]))
    assert first.read_bytes() == second.read_bytes()


def test_files_can_be_streamed_and_played(tmp_path: Path, counted: Callable, clicks: Callable) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, counted(25), 25, clicks(1.0, 16000, [0.2]))
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.pix_fmt, audio.codec_context.name) == ("h264", "yuv420p", "aac")
        assert all(packet.pts == packet.dts for packet in container.demux(video) if packet.size)


def test_no_frames_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        write_video(tmp_path / "v.mp4", [], 25)
    assert caught.value.reason == "too_short"
    assert not list(tmp_path.iterdir())


def test_an_error_of_the_caller_passes_and_keeps_the_old_file(tmp_path: Path, counted: Callable) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"old")

    def breaking() -> Iterator[np.ndarray]:
        yield from counted(5)
        raise KeyError("the model broke")

    with pytest.raises(KeyError):
        write_video(path, breaking(), 25)
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"] and path.read_bytes() == b"old"


@pytest.mark.parametrize("allowed", [0, 100, 0.2, 0.5, 0.9, -1])
def test_a_full_disk_is_a_write_error(tmp_path: Path, allowed: float) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (96, 96, 3), dtype=np.uint8) for _ in range(10)]
    sound = rng.uniform(-0.5, 0.5, 6400).astype(np.float32)
    path = tmp_path / "v.mp4"
    write_video(path, frames, 25, sound)
    size = path.stat().st_size
    path.unlink()
    limit = size - 1 if allowed < 0 else int(size * allowed) if allowed < 1 else int(allowed)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        with pytest.raises(MediaError) as caught:
            write_video(path, frames, 25, sound)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.reason == "write_error" and str(path) in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_a_write_error(tmp_path: Path, counted: Callable) -> None:
    for write in (
        lambda path: write_video(path / "v.mp4", counted(2), 25),
        lambda path: write_audio(path / "a.wav", np.zeros(10, dtype=np.float32)),
    ):
        with pytest.raises(MediaError) as caught:
            write(tmp_path / "nowhere")
        assert caught.value.reason == "write_error"


@pytest.mark.parametrize("suffix", [".wav", ".m4a"])
def test_sound_alone_comes_back(tmp_path: Path, clicks: Callable, click_times: Callable, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    sound = clicks(1.01, 16000, [0.3, 0.7])
    write_audio(path, sound)
    seen = read_audio(path)
    assert len(seen) == pytest.approx(len(sound), abs=16)
    assert click_times(seen, 16000, 2) == pytest.approx([0.3, 0.7], abs=0.001)
    if suffix == ".wav":
        assert np.abs(seen - sound).max() < 1e-4


def test_loud_sound_is_clipped_not_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_audio(path, np.array([2.0, -2.0, 0.0], dtype=np.float32))
    assert read_audio(path) == pytest.approx([1, -1, 0], abs=1e-3)


def test_wrong_arguments_are_refused_before_anything_is_written(tmp_path: Path, counted: Callable) -> None:
    path = tmp_path / "v.mp4"
    good, sound = counted(2), np.zeros(100, dtype=np.float32)
    for frames, fps, audio, rate in (
        ([good[0].astype(np.float32)], 25, None, 16000),
        ([good[0][..., 0]], 25, None, 16000),
        ([good[0], good[1][:-2]], 25, None, 16000),
        (good, 0, None, 16000),
        (good, 25, sound, 12345),
        (good, 25, sound * np.nan, 16000),
        (good, 25, sound[None], 16000),
    ):
        with pytest.raises(ValueError):
            write_video(path, frames, fps, audio, rate)
    with pytest.raises(ValueError, match=r"\.wav"):
        write_audio(tmp_path / "a.mp3", sound)
    assert not list(tmp_path.iterdir())
