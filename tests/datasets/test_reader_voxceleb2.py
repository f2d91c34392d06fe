"""VoxCeleb2 as its archives leave it, and its text files of face boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.base import DatasetError, Rejected, SourceClip, readable
from datasets.face_boxes import read_face_boxes
from datasets.voxceleb2 import VoxCeleb2

STEM = "id00017/abcdefghijk/00001"
HEADER = "Identity  : \tid00017\nReference : \tabcdefghijk\nOffset    : \t2\n\nFRAME \tX \tY \tW \tH \n"


def touch(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def parts(root: Path) -> tuple[list[SourceClip], list[Rejected]]:
    items = list(VoxCeleb2().read(root))
    return [i for i in items if isinstance(i, SourceClip)], [i for i in items if isinstance(i, Rejected)]


@pytest.mark.parametrize(
    ("layout", "below", "split"),
    [
        ("test/{}", ".", "test"),
        ("vox2_test_{}/{}", ".", "test"),
        ("vox2_dev_{}/dev/{}", ".", "dev"),
        ("dev/{}", "dev", "dev"),
        ("{}", ".", ""),
        ("vox2_test_{}/{}", "vox2_test_mp4", "test"),
    ],
)
def test_every_root_that_the_archives_leave_gives_the_same_names(
    tmp_path: Path, layout: str, below: str, split: str
) -> None:
    for kind, suffix in (("mp4", "mp4"), ("aac", "m4a"), ("txt", "txt")):
        touch(tmp_path / layout.replace("{}", kind) / f"{STEM}.{suffix}")
    (clip,), rejected = parts(tmp_path / below)
    assert (clip.clip, clip.speaker, clip.split) == ("id00017-abcdefghijk-00001", "id00017", split)
    beside = below != "vox2_test_mp4"
    assert (clip.audio is not None, clip.boxes is not None) == (beside, beside)
    assert rejected == []


@pytest.mark.parametrize("below", ["test/mp4", "vox2_test_mp4/mp4"])
def test_the_mp4_folder_itself_is_a_root_whose_clips_keep_their_own_sound(tmp_path: Path, below: str) -> None:
    video = touch(tmp_path / below / f"{STEM}.mp4")
    touch(tmp_path / "test/aac" / f"{STEM}.m4a")
    (clip,), _ = parts(tmp_path / below)
    assert (clip.clip, clip.split) == ("id00017-abcdefghijk-00001", "test")
    assert (clip.video, clip.audio) == (video, None)


def test_boxes_and_sound_without_pictures_are_rows_and_the_reverse_is_a_clip(tmp_path: Path) -> None:
    touch(tmp_path / "test/mp4" / f"{STEM}.mp4")
    touch(tmp_path / "test/txt/id00017/abcdefghijk/00002.txt")
    touch(tmp_path / "test/txt/id00017/bcdefghijkl/00001.txt")
    touch(tmp_path / "test/txt/id00018/abcdefghijk/00001.txt")
    touch(tmp_path / "test/aac/id00017/abcdefghijk/00003.m4a")
    touch(tmp_path / "dev/txt/id00019/abcdefghijk/00001.txt")
    (clip,), rejected = parts(tmp_path)
    assert clip.boxes is None
    assert {r.source for r in rejected} == {
        "test/txt/id00017/abcdefghijk/00002.txt",
        "test/txt/id00017/bcdefghijkl",
        "test/txt/id00018",
        "test/aac/id00017/abcdefghijk/00003.m4a",
        "dev/txt",
    }
    assert {r.reason for r in rejected} == {"no_video"}


def test_an_empty_text_file_costs_the_boxes_not_the_clip(tmp_path: Path) -> None:
    touch(tmp_path / "test/mp4" / f"{STEM}.mp4")
    touch(tmp_path / "test/txt" / f"{STEM}.txt", "")
    (clip,), (rejected,) = parts(tmp_path)
    assert clip.boxes is None
    assert (rejected.source, rejected.reason) == (f"test/txt/{STEM}.txt", "empty_file")


def test_an_utterance_that_two_folders_hold_is_read_once(tmp_path: Path) -> None:
    touch(tmp_path / "test/mp4" / f"{STEM}.mp4")
    touch(tmp_path / "vox2_test_mp4/mp4" / f"{STEM}.mp4")
    clips, (rejected,) = parts(tmp_path)
    assert len(clips) == 1 and rejected.reason == "duplicate"


def test_archives_still_packed_are_said_unless_their_split_is_there(tmp_path: Path) -> None:
    touch(tmp_path / "test/mp4" / f"{STEM}.mp4")
    touch(tmp_path / "vox2_test_mp4.zip")
    touch(tmp_path / "vox2_dev_mp4_partaa")
    _, (rejected,) = parts(tmp_path)
    assert (rejected.source, rejected.reason) == ("vox2_dev_mp4_partaa", "packed") and "cat" in rejected.detail
    alone = tmp_path / "alone"
    touch(alone / "vox2_test_mp4.zip")
    with pytest.raises(DatasetError, match=r"vox2_test_mp4\.zip.*unpack"):
        parts(alone)


def test_face_boxes_are_read_with_a_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    lines = HEADER + "008809 \t0.123 \t0.136 \t0.422 \t0.749 \n\n008810 \t0.1 \t0.2 \t0.3 \t0.4 \n"
    found = read_face_boxes(touch(tmp_path / "a.txt", "\ufeff" + lines.replace("\n", "\r\n")))
    assert found.frames.tolist() == [8809, 8810] and found.skipped == ()
    np.testing.assert_allclose(found.boxes, [[0.123, 0.136, 0.422, 0.749], [0.1, 0.2, 0.3, 0.4]])


def test_boxes_are_cut_to_the_frame_and_broken_lines_are_said(tmp_path: Path) -> None:
    lines = "1 -0.1 0.5 0.3 0.7\n2 1.2 0 0.1 0.1\n3 0.1 O.2 0.3 0.4\n4 0.1 0.2\n5 nan 0 1 1\n6 0 0 1 1\n"
    found = read_face_boxes(touch(tmp_path / "a.txt", HEADER + lines))
    assert found.frames.tolist() == [1, 6]
    np.testing.assert_allclose(found.boxes, [[0, 0.5, 0.2, 0.5], [0, 0, 1, 1]])
    assert [text.split(":")[0] for text in found.skipped] == ["line 7", "line 8", "line 9", "line 10"]


@pytest.mark.parametrize("text", ["", "no heading\n", HEADER, HEADER + "1 a b c d\n"])
def test_a_file_without_a_box_says_what_it_holds(tmp_path: Path, text: str) -> None:
    with pytest.raises(DatasetError, match=r"a\.txt.*FRAME X Y W H"):
        read_face_boxes(touch(tmp_path / "a.txt", text))


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=300), st.lists(st.lists(st.one_of(st.floats(), st.integers()), max_size=6), max_size=6))
def test_any_text_gives_boxes_in_the_frame_or_one_kind_of_error(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, rows: list[list[float]]
) -> None:
    path = tmp_path_factory.mktemp("boxes") / "a.txt"
    body = "\n".join(" ".join(map(str, row)) for row in rows)
    path.write_bytes(HEADER.encode() + body.encode() + b"\n" + junk)
    try:
        found = read_face_boxes(path)
    except DatasetError:
        return
    assert found.boxes.shape == (len(found.frames), 4)
    assert (found.boxes >= 0).all() and (found.boxes[:, 2:] > 0).all()
    assert (found.boxes[:, :2] + found.boxes[:, 2:] <= 1 + 1e-9).all()


def test_sound_that_a_lab_made_wav_of_is_read_and_the_datasets_own_goes_before_it(tmp_path: Path) -> None:
    for place in (STEM, "id00017/abcdefghijk/00002", "id00017/abcdefghijk/00003"):
        touch(tmp_path / "test/mp4" / f"{place}.mp4")
    touch(tmp_path / "test/aac" / f"{STEM}.wav")
    own = touch(tmp_path / "test/aac" / f"{STEM}.m4a")
    beside = touch(tmp_path / "test/aac/id00017/abcdefghijk/00002.WAV")
    apart = touch(tmp_path / "test/wav/id00017/abcdefghijk/00003.wav")
    clips, rejected = parts(tmp_path)
    assert [c.audio for c in clips] == [own, beside, apart] and rejected == []


def test_a_folder_around_the_parts_and_suffixes_in_capitals_are_read(tmp_path: Path) -> None:
    touch(tmp_path / "VoxCeleb2/vox2_mp4/dev/mp4" / f"{STEM}.MP4")
    (clip,), rejected = parts(tmp_path)
    assert (clip.split, rejected) == ("dev", [])


def test_sound_behind_a_link_that_leaves_the_root_is_not_read(tmp_path: Path) -> None:
    root, away = tmp_path / "root", tmp_path / "away"
    touch(root / "test/mp4" / f"{STEM}.mp4")
    touch(away / "abcdefghijk/00001.m4a")
    (root / "test/aac").mkdir()
    (root / "test/aac/id00017").symlink_to(away)
    (clip,), (rejected,) = parts(root)
    assert (clip.audio, rejected.source, rejected.reason) == (None, "test/aac/id00017", "outside_root")


def test_a_speaker_beside_the_splits_does_not_hide_them(tmp_path: Path) -> None:
    touch(tmp_path / "test/mp4" / f"{STEM}.mp4")
    touch(tmp_path / "id00099/abcdefghijk/00001.mp4")
    (clip,), (rejected,) = parts(tmp_path)
    assert (clip.split, rejected.source, rejected.reason) == ("test", "id00099", "unknown_name")


def test_of_two_copies_the_one_whose_folders_name_the_split_is_read(tmp_path: Path) -> None:
    touch(tmp_path / "mp4" / f"{STEM}.mp4")
    touch(tmp_path / "test/mp4" / f"{STEM}.mp4")
    (clip,), (rejected,) = parts(tmp_path)
    assert (clip.split, rejected.source, rejected.reason) == ("test", f"mp4/{STEM}.mp4", "duplicate")


@pytest.mark.parametrize("video", ['a "b"', "a\nb", "größe1234567", "a;b"])
def test_a_video_whose_name_is_no_identifier_is_a_row_on_one_line(tmp_path: Path, video: str) -> None:
    touch(tmp_path / "test/mp4" / f"{STEM}.mp4")
    touch(tmp_path / "test/mp4/id00018" / video / "00001.mp4")
    clips, (rejected,) = parts(tmp_path)
    assert len(clips) == 1 and rejected.reason == "unknown_name" and "\n" not in readable(rejected.source)
