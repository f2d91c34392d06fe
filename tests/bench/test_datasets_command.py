"""``datasets show``: what a copy holds, what to fix, an error where nothing can be used, silence beside the tables."""

from __future__ import annotations

import csv
import ctypes
import shutil
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bench.inspect_datasets import inspect
from bench.workspace import Workspace
from datasets.expected import missing
from datasets.index import open_index
from datasets.registry import READERS
from tests.command import Run


@pytest.fixture
def show(space_bench: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """``show(*words)``: exit code, output and errors of ``space-bench datasets show`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.progress.out.width", 300, raising=False)
    return lambda *words: space_bench("datasets", "show", *words)


@pytest.fixture
def mead(make_video: Callable[..., Path], clicks: Callable[..., object], tmp_path: Path) -> Path:
    """A tree with two speakers and one of each fault: a copy, a broken file, an empty one, a gap, no sound, a stray folder."""
    root = tmp_path / "MEAD"
    videos = [make_video(f"{n}.mp4", frames=5 + n, audio=clicks(0.2, 16000, [0.1])) for n in range(4)]
    places = {"M003/video/front/angry/level_1/001.mp4": 0, "M003/video/front/angry/level_1/003.mp4": 1,
              "M003/video/front/neutral/level_1/001.mp4": 2, "W011/video/front/angry/level_1/001.mp4": 3,
              "W011/video/front/angry/level_1/002.mp4": 3}  # fmt: skip
    for place, number in places.items():
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(videos[number], path)
        if "W011" not in place:
            sound = Path(str(path).replace("/video/front", "/audio")).with_suffix(".m4a")
            sound.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(videos[number], sound)
    (root / "W011/video/front/angry/level_1/003.mp4").write_bytes(b"no video at all")
    (root / "W011/video/front/angry/level_1/004.mp4").touch()
    (root / "W011/video/front/bored").mkdir()
    return root


def test_a_copy_with_every_fault_gives_its_clips_and_a_list_of_the_rest(mead: Path, tmp_path: Path) -> None:
    found = inspect("mead", mead, "mead/eat", False, tmp_path / "none.yaml", Workspace(tmp_path / "out"))
    where = {finding.problem: finding.sources for finding in found.findings}
    copy = "W011/video/front/angry/level_1/001.mp4 = W011/video/front/angry/level_1/002.mp4"
    assert where["duplicate"] == (copy,)
    assert [place.partition(":")[0] for place in where["decode_error"]] == ["W011-front-angry-level_1-003"]
    assert [place.partition(":")[0] for place in where["empty_file"]] == ["W011/video/front/angry/level_1/004.mp4"]
    assert "M003/angry/level_1/002" in where["missing"] and "W011/neutral/level_1" in where["missing"]
    assert len(where["no_separate_sound"]) == 3 and len(where["unknown_emotion"]) == 1
    assert len(found.clips) == 6 and set(found.clips["split"].to_pylist()) == {"test", "train"}
    assert all(finding.todo for finding in found.findings)


def test_the_tables_say_what_is_there_and_what_to_do(mead: Path, show: Run) -> None:
    code, out, err = show("mead", "--root", str(mead), "--splits", "mead/eat", "--out", "out")
    assert code == 0 and err == ""
    for text in (
        "mead/eat",
        "digest",
        "angry",
        "level 1",
        "M003",
        "W011",
        "test",
        "train",
        "duplicate",
        "keep one of them",
    ):
        assert text in out
    assert "unchanged" not in out and "unchanged" in show("mead", "--root", str(mead), "--out", "out")[1]


def test_a_dataset_of_the_parameter_file_is_found_by_its_name(mead: Path, show: Run) -> None:
    Path("params.yaml").write_text(
        f"datasets: {{ours: {{reader: mead, root: '{mead}', splits: mead/eat}}}}\ncases: []\nmodels: []\n"
    )
    code, out, _ = show("ours", "--out", "out")
    assert code == 0 and "mead/eat, version 1" in out


def test_a_file_cut_short_is_found_when_all_is_read(make_video: Callable[..., Path], tmp_path: Path) -> None:
    root = tmp_path / "clips"
    root.mkdir()
    noise = list(np.random.default_rng(0).integers(0, 255, (150, 48, 64, 3), dtype=np.uint8))
    # FLV has no list of its frames: its header only says how long it is.
    data = make_video("a.flv", frames=noise, tick=Fraction(1, 1000)).read_bytes()
    (root / "whole.flv").write_bytes(data)
    (root / "cut.flv").write_bytes(data[: 2 * len(data) // 3])
    problems = {}
    for deep in (False, True):
        found = inspect("folder", root, None, deep, tmp_path / "none.yaml", Workspace(tmp_path / "out"))
        problems[deep] = {finding.problem for finding in found.findings}
    assert problems == {False: {"no_audio"}, True: {"no_audio", "decode_error"}}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mead",), "say --root"),
        (("meed", "--root", "."), "Did you mean 'mead'?"),
        (("mead", "--root", "nowhere"), "does not look like MEAD"),
        (("folder", "--root", "junk"), "no usable clip. First: decode error: broken: broken.mp4"),
        (("folder", "--root", "junk", "--splits", "mead/eta"), "Did you mean 'mead/eat'?"),
        (("folder", "--root", "junk", "--splits", "mead/eat"), "for the reader mead, not for folder"),
    ],
)
def test_a_mistake_or_a_useless_copy_is_one_clear_line(show: Run, words: tuple[str, ...], message: str) -> None:
    Path("junk").mkdir()
    Path("junk/broken.mp4").write_bytes(b"no video")
    code, _, err = show(*words, "--out", "out")
    assert code == 2 and message in err and err.startswith("error: ") and len(err.strip().splitlines()) == 1


def test_a_split_that_the_copy_cannot_fill_is_something_to_fix(make_video: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "vox/test/mp4/id00017/abcdefghijk/00001.mp4"
    path.parent.mkdir(parents=True)
    shutil.copyfile(make_video("a.mp4"), path)
    found = inspect(
        "voxceleb2", tmp_path / "vox", "voxceleb2/test-500-seed0", False, tmp_path / "x", Workspace(tmp_path / "out")
    )
    assert found.split is None
    assert any("500 clips of 'test' are asked for and 1 are here" in s for f in found.findings for s in f.sources)


@pytest.mark.parametrize(
    ("reader", "here", "lacking"),
    [
        ("ravdess", ["Actor_01/01-01-01-01-01-01-01.mp4"], 23 + 59),
        ("crema-d", ["VideoFlash/1001_IEO_ANG_LO.flv"], 90 + 81),
        ("voxceleb2", ["test/mp4/id00017/abcdefghijk/00001.mp4"], 2),
        ("folder", ["a.mp4"], 0),
    ],
)
def test_what_a_whole_copy_would_have_is_known(tmp_path: Path, reader: str, here: list[str], lacking: int) -> None:
    for name in here:
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    clips = open_index(READERS[reader](), tmp_path / "root", tmp_path / "index").clips
    assert len(missing(reader, clips)) == lacking


def test_face_boxes_are_looked_into(make_video: Callable[..., Path], tmp_path: Path) -> None:
    root = tmp_path / "vox"
    heading = "Identity  : \tid00017\nOffset    : \t2\n\nFRAME \tX \tY \tW \tH \n"
    lines = {
        1: heading + "1 0.1 0.1 0.4 0.4\n",
        2: heading + "1 0.1 0.1 0.4 0.4\n2 1.2 0 0.1 0.1\n3 nan 0 1 1\n",
        3: heading,
    }
    for number, text in lines.items():
        for kind, suffix in (("mp4", "mp4"), ("txt", "txt")):
            path = root / f"test/{kind}/id00017/5MkXgwdrmJw/{number:05d}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "mp4":
                shutil.copyfile(make_video(f"{number}.mp4", frames=4 + number), path)
            else:
                path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    found = inspect("voxceleb2", root, None, False, tmp_path / "none.yaml", Workspace(tmp_path / "out"))
    (boxes,) = (finding for finding in found.findings if finding.problem == "bad_annotation")
    assert [source.partition(":")[0] for source in boxes.sources] == [
        "id00017-5MkXgwdrmJw-00002", "id00017-5MkXgwdrmJw-00002", "id00017-5MkXgwdrmJw-00003",
    ]  # fmt: skip
    assert "line 6: a box outside the frame" in boxes.sources[0] and "line 7: not a box" in boxes.sources[1]
    assert len(found.clips) == 3


def test_all_that_is_wrong_is_listed_in_a_file_one_a_line(mead: Path, show: Run) -> None:
    (mead / "W011/video/front/\x1b[31mred\nline").mkdir()
    code, out, _ = show("mead", "--root", str(mead), "--splits", "mead/eat", "--out", "out")
    assert code == 0 and "out/index/mead-findings.csv" in out and "\x1b[31m" not in out
    with Path("out/index/mead-findings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"M030", "W009", "W015"} <= {row["where"].partition(":")[0] for row in rows if row["problem"] == "missing"}
    assert all(row["where"].isprintable() and row["what to do"] for row in rows)
    assert len(rows) > 20 and "\\x1b[31mred\\nline" in "".join(row["where"] for row in rows)


@pytest.fixture
def modes_obeyed() -> Iterator[None]:
    """The administrator, to whom every file is open, is bound by its mode like anybody else."""
    if sys.platform != "linux":
        yield
        return
    kernel = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread; then effective, permitted, inheritable
    capabilities = (ctypes.c_uint32 * 6)()
    assert kernel.capget(header, capabilities) == 0
    before = capabilities[0]
    capabilities[0] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert kernel.capset(header, capabilities) == 0
    yield
    capabilities[0] = before
    assert kernel.capset(header, capabilities) == 0


def test_folders_and_files_that_may_not_be_read_are_rows(mead: Path, tmp_path: Path, modes_obeyed: None) -> None:
    folder = mead / "M003/video/front/neutral"
    (mead / "M003/video/front/angry/level_1/001.mp4").chmod(0)
    folder.chmod(0)
    found = inspect("mead", mead, None, False, tmp_path / "none.yaml", Workspace(tmp_path / "out"))
    folder.chmod(0o755)
    (unreadable,) = (finding for finding in found.findings if finding.problem == "unreadable")
    places = [source.partition(": ")[0] for source in unreadable.sources]
    assert places == ["M003/video/front/neutral", "M003-front-angry-level_1-001"]
    assert len(found.clips) == 5


def test_a_root_that_is_read_only_or_closed_is_read_or_explained(mead: Path, show: Run, modes_obeyed: None) -> None:
    for path in (mead, *mead.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert show("mead", "--root", str(mead), "--out", "out")[0] == 0
    code, _, err = show("mead", "--root", str(mead), "--out", str(mead / "out"))
    assert code == 2 and "cannot write the index" in err
    mead.chmod(0)
    code, _, err = show("mead", "--root", str(mead), "--out", "out")
    mead.chmod(0o755)
    assert code == 2 and "a folder that cannot be read (Permission denied)" in err
