"""``space-bench compare``: exit codes, files, and one clear line for a mistake."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench.compare.conftest import CASES, MakeResults, rewrite
from tests.command import Run


def test_exit_codes_and_files(
    space_bench: Run, make_results: MakeResults, make_video: Callable[..., Path], tmp_path: Path
) -> None:
    base, head = (
        make_results("a"),
        make_results(
            "b",
            worse={"m_ld": 0.03},
            fails={"s2-2"},
            only={"s1-0", "s1-1", "s0-0", "s2-1", "s3-0", "s4-0", "s5-0"},
            seed=2,
        ),
    )
    clip = make_video("clip.mp4", 5)
    for space in (base, head):
        folder = space.videos(CASES, "viseme")
        folder.mkdir(parents=True)
        for case in ("s1-0", "s1-1", "s0-0", "s2-1", "s3-0", "s4-0", "s5-0"):
            shutil.copyfile(clip, folder / f"{case}.mp4")
    files = {name: tmp_path / "report" / f"compare.{name}" for name in ("md", "xml", "html")}
    code, said, _ = space_bench(
        "compare", base.root, head.root, "--markdown", files["md"], "--junit", files["xml"], "--html", files["html"]
    )
    assert code == 1 and "✗ worse" in said and "no face" in said
    comment = files["md"].read_text()
    assert comment.startswith("## ✗ worse:") and "| M-LD ↓ (iod) |" in comment and "Scored in BASE only" in comment
    suite = ElementTree.fromstring(files["xml"].read_bytes())
    failing = [test.get("name") for test in suite.iter("testcase") if test.find("failure") is not None]
    assert failing == ["m_ld (all case sets)", "coverage"]
    assert suite[0].get("failures") == "2" and suite[0].get("tests") == "4"
    page = files["html"].read_text()
    assert page.count("<video") >= 2 and 'src="compare-videos/1-base.mp4"' in page
    assert (tmp_path / "report" / "compare-videos" / "1-head.mp4").read_bytes() == clip.read_bytes()


def test_fine_and_unclear(space_bench: Run, make_results: MakeResults) -> None:
    base, same, other = make_results("a"), make_results("b"), make_results("c", seed=2)
    assert space_bench("compare", base.root, same.root, "--fail-on", "unclear")[0] == 0
    assert space_bench("compare", base.root, other.root)[0] == 0
    assert space_bench("compare", base.root, other.root, "--fail-on", "unclear")[0] == 2
    assert (
        space_bench(
            "compare", base.root, other.root, "--fail-on", "unclear", "--metric", "m_ld", "--margin", "m_ld=0.01"
        )[0]
        == 0
    )


def test_what_is_gone_fails_and_is_named_in_every_output(
    space_bench: Run, make_results: MakeResults, tmp_path: Path
) -> None:
    base, head = make_results("a"), make_results("b", metrics=("f_ld", "psnr"))
    make_results("a", model="folder")
    files = {name: tmp_path / f"compare.{name}" for name in ("md", "xml", "html")}
    code, said, _ = space_bench(
        "compare", base.root, head.root, "--markdown", files["md"], "--junit", files["xml"], "--html", files["html"]
    )
    assert code == 1 and "coverage worse for viseme, folder" in said
    assert "gone from HEAD: m_ld on d/test/self (24 scores)" in said and "gone from HEAD: folder (72 scores)" in said
    suites = ElementTree.fromstring(files["xml"].read_bytes())
    failing = [
        (suite.get("name", "").split(":")[0], test.get("name"))
        for suite in suites
        for test in suite
        if test.find("failure") is not None
    ]
    assert failing == [("viseme", "coverage"), ("folder", "coverage")]
    assert "Gone from HEAD" in files["md"].read_text() and "(72 scores)" in files["html"].read_text()
    assert space_bench("compare", base.root, head.root, "--metric", "f_ld", "--model", "viseme")[0] == 0


def test_another_protocol_is_unclear(space_bench: Run, make_results: MakeResults, tmp_path: Path) -> None:
    base, head, file = make_results("a"), make_results("b"), tmp_path / "compare.xml"
    rewrite(head, lambda table: table.assign(protocol_id=table["protocol_id"].where(table["metric"] != "m_ld", "p2")))
    assert space_bench("compare", base.root, head.root)[0] == 0
    code, said, _ = space_bench("compare", base.root, head.root, "--fail-on", "unclear", "--junit", file)
    assert code == 2 and "2 same; 1 not comparable" in said
    (failing,) = [
        test for test in ElementTree.fromstring(file.read_bytes()).iter("testcase") if test.find("failure") is not None
    ]
    assert failing.get("name") == "m_ld on d/test/self"


def test_many_metrics_that_are_the_same_take_one_line(
    space_bench: Run, make_results: MakeResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, same = make_results("a"), make_results("b")
    whole = next(
        line for line in space_bench("compare", base.root, same.root)[1].splitlines() if line.startswith("same: ")
    )
    monkeypatch.setattr("bench.tables_compare.MOST_PLAIN", 1)
    cut = next(
        line for line in space_bench("compare", base.root, same.root)[1].splitlines() if line.startswith("same: ")
    )
    count = whole.count(";")
    assert count and cut == f"{whole.split(';')[0]}; and {count} more, which --markdown lists"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("nowhere",), 3, "is no folder, model"),
        (("viseme", "visem"), 3, "Did you mean 'viseme'"),
        (("viseme", "viseme", "--metric", "m_lb"), 3, "m_ld"),
        (("viseme", "viseme", "--margin", "m_ld"), 3, "METRIC=VALUE"),
        (("viseme", "viseme", "--margin", "m_ld=-1"), 3, "from 0 on"),
        (("viseme", "viseme", "--margin", "m_lb=1"), 3, "m_ld"),
        (("viseme", "viseme", "--cases", "d/test/cross"), 3, "d/test/self"),
        (("viseme", "viseme", "--fail-on", "never"), 3, "fail-on"),
        (("viseme", "empty"), 2, "no scores/"),
        (("viseme", "viseme", "--metric", "blink_rate"), 2, "only describe"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line(
    space_bench: Run, make_results: MakeResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int,
    message: str,
) -> None:  # fmt: skip
    make_results("out")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    ended, _, said = space_bench("compare", *words)
    assert ended == code and message in said and "Traceback" not in said


def test_record_and_history_from_the_command_line(
    space_bench: Run, make_results: MakeResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_results("out")
    monkeypatch.chdir(tmp_path)
    assert space_bench("record", "--name", "first")[0] == 0
    code, said, _ = space_bench("history")
    assert code == 0 and "history.html" in said and "first record" in (tmp_path / "out/history.html").read_text()
