"""``datasets split``: a split written out names the same clips on every copy, and is never changed unseen."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.workspace import Workspace
from bench.write_split import Written, write_split
from datasets import splits
from datasets.base import SourceClip
from datasets.voxceleb2 import VoxCeleb2


@pytest.fixture
def vox(tmp_path: Path) -> Path:
    """Three speakers of six utterances each, made in a random order."""
    paths = [f"test/mp4/id0001{s}/5MkXgwdrmJw/{u:05d}.mp4" for s in range(3) for u in range(6)]
    random.Random(0).shuffle(paths)
    for path in paths:
        file = tmp_path / "vox" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path / "vox"


def write(tmp_path: Path, splits: str, to: str, **where: Path) -> Written:
    root, listed = where.get("root"), where.get("listed")
    params = tmp_path / "none.yaml"
    return write_split("voxceleb2", root, listed, splits, tmp_path / to, params, Workspace(tmp_path / "out"))


def test_a_split_written_out_names_the_clips_that_the_rule_drew(vox: Path, tmp_path: Path) -> None:
    written = write(tmp_path, "voxceleb2/test-5-seed1", "s/mine.yaml", root=vox)
    assert written.numbers == {"test": 5} and any("18 of 36,237 utterances" in note for note in written.notes)
    clips = [item for item in VoxCeleb2().read(vox) if isinstance(item, SourceClip)]
    rule = splits.load("voxceleb2/test-5-seed1").assign(clips)
    assert splits.load(str(tmp_path / "s/mine.yaml"), "voxceleb2").assign(clips) == rule
    # What a copy lacks is a row then, and no other clip takes its place.
    lost = next(clip for clip, part in zip(clips, rule, strict=True) if part)
    left = [clip for clip in clips if clip is not lost]
    split = splits.load(str(tmp_path / "s/mine.yaml"))
    assert sum(part is not None for part in split.assign(left)) == 4 and split.missing(left) == [("test", lost.clip)]


def test_a_list_and_a_copy_of_the_same_utterances_give_the_same_file(vox: Path, tmp_path: Path) -> None:
    listed = tmp_path / "vox2_test.txt"
    paths = [path.relative_to(vox).as_posix() for path in vox.rglob("*.mp4")]
    listed.write_text("\n".join(reversed(paths)))
    write(tmp_path, "voxceleb2/test-5-seed1", "copy/x.yaml", root=vox)
    write(tmp_path, "voxceleb2/test-5-seed1", "list/x.yaml", listed=listed)
    copy, drawn = (splits.load(str(tmp_path / place / "x.yaml")) for place in ("copy", "list"))
    assert copy.digest == drawn.digest


def test_a_published_file_is_not_overwritten(vox: Path, tmp_path: Path) -> None:
    write(tmp_path, "voxceleb2/test-5-seed1", "x.yaml", root=vox)
    before = (tmp_path / "x.yaml").read_bytes()
    write(tmp_path, "voxceleb2/test-5-seed1", "x.yaml", root=vox)
    with pytest.raises(BenchError, match="exists and says something else"):
        write(tmp_path, "voxceleb2/test-5-seed2", "x.yaml", root=vox)
    assert (tmp_path / "x.yaml").read_bytes() == before


def test_what_cannot_be_written_out_is_explained(vox: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"ends in \.yaml"):
        write(tmp_path, "voxceleb2/test-5-seed1", "x.txt", root=vox)
    with pytest.raises(BenchError, match="19 clips of 'test' are asked for and 18 are here"):
        write(tmp_path, "voxceleb2/test-19-seed1", "x.yaml", root=vox)
    with pytest.raises(BenchError, match="for the reader mead"):
        write(tmp_path, "mead/eat", "x.yaml", root=vox)
    with pytest.raises(BenchError, match="cannot be read as text"):
        write(tmp_path, "voxceleb2/test-5-seed1", "x.yaml", listed=tmp_path / "none.txt")
    (tmp_path / "l.txt").write_text("id00017/a/00001")
    with pytest.raises(BenchError, match="mead is read by mead"):
        write_split(
            "mead", None, tmp_path / "l.txt", "mead/eat", tmp_path / "x.yaml", tmp_path / "n", Workspace(tmp_path)
        )
    assert not (tmp_path / "x.yaml").exists()
