"""Reading pictures and sound from files as they come: any size, rate, codec, offset, orientation."""

from __future__ import annotations

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.media import frame_index, probe, read_audio, read_frames
from datasets.media.audio import _SURROUND
from datasets.media.picture import upright

Make = Callable[..., Path]
ONE = 1 << 16


def corners(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """A picture that tells each of its four corners apart."""
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    h, w = height // 2, width // 2
    picture[:h, :w], picture[:h, w:], picture[h:, :w], picture[h:, w:] = 30, 90, 150, 220
    return picture


def same(seen: NDArray[np.uint8], expected: NDArray[np.uint8], within: float = 4) -> bool:
    return seen.shape == expected.shape and np.abs(seen.astype(int) - expected).mean() < within


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "avi", "ts"])
def test_every_container_gives_every_frame_once(make_video: Make, number_of: Callable, suffix: str) -> None:
    path = make_video(f"clip.{suffix}", 25, tick=Fraction(1, 25))
    assert [number_of(frame) for frame in read_frames(path)] == list(range(25))
    assert [number_of(frame) for frame in read_frames(path, 25)] == list(range(25))
    seen = probe(path)
    assert (seen.width, seen.height, seen.fps, seen.has_video, seen.has_audio) == (64, 48, 25, True, False)
    assert seen.seconds == pytest.approx(1.0, abs=0.05)


def test_frames_are_rgb_uint8(make_video: Make) -> None:
    red = np.zeros((48, 64, 3), dtype=np.uint8)
    red[..., 0] = 200
    frame = next(read_frames(make_video(frames=[red] * 3)))
    assert frame.dtype == np.uint8 and frame.flags.c_contiguous
    assert np.abs(frame.reshape(-1, 3).mean(0) - (200, 0, 0)).max() < 4


@pytest.mark.parametrize("fps", [12, 25, 30, 29.97])
def test_variable_frame_rate_follows_the_time_stamps(make_video: Make, number_of: Callable, fps: float) -> None:
    times = np.cumsum([0, 0.02, 0.15, 0.04, 0.04, 0.3, 0.01, 0.03, 0.2, 0.05])
    path = make_video(frames=10, times=times.tolist())
    assert [number_of(frame) for frame in read_frames(path)] == list(range(10))
    seen = [number_of(frame) for frame in read_frames(path, fps)]
    expected = frame_index(times, fps, end=len(seen) / fps, tolerance=0.0005)
    assert seen == expected.tolist()
    assert len(seen) / fps == pytest.approx(times[-1], abs=0.05 + 0.5 / fps)


def test_late_first_frame_is_time_zero(make_video: Make, number_of: Callable) -> None:
    path = make_video("late.mkv", 10, times=[0.7 + i / 25 for i in range(10)])
    assert [number_of(frame) for frame in read_frames(path, 25)] == list(range(10))


def test_a_last_frame_of_one_tick_stays_as_long_as_the_one_before(make_video: Make, number_of: Callable) -> None:
    path = make_video(frames=10, fps=12.5, times=[i / 12.5 for i in range(10)], tick=Fraction(1, 1000))
    assert [number_of(frame) for frame in read_frames(path, 25)] == np.repeat(range(10), 2).tolist()


@pytest.mark.parametrize(("fps", "count"), [(10, 10), (50, 50), (30, 30)])
def test_resampling_keeps_the_length(make_video: Make, fps: float, count: int) -> None:
    assert len(list(read_frames(make_video(frames=25), fps))) == count


def test_one_frame_clip(make_video: Make) -> None:
    path = make_video(frames=1)
    assert len(list(read_frames(path))) == len(list(read_frames(path, 25))) == 1


@pytest.mark.parametrize(("height", "width"), [(47, 63), (1, 1), (48, 63)])
def test_odd_sizes(make_video: Make, counted: Callable, height: int, width: int) -> None:
    path = make_video("odd.mkv", counted(3, height, width), codec="ffv1", pixels="bgr0")
    frames = list(read_frames(path))
    assert [frame.shape for frame in frames] == [(height, width, 3)] * 3
    assert all(np.array_equal(a, b) for a, b in zip(frames, counted(3, height, width), strict=True))


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_rotation_is_applied(make_video: Make, turn: int) -> None:
    path = make_video(frames=[corners()] * 2, rotation=turn)
    expected = np.rot90(corners(), turn // 90)
    assert same(next(read_frames(path)), expected)
    seen = probe(path)
    assert (seen.height, seen.width, seen.rotation) == (*expected.shape[:2], turn % 360)


def test_mirroring_is_applied(make_video: Make) -> None:
    path = make_video(frames=[corners()] * 2, rotation=0, mirror=True)
    assert same(next(read_frames(path)), corners()[:, ::-1])


@pytest.mark.parametrize(
    "matrix",
    [(a, b, c, d) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1) for d in (-1, 0, 1)
     if abs(a) == abs(d) != abs(b) == abs(c)],
)  # fmt: skip
def test_upright_sends_each_point_where_the_matrix_says(matrix: tuple[int, int, int, int]) -> None:
    a, b, c, d = matrix
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    shown = upright(picture, np.array([[a, b], [c, d]], dtype=np.int32) * ONE)
    points = np.array([[a * x + c * y, b * x + d * y] for y in range(2) for x in range(3)])
    points -= points.min(axis=0)
    for (x, y), pixel in zip(points, picture.reshape(-1, 3), strict=True):
        assert np.array_equal(shown[y, x], pixel)


