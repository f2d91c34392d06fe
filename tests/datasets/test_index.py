"""An index gives what its reader gave, is reused only while nothing changed, and can be chosen from by labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from datasets import splits
from datasets.base import DatasetError, Rejected, SourceClip
from datasets.folder import Folder
from datasets.index import open_index, select, with_splits
from datasets.mead import Mead
from datasets.tree_state import TreeState
from datasets.voxceleb2 import VoxCeleb2


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "mead"
    for speaker in ("M003", "W011"):
        for emotion, level in (("angry", 1), ("angry", 2), ("happy", 3), ("neutral", 1)):
            for folder, suffix in (("video/front", "mp4"), ("audio", "m4a")):
                path = root / speaker / folder / emotion / f"level_{level}" / f"001.{suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(f"{speaker}{emotion}{level}{suffix}".encode())
    (root / "M003/video/front/bored/level_1").mkdir(parents=True)
    return root


def test_an_index_gives_what_the_reader_gives(root: Path, tmp_path: Path) -> None:
    direct = list(Mead().read(root))
    assert {type(item) for item in direct} == {SourceClip, Rejected}
    for reused in (False, True):
        index = open_index(Mead(), root, tmp_path / "index")
        assert index.reused is reused and list(index.items()) == direct
        assert len(index.clips) == 8 and len(index.rejected) == 1
    assert index.clips["bytes"].to_pylist()[0] == len("M003angry1mp4")
    assert index.clips["video"].to_pylist()[0] == "M003/video/front/angry/level_1/001.mp4"


def test_every_kind_of_field_comes_back(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    odd = SourceClip(
        "ü", "s", root / "ü.mp4", audio=tmp_path / "outside.wav", start=1.5, end=2.5, label="calm", sex="female",
        truth=root / os.fsdecode(b"\xff.npz"), crop=(1, 2, 3, 4),
    )  # fmt: skip
    items = [odd, Rejected(os.fsdecode(b"bad\xff"), "unknown_name", "")]

    class Some:
        name = summary = "some"

        def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
            yield from items

    for _ in range(2):
        assert list(open_index(Some(), root, tmp_path / "index").items()) == items


def test_a_root_of_one_file_and_a_relative_root(
    make_video: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video("one.mp4")
    monkeypatch.chdir(path.parent)
    for root in (path, Path(path.name)):
        items = list(Folder().read(root))
        assert list(open_index(Folder(), root, tmp_path / "index").items()) == items


def _grow(root: Path) -> None:
    (root / "M003/video/front/angry/level_1/002.mp4").write_bytes(b"new")


def _shrink(root: Path) -> None:
    (root / "M003/audio/angry/level_1/001.m4a").unlink()


def _rename(root: Path) -> None:
    (root / "W011").rename(root / "W012")


def _overwrite(root: Path) -> None:
    path = root / "M003/video/front/angry/level_1/001.mp4"
    path.write_bytes(b"" if path.stat().st_size else b"x")


def _touch(root: Path) -> None:
    os.utime(root / "M003/video/front/angry/level_1/001.mp4", ns=(1, 1))


def _link(root: Path) -> None:
    (root / "W011/video/front/sad").symlink_to(root / "W011/video/front/angry")


def _truth(root: Path) -> None:
    path = root.parent / "truth/mead/M003/video/front/angry/level_1/001.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")


@pytest.mark.parametrize("change", [_grow, _shrink, _rename, _overwrite, _touch, _link, _truth])
def test_any_change_of_the_tree_is_seen(root: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    open_index(Mead(), root, tmp_path / "index")
    change(root)
    index = open_index(Mead(), root, tmp_path / "index")
    assert not index.reused and list(index.items()) == list(Mead().read(root))


def test_another_view_and_another_root_have_their_own_index(root: Path, tmp_path: Path) -> None:
    open_index(Mead(), root, tmp_path / "index")
    assert not open_index(Mead("top"), root, tmp_path / "index").reused
    copy = root.rename(root.with_name("moved"))
    assert not open_index(Mead(), copy, tmp_path / "index").reused


def test_a_damaged_index_is_made_anew(root: Path, tmp_path: Path) -> None:
    open_index(Mead(), root, tmp_path / "index")
    (path,) = (tmp_path / "index").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    assert not open_index(Mead(), root, tmp_path / "index").reused
    assert open_index(Mead(), root, tmp_path / "index").reused


def test_nothing_is_written_into_the_root(root: Path, tmp_path: Path) -> None:
    before = TreeState(root).digest
    open_index(Mead(), root, tmp_path / "index")
    assert TreeState(root).digest == before


def test_an_index_that_cannot_be_written_and_a_wrong_root_are_explained(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="cannot write the index"):
        open_index(Mead(), root, tmp_path / "file")
    with pytest.raises(DatasetError, match="does not look like MEAD"):
        open_index(Mead(), tmp_path / "nowhere", tmp_path / "index")


def test_links_in_a_circle_end_and_broken_ones_are_a_state(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a/up").symlink_to(root)
    empty = TreeState(root)
    (root / "a/broken").symlink_to(tmp_path / "nothing")
    assert TreeState(root).digest != empty.digest
    assert TreeState(root).sizes[root] == {"a/broken": -1}


def test_a_file_that_moves_between_folders_is_a_change(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    (tmp_path / "a/x").write_bytes(b"x")
    before = TreeState(tmp_path).digest
    (tmp_path / "a/x").rename(tmp_path / "b/x")
    assert TreeState(tmp_path).digest != before


def test_clips_are_chosen_by_their_labels_from_a_table_or_its_file(root: Path, tmp_path: Path) -> None:
    clips = open_index(Mead(), root, tmp_path / "index").clips
    path = tmp_path / "clips.parquet"
    pq.write_table(clips, path)
    for source in (clips, path):
        assert len(select(source)) == 8
        assert select(source, ["clip"], speaker="W011", level=[2, 3]).to_pydict() == {
            "clip": ["W011-front-angry-level_2-001", "W011-front-happy-level_3-001"]
        }
        assert len(select(source, emotion=["angry", "neutral"], split="")) == 6
        assert len(select(source, emotion=[])) == 0
        with pytest.raises(DatasetError, match="'clip'"):
            select(source, clip="x")


def test_tables_written_by_the_suite_can_be_chosen_from(tmp_path: Path) -> None:
    from bench.store import CLIP_COLUMNS, write_table

    row = {"clip": "a", "dataset": "d", "split": "test", "speaker": "s", "emotion": None, "level": None, "video": "a.mp4",
           "audio": None, "frames": 1, "fps": 25.0, "seconds": 0.04, "sha256": "", "pictures": "", "sound": "",
           "truth": None, "crop": ""}  # fmt: skip
    write_table(tmp_path / "clips.parquet", [row, {**row, "clip": "b", "emotion": "sad", "level": 2}], CLIP_COLUMNS)
    assert select(tmp_path / "clips.parquet", emotion="sad", level=2, split="test")["clip"].to_pylist() == ["b"]


def test_a_split_is_applied_to_a_table_as_to_clips(root: Path, tmp_path: Path) -> None:
    index = open_index(Mead(), root, tmp_path / "index")
    split = splits.load("mead/evp")
    chosen = with_splits(index.clips, split)
    assert chosen["split"].unique().to_pylist() == ["test"]
    clips = [item for item in index.items() if isinstance(item, SourceClip)]
    names = [clip.clip for clip, found in zip(clips, split.assign(clips), strict=True) if found]
    assert chosen["clip"].to_pylist() == names == ["M003-front-happy-level_3-001", "M003-front-neutral-level_1-001"]


def test_links_between_folders_cost_one_look_each_and_none_leads_out(tmp_path: Path) -> None:
    root, disk = tmp_path / "root", tmp_path / "disk"
    disk.mkdir()
    (disk / "big.mp4").write_bytes(b"x")
    folders = [root / f"d{n}" for n in range(12)]
    for folder in folders:
        folder.mkdir(parents=True)
    for folder in folders:
        for other in folders:  # followed blindly, that would be 12! walks
            (folder / f"to-{other.name}").symlink_to(other)
    (folders[0] / "a.mp4").write_bytes(b"x")
    (root / "disk").symlink_to(disk)
    before = TreeState(root)
    assert before.sizes[root] == {"d0/a.mp4": 1}
    (disk / "more.mp4").write_bytes(b"x")
    assert TreeState(root).digest == before.digest
    (folders[0] / "a.mp4").write_bytes(b"xy")
    assert TreeState(root).digest != before.digest


def test_a_root_that_is_the_folder_one_stands_in_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "test/mp4/id00017/5MkXgwdrmJw/00001.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    for folder, root in (("test", "."), ("test/mp4", ".."), ("test/mp4", ".")):
        monkeypatch.chdir(tmp_path / folder)
        index = open_index(VoxCeleb2(), Path(root), tmp_path / "index")
        assert index.clips["split"].to_pylist() == ["test"]
