"""Readers give every clip of a layout and say what they turned away; they name what they expected and found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import splits
from datasets.base import EMOTIONS, DatasetError, Rejected, SourceClip
from datasets.folder import Folder, clip_name
from datasets.mead import Mead
from datasets.recognize import looks_like
from datasets.registry import READERS
from datasets.voxceleb2 import VoxCeleb2


@pytest.mark.parametrize("name", ["mead", "voxceleb2", "ravdess", "crema-d", "hdtf", "folder"])
def test_an_error_is_one_line_whatever_the_names(tmp_path: Path, name: str) -> None:
    root = tmp_path / "line\nbreak"
    (root / "\x1b[31mred\n").mkdir(parents=True)
    with pytest.raises(DatasetError) as caught:
        list(READERS[name]().read(root))
    assert str(caught.value).isprintable()


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")  # an empty file is turned away as such
    return path


def parts(reader: object, root: Path) -> tuple[list[SourceClip], list[Rejected]]:
    items = list(reader.read(root))  # type: ignore[attr-defined]
    return [i for i in items if isinstance(i, SourceClip)], [i for i in items if isinstance(i, Rejected)]


def test_mead_gives_labels_and_separate_sound(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/front/angry/level_2/007.mp4")
    sound = touch(tmp_path / "M003/audio/angry/level_2/007.m4a")
    touch(tmp_path / "W009/video/front/neutral/level_1/001.mp4")
    (angry, neutral), rejected = parts(Mead(), tmp_path)
    assert (angry.speaker, angry.emotion, angry.level, angry.audio) == ("M003", "angry", 2, sound)
    assert angry.clip == "M003-front-angry-level_2-007"
    assert (neutral.emotion, neutral.level, neutral.audio) == ("neutral", 1, None)
    assert rejected == []


def test_mead_says_what_it_turned_away(tmp_path: Path) -> None:
    touch(tmp_path / "M003/video/front/angry/level_1/001.mp4")
    touch(tmp_path / "M003/video/front/bored/level_1/001.mp4")
    touch(tmp_path / "M003/video/front/neutral/level_2/001.mp4")
    touch(tmp_path / "M003/video/front/sad/loud/001.mp4")
    (tmp_path / "W011/video/left_30").mkdir(parents=True)
    clips, rejected = parts(Mead(), tmp_path)
    assert len(clips) == 1
    assert {(r.source, r.reason) for r in rejected} == {
        ("M003/video/front/bored", "unknown_emotion"),
        ("M003/video/front/neutral/level_2", "unknown_level"),
        ("M003/video/front/sad/loud", "unknown_level"),
        ("W011", "no_video"),
    }


def test_links_that_leave_the_root_are_turned_away(tmp_path: Path) -> None:
    outside = touch(tmp_path / "outside.mp4")
    root = tmp_path / "mead"
    link = root / "M003/video/front/sad/level_1/001.mp4"
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    clips, rejected = parts(Mead(), root)
    assert clips == [] and rejected[0].reason == "outside_root"


def test_voxceleb2_gives_its_own_splits(tmp_path: Path) -> None:
    touch(tmp_path / "test/mp4/id00017/abcdefghijk/00001.mp4")
    touch(tmp_path / "test/aac/id00017/abcdefghijk/00001.m4a")
    touch(tmp_path / "dev/mp4/id00018/bcdefghijkl/00002.mp4")
    touch(tmp_path / "dev/mp4/speaker/bcdefghijkl/00002.mp4")
    (dev, test), rejected = parts(VoxCeleb2(), tmp_path)
    assert (dev.split, dev.speaker, dev.audio) == ("dev", "id00018", None)
    assert test.clip == "id00017-abcdefghijk-00001" and test.audio is not None and test.emotion is None
    assert [r.reason for r in rejected] == ["unknown_speaker"]


FIRST = {
    "mead": "M003/video/front/angry/level_1/001.mp4",
    "mead-left_30": "M003/video/left_30/angry/level_1/001.mp4",
    "voxceleb2": "test/mp4/id00017/abcdefghijk/00001.mp4",
    "ravdess": "Actor_01/01-01-05-01-01-01-01.mp4",
    "crema-d": "VideoFlash/1001_DFA_ANG_XX.flv",
    "hdtf": "clips/Radio11_0.mp4",
}
SECOND = {
    "mead": "M003/video/front/angry/level_1/002.mp4",
    "mead-left_30": "M003/video/left_30/angry/level_1/002.mp4",
    "voxceleb2": "test/mp4/id00017/abcdefghijk/00002.mp4",
    "ravdess": "Actor_01/01-01-05-01-01-02-01.mp4",
    "crema-d": "VideoFlash/1001_DFA_FEA_XX.flv",
    "hdtf": "clips/Radio11_1.mp4",
}
layouts = pytest.mark.parametrize("name", sorted(FIRST))


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_root_of_something_else_is_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / "photos").mkdir()
    if name == "sample":
        _, rejected = parts(READERS[name](), tmp_path)
        assert all(r.reason == "missing" and "assets pull" in r.detail for r in rejected)
        return
    with pytest.raises(DatasetError, match="photos"):
        list(READERS[name]().read(tmp_path))
    with pytest.raises(DatasetError, match="no such folder"):
        list(READERS[name]().read(tmp_path / "gone"))


@pytest.mark.parametrize("held", ["mead", "voxceleb2", "ravdess", "crema-d"])
@pytest.mark.parametrize("asked", ["mead", "voxceleb2", "ravdess", "crema-d", "hdtf"])
def test_a_root_of_another_dataset_says_which(tmp_path: Path, held: str, asked: str) -> None:
    touch(tmp_path / FIRST[held])
    assert looks_like(tmp_path) == held
    if asked != held:
        with pytest.raises(DatasetError, match=f"looks like {held}: set `reader: {held}`"):
            list(READERS[asked]().read(tmp_path))


@pytest.mark.parametrize("name", ["mead", "voxceleb2", "crema-d"])
def test_a_root_too_high_or_too_low_is_put_right(tmp_path: Path, name: str) -> None:
    root = tmp_path / "sets" / "here"
    first = touch(root / FIRST[name])
    with pytest.raises(DatasetError, match=f"root: {root}`"):
        list(READERS[name]().read(tmp_path / "sets"))
    if name in {"mead", "crema-d"}:
        with pytest.raises(DatasetError, match=f"root: {root}`"):
            list(READERS[name]().read(root / first.relative_to(root).parts[0]))


@layouts
def test_broken_files_are_rows_and_the_rest_is_read(tmp_path: Path, name: str) -> None:
    good, bad = touch(tmp_path / FIRST[name]), tmp_path / SECOND[name]
    bad.touch()
    assert _read_one(name, tmp_path) == (good, ("empty_file", SECOND[name]))
    bad.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 72862\n")
    assert _read_one(name, tmp_path) == (good, ("lfs_pointer", SECOND[name]))
    bad.unlink()
    bad.symlink_to(tmp_path / "gone.mp4")
    assert _read_one(name, tmp_path) == (good, ("missing", SECOND[name]))
    bad.unlink()
    bad.symlink_to(bad)
    assert _read_one(name, tmp_path) == (good, ("unreadable", SECOND[name]))
    bad.unlink()
    bad.hardlink_to(good)
    assert _read_one(name, tmp_path) == (good, ("duplicate", SECOND[name]))


@layouts
def test_links_may_not_leave_the_root(tmp_path: Path, name: str) -> None:
    root, outside = tmp_path / "root", touch(tmp_path / "outside.mp4")
    good, bad = touch(root / FIRST[name]), root / SECOND[name]
    bad.symlink_to(outside)
    assert _read_one(name, root) == (good, ("outside_root", SECOND[name]))
    bad.unlink()
    bad.symlink_to(root / "kept.bin")
    touch(root / "kept.bin")
    clips, rejected = parts(READERS[name](), root)
    assert (len(clips), rejected) == (2, [])


@layouts
def test_a_linked_folder_may_not_leave_the_root_but_the_root_may_be_a_link(tmp_path: Path, name: str) -> None:
    root, folder = tmp_path / "root", (tmp_path / "root" / FIRST[name]).parent
    touch(tmp_path / "root" / FIRST[name])
    (tmp_path / "alias").symlink_to(root)
    assert len(parts(READERS[name](), tmp_path / "alias")[0]) == 1
    folder.rename(tmp_path / "away")
    folder.symlink_to(tmp_path / "away")
    if name == "hdtf":
        touch(root / "Radio1_0.mp4")
    try:
        clips, rejected = parts(READERS[name](), root)
    except DatasetError:
        return
    assert [c.clip for c in clips] in ([], ["Radio1_0"])
    assert ("outside_root", folder.relative_to(root).as_posix()) in {(r.reason, r.source) for r in rejected}


@layouts
def test_names_outside_the_code_are_rows_that_any_table_can_hold(tmp_path: Path, name: str) -> None:
    good = touch(tmp_path / FIRST[name])
    odd = ["take one.mp4", "größe.mp4", "a_b_c.flv", "001.mp4.part", "٠٠١.mp4"]
    for text in odd:
        touch(good.parent / text)
    (Path(os.fsdecode(os.fsencode(good.parent) + b"/\xff\xfe.mp4"))).write_bytes(b"x")
    touch(good.parent / ".DS_Store")
    touch(good.parent / "._001.mp4")
    clips, rejected = parts(READERS[name](), tmp_path)
    assert [c.video for c in clips] == [good]
    assert all(r.source.encode() and r.detail.encode() for r in rejected)
    assert not any(Path(r.source).name.startswith(".") for r in rejected)
    if name != "hdtf":  # which takes any file name for a video's
        assert len(rejected) == len(odd) + 1 and {r.reason for r in rejected} == {"unknown_name"}


@layouts
def test_reading_writes_nothing_and_keeps_its_order(tmp_path: Path, name: str) -> None:
    touch(tmp_path / SECOND[name])
    touch(tmp_path / FIRST[name])
    before = sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*"))
    clips, _ = parts(READERS[name](), tmp_path)
    assert [c.video for c in clips] == [tmp_path / FIRST[name], tmp_path / SECOND[name]]
    assert clips == parts(READERS[name](), tmp_path)[0]
    assert sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*")) == before


def _read_one(name: str, root: Path) -> tuple[Path, tuple[str, str]]:
    (clip,), (rejected,) = parts(READERS[name](), root)
    return clip.video, (rejected.reason, rejected.source)


def test_a_folder_names_clips_by_path_and_speakers_by_first_folder(tmp_path: Path) -> None:
    touch(tmp_path / "anna/take 1.MOV")
    touch(tmp_path / "b.webm")
    touch(tmp_path / ".hidden/c.mp4")
    touch(tmp_path / "notes.txt")
    clips, _ = parts(Folder(), tmp_path)
    assert [(c.clip, c.speaker) for c in clips] == [("anna-take_1", "anna"), ("b", "b")]


def test_two_files_of_one_clip_name_and_files_that_are_no_video_are_rows(tmp_path: Path) -> None:
    for name in ("a b.mp4", "a_b.mp4", "a b.mov", "l.mp4"):
        touch(tmp_path / name)
    (tmp_path / "l.mp4").unlink()
    (tmp_path / "l.mp4").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path)
    clips, rejected = parts(Folder(), tmp_path)
    assert [c.clip for c in clips] == ["a_b"]
    assert sorted(r.reason for r in rejected) == ["duplicate", "duplicate", "missing"]


def test_a_name_of_any_length_is_cut_to_what_file_systems_take() -> None:
    names = [clip_name(Path("ä" * 120, "b" * 120, end)) for end in ("x.mp4", "y.mp4")]
    assert len(set(names)) == 2 and all(len(name.encode()) <= 200 for name in names)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.text(min_size=1).filter(lambda t: "/" not in t and "\0" not in t and t not in {".", ".."}),
        min_size=1,
        max_size=3,
    )
)
def test_any_path_gives_a_usable_clip_name(names: list[str]) -> None:
    name = clip_name(Path(*names))
    assert name and "/" not in name and not name.startswith((".", "-")) and len(name.encode()) <= 200


@settings(deadline=None, max_examples=25)
@given(
    st.sets(
        st.tuples(
            st.sampled_from(["M003", "M030", "W009"]), st.sampled_from(EMOTIONS), st.integers(1, 3), st.integers(1, 40)
        ),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_every_mead_clip_is_found_once_whatever_is_there(tmp_path_factory: pytest.TempPathFactory, tree: set) -> None:
    root = tmp_path_factory.mktemp("mead")
    for speaker, emotion, level, number in tree:
        touch(root / speaker / "video/front" / emotion / f"level_{level}" / f"{number:03d}.mp4")
    clips, _ = parts(Mead(), root)
    expected = {(s, e, k, f"{n:03d}") for s, e, k, n in tree if e != "neutral" or k == 1}
    assert {(c.speaker, c.emotion, c.level, c.video.stem) for c in clips} == expected
    assert len({c.clip for c in clips}) == len(clips)


def test_splits_are_disjoint_and_mistakes_in_them_are_named(tmp_path: Path) -> None:
    split = splits.load("puppet-mead")
    assert not split.speakers["train"] & split.speakers["test"]
    with pytest.raises(DatasetError, match="puppet-mead"):
        splits.load("no-such-split")
    bad = tmp_path / "s.yaml"
    bad.write_text("speakers: {train: [M001], test: [M001]}")
    with pytest.raises(DatasetError, match="M001"):
        splits.load(str(bad))
    bad.write_text("people: {}")
    with pytest.raises(DatasetError, match="people"):
        splits.load(str(bad))