def test_wide_pixels_are_made_square(tmp_path: Path) -> None:
    path = tmp_path / "wide.mp4"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(corners(), format="rgb24")))
        output.mux(stream.encode(None))
    assert same(next(read_frames(path)), corners(48, 128))


@pytest.mark.parametrize(
    ("codec", "pixels"),
    [("libx264", "yuv444p"), ("libx264", "yuv420p10le"), ("ffv1", "gray"), ("ffv1", "bgra"), ("ffv1", "yuva420p"),
     ("ffv1", "rgb48le"), ("mjpeg", "yuvj420p"), ("libx264", "yuv422p")],
)  # fmt: skip
def test_pixel_formats_look_the_same(make_video: Make, codec: str, pixels: str) -> None:
    path = make_video("clip.mkv", [corners()] * 3, codec=codec, pixels=pixels)
    assert same(next(read_frames(path)), corners())


@pytest.mark.parametrize(("matrix", "full"), [(1, 1), (1, 2), (6, 1), (6, 2)])
def test_colour_tags_are_honoured(tmp_path: Path, matrix: int, full: int) -> None:
    colours = np.zeros((48, 64, 3), dtype=np.uint8)
    colours[:, :32], colours[:, 32:] = (200, 40, 60), (40, 180, 90)
    path = tmp_path / "tagged.mp4"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25, options={"crf": "2"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, full
        frame = av.VideoFrame.from_ndarray(colours, format="rgb24").reformat(
            format="yuv420p", dst_colorspace={1: 1, 6: 5}[matrix], dst_color_range=full
        )
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    seen = next(read_frames(path))
    assert np.abs(seen[24, 8].astype(int) - (200, 40, 60)).max() <= 4
    assert np.abs(seen[24, 56].astype(int) - (40, 180, 90)).max() <= 4


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_channels_become_mono_in_time(
    make_video: Make, clicks: Callable, click_times: Callable, rate: int, channels: int
) -> None:
    at = [0.1, 0.5, 0.9]
    path = make_video(frames=25, audio=np.tile(clicks(1.0, rate, at), (channels, 1)), rate=rate)
    sound = read_audio(path)
    assert sound.dtype == np.float32 and sound.ndim == 1
    assert len(sound) == pytest.approx(16000, abs=16)
    assert click_times(sound, 16000, 3) == pytest.approx(at, abs=0.001)
    seen = probe(path)
    assert (seen.has_audio, seen.audio_rate, seen.audio_channels) == (True, rate, channels)


def test_channels_are_averaged(make_video: Make) -> None:
    tone = (0.5 * np.sin(np.arange(16000) * 0.2)).astype(np.float32)
    path = make_video("clip.mkv", 25, audio=np.stack([tone, 0 * tone]), audio_codec="pcm_s16le")
    assert np.abs(read_audio(path)[:16000] - tone / 2).max() < 1e-3


def _channels(path: Path, layout: str, level: list[float]) -> Path:
    """A file of one second in which channel i is constantly ``level[i]``."""
    sound = np.repeat(np.array(level, np.float32)[:, None], 16000, axis=1)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_f32le", rate=16000, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T).reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.pts = 16000, 0
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return path


@pytest.mark.parametrize("layout", sorted(_SURROUND))
def test_surround_sound_is_mixed_with_the_centre_at_3_db(tmp_path: Path, layout: str) -> None:
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    weight = {"FL": 0.5, "FR": 0.5, "FC": 0.5**0.5, "LFE": 0.0}
    level = [0.1 * (1 + place) if name in weight else 0.0 for place, name in enumerate(names)]
    mixed = sum(weight.get(name, 0) * each for name, each in zip(names, level, strict=True))
    found = read_audio(_channels(tmp_path / "clip.wav", layout, level))
    assert len(found) == 16000 and found == pytest.approx(mixed, abs=1e-4)


@pytest.mark.parametrize("count", [1, 2])
def test_one_and_two_channels_keep_their_bits(tmp_path: Path, count: int) -> None:
    level = [0.3, 0.1][:count]
    found = read_audio(_channels(tmp_path / "clip.wav", ("mono", "stereo")[count - 1], level))
    assert (found == np.array(level, np.float32).mean(dtype=np.float32)).all()


@pytest.mark.parametrize("count", [3, 6, 8, 9, 16])
def test_channels_without_names_are_averaged(tmp_path: Path, count: int) -> None:
    path = tmp_path / "array.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(count), file.setsampwidth(2), file.setframerate(16000)
        file.writeframes(np.tile(np.array([0, 0, 12000, *[0] * (count - 3)], "<i2"), 1600).tobytes())
    assert read_audio(path) == pytest.approx(12000 / 32768 / count, abs=1e-6)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(("video_start", "audio_start"), [(0.0, 0.0), (0.0, 0.36), (0.4, 0.0), (0.2, 0.1)])
def test_offsets_between_the_streams_are_honoured(
    make_video: Make, clicks: Callable, click_times: Callable, suffix: str, video_start: float, audio_start: float
) -> None:
    path = make_video(
        f"offset.{suffix}",
        28,
        times=[video_start + i / 25 for i in range(28)],
        audio=clicks(1.0, 48000, [0.55, 0.8]),
        rate=48000,
        audio_start=audio_start,
    )
    expected = [time + audio_start - video_start for time in (0.55, 0.8)]
    assert click_times(read_audio(path), 16000, 2) == pytest.approx(expected, abs=0.001)


def test_reordered_frames_do_not_shift_the_sound(
    make_video: Make, clicks: Callable, click_times: Callable, number_of: Callable
) -> None:
    path = make_video("b.mp4", 25, codec="mpeg4", audio=clicks(1.0, 44100, [0.3]), rate=44100)
    assert click_times(read_audio(path), 16000, 1) == pytest.approx([0.3], abs=0.001)
    assert [number_of(frame) for frame in read_frames(path, 25)] == list(range(25))


def test_a_hole_in_the_sound_is_silence(tmp_path: Path, clicks: Callable, click_times: Callable) -> None:
    path = tmp_path / "hole.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("pcm_s16le", rate=16000, layout="mono")
        for start, at in ((0, 0.1), (16000, 0.2)):
            data = np.round(clicks(0.5, 16000, [at]) * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(data, format="s16", layout="mono")
            frame.rate, frame.pts, frame.time_base = 16000, start, Fraction(1, 16000)
            output.mux(stream.encode(frame))
    sound = read_audio(path)
    assert len(sound) == 24000
    assert click_times(sound, 16000, 2) == pytest.approx([0.1, 1.2], abs=0.001)
    assert not sound[9000:15000].any()


def test_sound_without_pictures_starts_at_its_own_start(asset_path: Callable[[str], Path]) -> None:
    path = asset_path("obama_speech_audio")
    sound = read_audio(path)
    assert len(sound) == pytest.approx(8.71 * 16000, abs=2)
    assert not probe(path).has_video


def test_a_real_clip_and_its_separate_sound_are_in_step(asset_path: Callable[[str], Path]) -> None:
    inside = read_audio(asset_path("obama_speech_video"), 8000)
    beside = read_audio(asset_path("obama_speech_audio"), 8000)
    length = min(len(inside), len(beside))
    spectrum = np.fft.rfft(inside[:length], 2 * length) * np.conj(np.fft.rfft(beside[:length], 2 * length))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    lag = lag - 2 * length if lag > length else lag
    assert abs(lag) / 8000 < 0.05
    assert len(list(read_frames(asset_path("obama_speech_video"), 25))) == 218


def test_rates_that_are_not_positive_are_refused(make_video: Make) -> None:
    path = make_video()
    with pytest.raises(ValueError, match="fps"):
        next(read_frames(path, 0))
    with pytest.raises(ValueError, match="rate"):
        read_audio(path, 0)


@pytest.mark.parametrize(
    ("first", "stop"), [(0, None), (0, 4000), (3000, 9000), (7000, None), (10**6, None), (500, 500)]
)
def test_a_part_of_the_sound_is_a_slice_of_it(make_video: Make, first: int, stop: int | None) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 22050).astype(np.float32)
    path = make_video("part.mkv", 25, audio=sound, rate=22050, audio_start=0.05)
    assert np.array_equal(read_audio(path, 16000, first, stop), read_audio(path)[first:stop])


def test_a_part_before_the_start_is_refused(make_video: Make) -> None:
    with pytest.raises(ValueError, match="first"):
        read_audio(make_video(), 16000, -1)
