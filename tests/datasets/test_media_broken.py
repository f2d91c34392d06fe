"""Broken files: one clear reason, never a shorter clip."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.media import MediaError, probe, read_audio, read_frames, write_audio

Make = Callable[..., Path]


def noise(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(count)]


def reason(read: Callable[[Path], Any], path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        result = read(path)
        if not isinstance(result, np.ndarray):
            list(result)
    assert caught.value.path == path and str(path) in str(caught.value) and "\n" not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("read", [probe, read_frames, read_audio])
@pytest.mark.parametrize("content", [b"", b"not a video at all" * 50, b"\x00" * 5000])
def test_files_that_are_no_media(tmp_path: Path, read: Callable[[Path], Any], content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    assert reason(read, path) == "decode_error"


@pytest.mark.parametrize("read", [probe, read_frames, read_audio])
def test_files_that_are_not_there(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    assert reason(read, tmp_path / "absent.mp4") == "decode_error"
    assert reason(read, tmp_path) == "decode_error"


def test_missing_streams(make_video: Make, tmp_path: Path, clicks: Callable) -> None:
    silent = make_video("silent.mp4", 5)
    assert reason(read_audio, silent) == "no_audio"
    sound = tmp_path / "sound.m4a"
    write_audio(sound, clicks(0.5, 16000, [0.1]))
    assert reason(read_frames, sound) == "no_video"


def test_cover_art_is_not_video(tmp_path: Path, clicks: Callable, counted: Callable) -> None:
    path = tmp_path / "cover.mp4"
    with av.open(str(path), "w") as output:
        sound: Any = output.add_stream("aac", rate=16000, layout="mono")
        cover: Any = output.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        output.mux(cover.encode(av.VideoFrame.from_ndarray(counted(1)[0], format="rgb24")))
        output.mux(cover.encode(None))
        block = av.AudioFrame.from_ndarray(clicks(0.5, 16000, [0.1])[None], format="fltp", layout="mono")
        block.rate, block.pts = 16000, 0
        output.mux(sound.encode(block))
        output.mux(sound.encode(None))
    assert not probe(path).has_video
    assert reason(read_frames, path) == "no_video"
    assert len(read_audio(path)) == pytest.approx(8000, abs=16)


@pytest.mark.parametrize(
    ("suffix", "kept"),
    [(suffix, kept) for suffix in ("mp4", "fast.mp4", "mov", "mkv", "avi") for kept in (0.3, 0.9, 0.98)]
    + [("flv", 0.3), ("flv", 0.8)],
)
def test_truncated_files_are_refused(make_video: Make, clicks: Callable, suffix: str, kept: float) -> None:
    options = {"movflags": "+faststart"} if suffix.startswith("fast") else {}
    path = make_video(
        f"cut.{suffix}",
        noise(50),
        audio=clicks(2.0, 44100, [0.5]),
        rate=44100,
        tick=Fraction(1, 25),
        container_options=options,
    )
    whole = path.read_bytes()
    assert len(list(read_frames(path))) == 50
    path.write_bytes(whole[: int(len(whole) * kept)])
    assert reason(read_frames, path) == "decode_error"
    assert reason(lambda p: read_frames(p, 30), path) == "decode_error"
    assert reason(read_audio, path) == "decode_error"


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.98])
def test_truncated_sound_is_refused(tmp_path: Path, clicks: Callable, kept: float) -> None:
    for path in (tmp_path / "cut.wav", tmp_path / "cut.m4a"):
        write_audio(path, clicks(2.0, 16000, [0.5]))
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * kept)])
        assert reason(read_audio, path) == "decode_error"


def test_recordings_without_a_declared_size_are_read(make_video: Make) -> None:
    path = make_video("live.mkv", noise(10), container_options={"live": "1"})
    assert len(list(read_frames(path))) == 10


def test_truncated_fragments_are_refused(make_video: Make) -> None:
    path = make_video("cut.mp4", noise(50), container_options={"movflags": "frag_every_frame+empty_moov"})
    whole = path.read_bytes()
    assert len(list(read_frames(path))) == 50
    path.write_bytes(whole[: len(whole) // 2])
    assert reason(read_frames, path) == "decode_error"


def test_damage_in_the_middle_raises(make_video: Make) -> None:
    path = make_video("bad.mp4", noise(50))
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 3000] = random.Random(0).randbytes(3000)
    path.write_bytes(whole)
    assert reason(read_frames, path) == "decode_error"


def test_playlists_cannot_reach_other_files(make_video: Make, tmp_path: Path) -> None:
    other = make_video("other.ts", 5)
    path = tmp_path / "list.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n")
    assert reason(read_frames, path) == "decode_error"
    path.write_text(f"ffconcat version 1.0\nfile {other.name}\n")
    assert reason(read_frames, path) == "decode_error"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_arbitrary_damage_is_a_media_error_or_whole_frames(make_video: Make, data: st.DataObject) -> None:
    path = make_video("fuzz.mp4", noise(5))
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=40))
    content[at : at + len(patch)] = patch
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    for read in (lambda: list(read_frames(path, 25)), lambda: [probe(path)], lambda: [read_audio(path)]):
        try:
            read()
        except MediaError as error:
            assert error.reason in ("decode_error", "no_video", "no_audio")
