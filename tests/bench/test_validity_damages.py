"""Each damage does what it says, found out by a simpler rule than the one that made it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage import data

from bench.content import content_hashes
from bench.errors import BenchError
from bench.validity import pictures, timing
from bench.validity.catalogue import DAMAGES, damage
from bench.validity.footage import Footage
from bench.validity.make import make, planned
from bench.validity.subjects import SAMPLE, Subject
from datasets.media import read_audio, read_frames, write_audio
from metrics.base import Labels

Frames = NDArray[np.uint8]
RATE = 16000
CLICKS = (0.5, 0.62, 0.8)


@pytest.fixture(scope="module")
def faces() -> Frames:
    """Four frames ``(4, 96, 96, 3)`` of a picture that has detail."""
    picture = cv2.resize(data.astronaut(), (96, 96), interpolation=cv2.INTER_AREA)
    return np.stack([np.roll(picture, step, axis=1) for step in range(4)])


@pytest.fixture
def clip(
    make_video: Callable[..., Path], clicks: Callable[..., NDArray[np.float32]], faces: Frames, tmp_path: Path
) -> Subject:
    """A second and more of pictures with clicks in the sound."""
    sound = clicks(1.4, RATE, CLICKS)
    video = make_video("clip.mp4", list(np.concatenate([faces] * 9)), audio=sound, rate=RATE)
    write_audio(tmp_path / "clip.wav", sound, RATE)
    return Subject(SAMPLE, "clip", Labels(), video, tmp_path / "clip.wav", stranger=video)


@pytest.mark.parametrize(("name", "frames"), [("sound late", 5), ("sound late", 12), ("sound early", 8)])
def test_sound_moves_by_so_many_frames_and_pictures_stay(
    clip: Subject, tmp_path: Path, name: str, frames: int, click_times: Callable[..., list[float]]
) -> None:
    one = next(each for each in planned([clip], [damage(name)], tmp_path) if each.level == frames)
    assert make([one], 1) == 1
    moved = click_times(read_audio(one.path, RATE), RATE, 3)
    shift = frames / 25 if name == "sound late" else -frames / 25
    assert moved == pytest.approx([time + shift for time in CLICKS], abs=0.002)
    assert content_hashes(one.path)[0] == content_hashes(clip.video)[0]


def test_what_is_made_is_not_made_again_and_hangs_on_the_clip(clip: Subject, tmp_path: Path) -> None:
    wanted = planned([clip], [damage("blur"), damage("rate")], tmp_path / "made")
    assert make(wanted, 1) == len(wanted) == 7
    assert make(wanted, 1) == 0
    wanted[3].path.unlink()
    assert make(wanted, 1) == 1
    clip.video.write_bytes((tmp_path / "made" / SAMPLE / "blur" / wanted[0].path.name).read_bytes())
    assert not any(each.path.is_file() for each in planned([clip], [damage("blur")], tmp_path / "made"))


def test_written_damage_keeps_length_and_sound(clip: Subject, tmp_path: Path) -> None:
    wanted = [
        each for each in planned([clip], DAMAGES, tmp_path / "all") if each.level == damage(each.damage).levels[-1]
    ]
    make(wanted, 1)
    sounds = set()
    for each in wanted:
        assert len(list(read_frames(each.path))) == 36, each.damage
        if not damage(each.damage).sound_only:
            sounds.add(content_hashes(each.path)[1])
    assert len(sounds) == 1


def test_a_clip_without_sound_gets_no_damage_to_it(clip: Subject, tmp_path: Path) -> None:
    silent = Subject(SAMPLE, "clip", Labels(), clip.video, None, stranger=clip.video)
    assert {each.damage for each in planned([silent], DAMAGES, tmp_path)}.isdisjoint({"sound late", "sound early"})


def test_a_real_clip_cannot_be_drawn_again(clip: Subject) -> None:
    with pytest.raises(BenchError, match="cannot be drawn again"):
        damage("yaw").apply(Footage(clip), 5.0)
    with pytest.raises(BenchError, match="Did you mean 'blur'"):
        damage("blurr")


def _sharpness(frames: Frames) -> float:
    return float(np.mean([cv2.Laplacian(frame, cv2.CV_64F).var() for frame in frames]))


def test_more_blur_is_less_sharp(faces: Frames) -> None:
    sharpness = [_sharpness(faces), *(_sharpness(pictures.blur(faces, sigma)) for sigma in damage("blur").levels)]
    assert sharpness == sorted(sharpness, reverse=True) and sharpness[-1] < sharpness[0] / 50


def test_lower_jpeg_quality_makes_smaller_files_and_larger_errors(faces: Frames) -> None:
    levels = [int(level) for level in damage("jpeg").levels]
    sizes = [sum(map(len, pictures.jpeg_bytes(faces, quality))) for quality in levels]
    errors = [_error(pictures.jpeg(faces, quality), faces) for quality in levels]
    assert sizes == sorted(sizes, reverse=True) and errors == sorted(errors)


def test_higher_crf_makes_smaller_files(clip: Subject, tmp_path: Path) -> None:
    wanted = planned([clip], [damage("h264"), damage("re-encode")], tmp_path / "made")
    make(wanted, 1)
    sizes = [each.path.stat().st_size for each in wanted if each.damage == "h264"]
    assert sizes == sorted(sizes, reverse=True)
    once, thrice = (np.stack(list(read_frames(each.path))) for each in wanted if each.damage == "re-encode")
    clean = np.stack(list(read_frames(clip.video)))
    assert 0 < _error(once, clean) < _error(thrice, clean)


def _error(frames: Frames, other: Frames) -> float:
    return float(np.mean((frames.astype(float) - other) ** 2))


def test_noise_has_its_strength_and_no_bias() -> None:
    grey = np.full((3, 64, 64, 3), 128, np.uint8)
    for sigma in damage("noise").levels:
        difference = pictures.noise(grey, sigma, 7).astype(float) - 128
        assert difference.std() == pytest.approx(sigma, rel=0.05) and abs(difference.mean()) < 0.05 * sigma + 0.05
    assert not np.array_equal(*(pictures.noise(grey, 5, seed) for seed in (1, 2)))


def test_colour_is_red_up_and_blue_down() -> None:
    found = pictures.colour(np.full((1, 8, 8, 3), 100, np.uint8), 15)
    assert found[0, 0, 0].tolist() == [115, 100, 85]


def test_a_dot_goes_where_the_picture_goes() -> None:
    frames = np.zeros((1, 101, 101, 3), np.uint8)
    cv2.circle(frames[0], (80, 50), 3, (255, 255, 255), -1)
    assert _dot(pictures.rotate(frames, 10)) == pytest.approx(
        (50 + 30 * np.cos(np.radians(10)), 50 + 30 * np.sin(np.radians(10))), abs=0.1
    )
    assert _dot(pictures.move(frames, 0.1)) == pytest.approx((90.1, 50), abs=0.1)
    assert _dot(pictures.zoom(frames, 0.8)) == pytest.approx((74, 50), abs=0.1)


def _dot(frames: Frames) -> tuple[float, float]:
    moments: Any = cv2.moments(frames[0, ..., 0])
    return moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]


def _numbers(frames: Frames, number_of: Callable[[Frames], int]) -> list[int]:
    return [number_of(frame) for frame in frames]


def test_the_right_frames_stand_still(counted: Callable[..., list[Frames]], number_of: Callable[[Frames], int]) -> None:
    frames = np.stack(counted(12, 4, 4))
    assert _numbers(timing.freeze(frames, 0.25), number_of) == [0, 0, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert _numbers(timing.freeze(frames, 1.0), number_of) == [0] * 12
    assert _numbers(timing.repeat_every(frames, 3), number_of) == [0, 1, 1, 3, 4, 4, 6, 7, 7, 9, 10, 10]
    assert _numbers(timing.hold(frames, 2), number_of) == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10]
    other = np.stack(counted(20, 4, 4))[15:]
    assert _numbers(timing.take_over(frames, other, 0.5), number_of) == [0, 1, 2, 3, 4, 5, 16, 17, 18, 19, 15, 16]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.floats(0, 0.9), st.floats(0, 0.9), st.integers(0, 2**32 - 1))
def test_drops_repeat_the_frame_before_and_a_larger_share_drops_the_same_and_more(
    count: int, first: float, second: float, seed: int
) -> None:
    frames = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 1, 3), np.uint8)
    kept = []
    for share in sorted((first, second)):
        shown = timing.drop(frames, share, seed)[:, 0, 0, 0].astype(int)
        assert shown[0] == 0 and len(shown) == count
        repeats = shown[1:] == shown[:-1]
        assert repeats.sum() == min(round(share * count), count - 1)
        assert np.array_equal(shown[1:][~repeats], np.flatnonzero(~repeats) + 1)
        kept.append(set(shown))
    assert kept[1] <= kept[0]
