"""Readers give every clip of a layout and say what they turned away; they name what they expected and found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import splits
from datasets.base import EMOTIONS, DatasetError, Rejected, SourceClip
from datasets.folder import Folder, clip_name
from datasets.mead import Mead
from datasets.registry import READERS
from datasets.voxceleb2 import VoxCeleb2


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
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


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_root_of_something_else_is_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / "photos").mkdir()
    if name == "sample":
        _, rejected = parts(READERS[name](), tmp_path)
        assert all(r.reason == "missing" and "assets pull" in r.detail for r in rejected)
        return
    with pytest.raises(DatasetError, match="photos"):
        list(READERS[name]().read(tmp_path))


def test_a_folder_names_clips_by_path_and_speakers_by_first_folder(tmp_path: Path) -> None:
    touch(tmp_path / "anna/take 1.MOV")
    touch(tmp_path / "b.webm")
    touch(tmp_path / ".hidden/c.mp4")
    touch(tmp_path / "notes.txt")
    clips, _ = parts(Folder(), tmp_path)
    assert [(c.clip, c.speaker) for c in clips] == [("anna-take_1", "anna"), ("b", "b")]


@given(
    st.lists(
        st.text(min_size=1).filter(lambda t: "/" not in t and "\0" not in t and t not in {".", ".."}),
        min_size=1,
        max_size=3,
    )
)
def test_any_path_gives_a_usable_clip_name(names: list[str]) -> None:
    name = clip_name(Path(*names))
    assert name and "/" not in name and not name.startswith(".")


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
