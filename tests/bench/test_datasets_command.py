"""``datasets show``: what a copy holds, what to fix, an error where nothing can be used, silence beside the tables."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bench.cli import main
from bench.inspect_datasets import inspect
from bench.workspace import Workspace
from datasets.expected import missing
from datasets.index import open_index
from datasets.registry import READERS

Show = Callable[..., tuple[int, str, str]]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Show:
    """``show(*words)``: exit code, output and errors of ``space-bench datasets show`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.progress.out.width", 300, raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["space-bench", "datasets", "show", *words])
        with pytest.raises(SystemExit) as ended:
            main()
            raise SystemExit(0)
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


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


def test_the_tables_say_what_is_there_and_what_to_do(mead: Path, show: Show) -> None:
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


def test_a_dataset_of_the_parameter_file_is_found_by_its_name(mead: Path, show: Show) -> None:
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
def test_a_mistake_or_a_useless_copy_is_one_clear_line(show: Show, words: tuple[str, ...], message: str) -> None:
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
