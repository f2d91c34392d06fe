"""Sanity models do exactly what their names say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Case, Context, ModelError
from bench.models.sanity import shift
from datasets.media import pictures_sha256, write_audio

CONTEXT = Context("cpu", {}, {"a": "one"}, "d/test/self")


def case(video: Path, frames: int = 10, name: str = "a") -> Case:
    sound = np.linspace(-0.5, 0.5, frames * 640, dtype=np.float32)
    return Case(name, "self", np.full((48, 64, 3), 9, np.uint8), sound, False, 25.0, frames, None, None, None, video)


def test_ground_truth_is_the_clip(make_video) -> None:
    video = make_video()
    assert registry.make("ground-truth", {}, CONTEXT).animate(case(video), 0).file == video


def test_still_holds_the_portrait(make_video) -> None:
    frames = list(registry.make("still", {}, CONTEXT).animate(case(make_video()), 0).frames or [])
    assert len(frames) == 10 and all((frame == 9).all() for frame in frames)


def test_a_shift_moves_the_sound_later_and_loses_nothing_else() -> None:
    sound = np.arange(1, 101, dtype=np.float32)
    later, earlier = shift(sound, 10), shift(sound, -10)
    assert not later[:10].any() and np.array_equal(later[10:], sound[:90])
    assert np.array_equal(earlier[:90], sound[10:]) and not earlier[90:].any()
    assert np.array_equal(shift(sound, 0), sound) and not shift(sound, 500).any()


def test_shuffled_takes_the_sound_of_another_speaker(make_video, tmp_path: Path) -> None:
    sounds = {}
    for level, name in enumerate(("a", "b", "c"), 1):
        sounds[name] = tmp_path / f"{name}.wav"
        write_audio(sounds[name], np.full(3200, level / 10, np.float32))
    context = Context("cpu", sounds, {"a": "one", "b": "one", "c": "two"}, "d/test/self")
    made = registry.make("shuffled", {}, context).animate(case(make_video()), 0)
    assert made.audio is not None and np.allclose(made.audio, 0.3, atol=1e-3) and len(made.audio) == 6400


def test_shuffled_needs_another_case(make_video) -> None:
    with pytest.raises(ModelError, match="no other case"):
        registry.make("shuffled", {}, CONTEXT).animate(case(make_video()), 0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("stil", {}, "'still'"),
        ("shifted", {"frame": 3}, "'frames'"),
        ("shifted", {"frames": "many"}, "int"),
        ("folder", {}, "root"),
        ("folder", {"root": "/no/such/folder"}, "is not a folder"),
    ],
)
def test_mistakes_in_params_are_explained(name: str, options: dict, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        registry.make(name, options, CONTEXT)


def test_one_entry_may_have_two_rows() -> None:
    early = registry.make("early", {"model": "shifted", "frames": -5}, CONTEXT)
    assert early.version == "1--5" and early.version != registry.make("shifted", {}, CONTEXT).version


def test_folder_finds_by_name_or_mapping_and_names_what_is_near(make_video, tmp_path: Path) -> None:
    video = make_video("speech-1.mov")
    model = registry.make("folder", {"root": str(tmp_path)}, CONTEXT)
    assert model.animate(case(video, name="speech-1"), 0).file == video
    with pytest.raises(ModelError, match="speech-1"):
        model.animate(case(video, name="speech-2"), 0)
    mapping = tmp_path / "map.csv"
    mapping.write_text("\ufeffcase,video\nx,speech-1.mov\n", encoding="utf-8")
    mapped = registry.make("folder", {"root": str(tmp_path), "mapping": str(mapping)}, CONTEXT)
    made = mapped.animate(case(video, name="x"), 0).file
    assert made is not None and pictures_sha256(made) == pictures_sha256(video)


@pytest.mark.parametrize(
    ("text", "message"),
    [("id,file\n", "case,video"), ("case,video\na,../b.mp4\n", "outside"), ("case,video\na,b\na,c\n", "twice")],
)
def test_a_bad_mapping_is_explained(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "videos").mkdir()
    mapping = tmp_path / "map.csv"
    mapping.write_text(text)
    with pytest.raises(BenchError, match=message):
        registry.make("folder", {"root": str(tmp_path / "videos"), "mapping": str(mapping)}, CONTEXT)
