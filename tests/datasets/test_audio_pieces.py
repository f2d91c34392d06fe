"""Sound that is too long to hold: read and written piece by piece, the same as at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.media import MediaError, read_audio, read_audio_pieces, write_audio, write_video

Make = Callable[..., Path]


def whole(path: Path, rate: int = 16000) -> np.ndarray:
    return np.concatenate(list(read_audio_pieces(path, rate)))


@pytest.mark.parametrize("start", [0.0, 0.31])
@pytest.mark.parametrize(("rate", "codec"), [(16000, "aac"), (44100, "pcm_s16le"), (48000, "aac")])
def test_pieces_are_the_sound(make_video: Make, clicks: Callable, start: float, rate: int, codec: str) -> None:
    sound = np.stack([clicks(0.8, rate, [0.2, 0.5]), clicks(0.8, rate, [0.3])])
    path = make_video("clip.mov", 20, audio=sound, rate=rate, audio_codec=codec, audio_start=start)
    assert np.array_equal(whole(path), read_audio(path))
    assert np.array_equal(whole(path, 22050), read_audio(path, 22050))


def test_pieces_are_short(tmp_path: Path) -> None:
    write_audio(tmp_path / "long.wav", np.zeros(16000 * 30, np.float32))
    assert max(map(len, read_audio_pieces(tmp_path / "long.wav"))) < 16000


def test_a_hole_is_silence_by_the_second(make_video: Make, clicks: Callable) -> None:
    path = make_video("clip.mkv", 100, audio=clicks(0.5, 16000, [0.2]), audio_start=3.2)
    assert np.array_equal(whole(path), read_audio(path)) and not whole(path)[: 3 * 16000].any()
    assert max(map(len, read_audio_pieces(path))) <= 16000


def test_damage_is_named_as_by_reading_at_once(make_video: Make, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="only pictures"):
        whole(make_video())
    (tmp_path / "bad.wav").write_bytes(b"no sound at all")
    with pytest.raises(MediaError):
        whole(tmp_path / "bad.wav")
    with pytest.raises(ValueError, match="rate"):
        next(read_audio_pieces(tmp_path / "bad.wav", 0))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 9600), max_size=6))
def test_a_video_has_the_same_bytes_however_its_sound_was_cut(
    counted: Callable, clicks: Callable, tmp_path: Path, cuts: list[int]
) -> None:
    sound = clicks(0.6, 16000, [0.1, 0.4])
    write_video(tmp_path / "whole.mp4", counted(10), 25, sound)
    write_video(tmp_path / "pieces.mp4", counted(10), 25, iter(np.split(sound, sorted(cuts))))
    assert (tmp_path / "pieces.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
