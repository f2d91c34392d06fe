"""MEAD as its archives leave it: views, wrapped folders, other cases, sound apart, archives still packed."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.base import DatasetError, Rejected, SourceClip
from datasets.mead import VIEWS, Mead


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def parts(root: Path, view: str = "front") -> tuple[list[SourceClip], list[Rejected]]:
    items = list(Mead(view).read(root))
    return [i for i in items if isinstance(i, SourceClip)], [i for i in items if isinstance(i, Rejected)]


def test_each_view_is_read_alone_under_its_own_names(tmp_path: Path) -> None:
    for view in (*VIEWS, "back"):
        touch(tmp_path / f"W009/video/{view}/sad/level_3/004.mp4")
    for view in VIEWS:
        (clip,), (rejected,) = parts(tmp_path, view)
        assert clip.clip == f"W009-{view}-sad-level_3-004" and clip.sex == "female"
        assert (rejected.source, rejected.reason) == ("W009/video/back", "unknown_view")
    with pytest.raises(ValueError, match="left_45"):
        Mead("left_45")


def test_emotion_and_level_folders_may_be_in_another_case(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/Front/Angry/Level_2/001.mp4")
    sound = touch(tmp_path / "M003/audio/ANGRY/level_2/001.m4a")
    (clip,), rejected = parts(tmp_path)
    assert (clip.clip, clip.emotion, clip.audio) == ("M003-front-angry-level_2-001", "angry", sound)
    assert rejected == []


@pytest.mark.parametrize("wrap", ["video-001", "video-001/video", "video/M003/video", "video/video-001"])
def test_folders_that_an_extraction_puts_in_between_change_no_name(tmp_path: Path, wrap: str) -> None:
    touch(tmp_path / "M003" / wrap / "front/fear/level_1/001.mp4")
    sound = touch(tmp_path / "M003" / wrap.replace("video", "audio") / "fear/level_1/001.wav")
    (clip,), rejected = parts(tmp_path)
    assert (clip.clip, clip.audio, rejected) == ("M003-front-fear-level_1-001", sound, [])


def test_parts_of_one_extraction_are_read_together_and_twice_the_same_take_once(tmp_path: Path) -> None:
    first = touch(tmp_path / "M003/video-001/front/fear/level_1/001.mp4")
    touch(tmp_path / "M003/video-002/front/fear/level_1/001.mp4")
    touch(tmp_path / "M003/video-002/front/fear/level_1/002.mp4")
    clips, (rejected,) = parts(tmp_path)
    assert [c.video.name for c in clips] == ["001.mp4", "002.mp4"] and clips[0].video == first
    assert (rejected.source, rejected.reason) == ("M003/video-002/front/fear/level_1/001.mp4", "duplicate")


def test_without_an_audio_folder_a_clip_keeps_the_sound_of_its_video(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/front/happy/level_1/001.mp4")
    (clip,), rejected = parts(tmp_path)
    assert clip.audio is None and rejected == []


def test_of_two_sound_formats_the_datasets_own_is_taken_and_an_empty_one_is_said(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/front/happy/level_1/001.mp4")
    touch(tmp_path / "M003/video/front/happy/level_1/002.mp4")
    touch(tmp_path / "M003/audio/happy/level_1/001.wav")
    sound = touch(tmp_path / "M003/audio/happy/level_1/001.m4a")
    (tmp_path / "M003/audio/happy/level_1/002.m4a").touch()
    (clip,), (rejected,) = parts(tmp_path)
    assert clip.audio == sound
    assert (rejected.source, rejected.reason) == ("M003/audio/happy/level_1/002.m4a", "empty_file")


def test_sound_without_its_video_is_one_row_a_folder(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/front/happy/level_1/001.mp4")
    for take in (2, 3):
        touch(tmp_path / f"M003/audio/happy/level_1/{take:03d}.m4a")
    _, (rejected,) = parts(tmp_path)
    assert (rejected.source, rejected.reason) == ("M003/audio/happy/level_1", "no_video")
    assert "002, 003" in rejected.detail


def test_archives_still_packed_are_said_with_the_command(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video.tar")
    touch(tmp_path / "W011/video.tar")
    touch(tmp_path / "W011/video/front/sad/level_1/001.mp4")
    touch(tmp_path / "W040.tar")
    clips, rejected = parts(tmp_path)
    assert [c.speaker for c in clips] == ["W011"]
    assert {(r.source, r.reason) for r in rejected} == {
        ("M003/video.tar", "packed"),
        ("M003", "no_video"),
        ("W040.tar", "packed"),
    }
    assert "tar -xf M003/video.tar -C M003" in next(r.detail for r in rejected if r.source == "M003/video.tar")


def test_a_root_of_archives_alone_says_to_unpack(tmp_path: Path) -> None:
    touch(tmp_path / "W040.tar")
    with pytest.raises(DatasetError, match=r"W040\.tar.*unpack"):
        parts(tmp_path)


def test_speakers_outside_the_code_are_rows(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/front/sad/level_1/001.mp4")
    touch(tmp_path / "m004/video/front/sad/level_1/001.mp4")
    touch(tmp_path / "readme.txt")
    clips, (rejected,) = parts(tmp_path)
    assert len(clips) == 1 and (rejected.source, rejected.reason) == ("m004", "unknown_speaker")


def test_parts_of_a_drives_download_are_one_copy(tmp_path: Path) -> None:
    touch(tmp_path / "M003-20210602T081112Z-001/M003/video/front/sad/level_1/001.mp4")
    sound = touch(tmp_path / "M003-20210602T081112Z-002/M003/audio/sad/level_1/001.m4a")
    touch(tmp_path / "MEAD-20210602T081112Z-001/MEAD/W009 /video/front/sad/level_1/001.mp4")
    touch(tmp_path / "W009 (1)/video/front/sad/level_1/002.MP4")
    clips, rejected = parts(tmp_path)
    assert [c.clip for c in clips] == [
        "M003-front-sad-level_1-001", "W009-front-sad-level_1-001", "W009-front-sad-level_1-002",
    ]  # fmt: skip
    assert clips[0].audio == sound and rejected == []


def test_a_picture_beside_a_take_does_not_cost_it_its_sound(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/front/sad/level_1/001.mp4")
    touch(tmp_path / "M003/video/front/sad/level_1/001.jpg")
    sound = touch(tmp_path / "M003/audio/sad/level_1/001.m4a")
    (clip,), (rejected,) = parts(tmp_path)
    assert clip.audio == sound and rejected.reason == "unknown_name"


def test_takes_and_sounds_in_a_wrong_place_are_named(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/front/sad/level_1/001.mp4")
    wrong = [
        "stray.mp4", "M003/001.mp4", "M003/front/sad/level_1/001.mp4", "M003/video/front/sad/001.mp4",
        "M003/video/front/001.mp4", "M003/video/front/sad/level_1/more/001.mp4", "M003/audio/sad/001.m4a",
        "M003/audio/sad/Level 1/001.m4a",
    ]  # fmt: skip
    for path in wrong:
        touch(tmp_path / path)
    touch(tmp_path / "M003/video/front/sad/level_1/notes/readme.txt")
    clips, rejected = parts(tmp_path)
    assert len(clips) == 1
    sources = [r.source for r in rejected]
    assert all(any(path == s or path.startswith(f"{s}/") for s in sources) for path in wrong) and len(sources) == len(
        wrong
    )


@pytest.mark.parametrize(
    ("archive", "command"),
    [
        ("M003/video.tar", "tar -xf M003/video.tar -C M003"),
        ("M003/video.zip", "unzip M003/video.zip -d M003"),
        ("M003/video/front.tar", "tar -xf M003/video/front.tar -C M003/video"),
        ("M005-20210602T081112Z-001.zip", "unzip M005-20210602T081112Z-001.zip"),
        ("M005 (1).tar.gz", "tar -xf 'M005 (1).tar.gz' -C ."),
        ("M005.7z", "7z x M005.7z -o."),
        ("M005.zip.001", "join its parts"),
    ],
)
def test_each_kind_of_archive_has_its_command(tmp_path: Path, archive: str, command: str) -> None:
    touch(tmp_path / archive)
    touch(tmp_path / "W011/video/front/sad/level_1/001.mp4")
    _, rejected = parts(tmp_path)
    assert [command in r.detail for r in rejected if r.reason == "packed"] == [True]


def test_what_lies_beside_the_speakers_in_a_part_of_a_download_is_named(tmp_path: Path) -> None:
    part = tmp_path / "MEAD-20210602T081112Z-001"
    touch(part / "M003/video/front/sad/level_1/001.mp4")
    for name in ("W011.tar", "stray.mp4", "extra/001.mp4"):
        touch(part / name)
    clips, rejected = parts(tmp_path)
    assert len(clips) == 1
    assert {r.source.removeprefix(f"{part.name}/"): r.reason for r in rejected} == {
        "W011.tar": "packed", "stray.mp4": "unknown_name", "extra": "unknown_speaker",
    }  # fmt: skip
    assert f"tar -xf {part.name}/W011.tar -C {part.name}" in next(r.detail for r in rejected if r.reason == "packed")
