"""Videos that exist already: how they are found, and that they fit their cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Case, Context, ModelError

CONTEXT = Context("cpu", {}, {}, "d/test/self")
MakeVideo = Callable[..., Path]


def case(name: str, frames: int = 10) -> Case:
    picture, sound = np.zeros((8, 8, 3), np.uint8), np.zeros(frames * 640, np.float32)
    return Case(name, "self", picture, sound, True, 25.0, frames, None, None, None, Path(name))


def found(root: Path, name: str, frames: int = 10, **options: object) -> Path | None:
    model = registry.make("folder", {"root": str(root), **options}, CONTEXT)
    return model.animate(case(name, frames), 0).file  # type: ignore[union-attr]


def refusal(root: Path, name: str, frames: int = 10, **options: object) -> ModelError:
    with pytest.raises(ModelError) as caught:
        found(root, name, frames, **options)
    return caught.value


def test_a_pattern_finds_videos_in_folders_of_their_own(make_video: MakeVideo, tmp_path: Path) -> None:
    for name in ("a", "b", "[b]*"):
        (tmp_path / name / "final").mkdir(parents=True)
        make_video(f"{name}.mp4").rename(tmp_path / name / "final" / "result.mp4")
    assert found(tmp_path, "b", pattern="{case}/**/*.mp4") == tmp_path / "b" / "final" / "result.mp4"
    # What means something in a pattern means itself in the name of a case.
    assert found(tmp_path, "[b]*", pattern="{case}/**/*.mp4") == tmp_path / "[b]*" / "final" / "result.mp4"
    assert refusal(tmp_path, "c", pattern="{case}/**/*.mp4").status == "not_generated"


def test_two_files_for_one_case_are_a_question_and_no_guess(make_video: MakeVideo, tmp_path: Path) -> None:
    make_video("a-1.mp4"), make_video("a-2.mp4")
    assert "2 files could be the video of a: a-1.mp4, a-2.mp4" in refusal(tmp_path, "a", pattern="{case}-*.mp4").detail
    make_video("b.mp4"), make_video("b.mov")
    assert "2 files could be" in refusal(tmp_path, "b").detail


@pytest.mark.parametrize("frames", [9, 10, 11])
def test_one_frame_more_or_less_passes(make_video: MakeVideo, tmp_path: Path, frames: int) -> None:
    make_video("a.mp4", frames)
    assert found(tmp_path, "a") is not None


def test_another_length_is_a_failure_that_says_both(make_video: MakeVideo, tmp_path: Path) -> None:
    make_video("a.mp4", 8)
    said = refusal(tmp_path, "a")
    assert said.status == "unfit_video"
    assert "8 frames in 0.32 s (25 fps), expected 0.40 s (10 frames at 25 fps)" in said.detail
    assert found(tmp_path, "a", slack=0.1) is not None


def test_a_far_longer_video_is_not_read_to_its_end(make_video: MakeVideo, tmp_path: Path) -> None:
    make_video("a.mp4", 28, fps=10)
    said = refusal(tmp_path, "a")
    assert said.status == "unfit_video"
    assert "goes on after 1.90 s, expected 0.40 s (10 frames at 25 fps)" in said.detail


def test_another_frame_rate_passes_unless_one_was_named(make_video: MakeVideo, tmp_path: Path) -> None:
    make_video("a.mp4", 12, fps=30)
    assert found(tmp_path, "a") is not None
    assert found(tmp_path, "a", fps=30) is not None
    assert "(30 fps)" in refusal(tmp_path, "a", fps=25).detail


def test_a_broken_video_is_no_short_one(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video("a.mp4", 28, pixels="yuv444p")
    video.write_bytes(video.read_bytes()[:-300])
    assert refusal(tmp_path, "a", 28).status == "decode_error"


def test_what_is_asked_of_a_video_belongs_to_its_content(make_video: MakeVideo, tmp_path: Path) -> None:
    make_video("a.mp4")
    contents = [
        registry.make("folder", {"root": str(tmp_path), **options}, CONTEXT).content("a")  # type: ignore[union-attr]
        for options in ({}, {"slack": 0.1}, {"fps": 25})
    ]
    assert len(set(contents)) == 3
    assert registry.make("folder", {"root": str(tmp_path)}, CONTEXT).content("b") == "absent"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pattern": "*.mp4"}, "must hold {case}"),
        ({"pattern": "../{case}.mp4"}, "stay in the folder"),
        ({"pattern": "/{case}.mp4"}, "stay in the folder"),
        ({"pattern": "**{case}.mp4"}, "pattern"),
        ({"pattern": "{case}.mp4", "mapping": "map.csv"}, "not both"),
        ({"patern": "{case}.mp4"}, "Did you mean 'pattern'"),
        ({"slack": -1}, "from 0"),
        ({"mapping": "no-such.csv"}, "cannot read the mapping"),
    ],
)
def test_a_mistake_in_the_options_is_explained(tmp_path: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(BenchError, match=said.replace("{", r"\{")):
        registry.make("folder", {"root": str(tmp_path), **options}, CONTEXT)


@pytest.mark.parametrize("text", [b"case,video\na\n", b"case,video\n,a.mp4\n", b"case,video\n\xff\xfe,a\n"])
def test_a_mapping_with_holes_or_in_another_encoding_is_explained(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "map.csv").write_bytes(text)
    with pytest.raises(BenchError, match=r"map\.csv"):
        registry.make("folder", {"root": str(tmp_path), "mapping": str(tmp_path / "map.csv")}, CONTEXT)
