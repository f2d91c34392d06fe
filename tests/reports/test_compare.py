"""What a comparison looks like: text from outside stays text, numbers read well, a comment fits."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reports.compare import Comparison, junit, markdown, wording
from reports.compare.data import CoverageRow, Failure, MetricRow, RegressedCase
from reports.compare.page import compare_page, forest

NAN = float("nan")
ROW = MetricRow(
    "m", "m_ld", "M-LD", "iod", "lower", "all case sets", "worse", 0.05, 0.07, 0.02, 0.011, 0.029, 0.004, 0.9, 0.001,
    "re-encoding", 24, 6, 1.4, 0.9, 0.03, 0.03, 0.012,
)  # fmt: skip
HOSTILE = 'x|`<script>alert(1)</script>`\n# y "\x01'
FAILURE = Failure("d/test/self", HOSTILE, ("m_ld",), "no_face", HOSTILE)
FOUND = Comparison(
    "a", HOSTILE, (ROW,), (CoverageRow("m", "worse", 24, 24, 23, (FAILURE,), ()),), (),
    (RegressedCase("m", "d/test/self", HOSTILE, 2.0, (("M-LD", 0.05, 0.2),), {"base": Path(HOSTILE)}),), (), (HOSTILE,),
)  # fmt: skip


def test_names_from_outside_stay_text() -> None:
    comment = markdown(FOUND)
    assert "<script>" not in comment and not any(line.startswith("# ") for line in comment.splitlines())
    page = compare_page(FOUND, str)
    assert "<script>alert" not in page and page.count("<script>") == 1
    failures = [test.find("failure") for test in ElementTree.fromstring(junit(FOUND)).iter("testcase")]
    assert all(failure is not None for failure in failures) and len(failures) == 2


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (("same", "same"), "same"), (("same", "unclear"), "unclear"), (("better", "unclear"), "better"),
        (("worse", "better"), "worse"), ((), "unclear"),
    ],
)  # fmt: skip
def test_the_whole_is_as_its_parts(words: tuple[str, ...], verdict: str) -> None:
    rows = tuple(replace(ROW, verdict=word) for word in words)  # type: ignore[arg-type]
    assert replace(FOUND, metrics=rows, coverage=()).verdict == verdict


def test_lost_coverage_makes_the_whole_worse() -> None:
    assert replace(FOUND, metrics=(replace(ROW, verdict="better"),)).verdict == "worse"


def test_unclear_is_skipped_unless_it_fails() -> None:
    found = replace(FOUND, metrics=(replace(ROW, verdict="unclear"),), coverage=FOUND.coverage)
    kinds = {
        flag: {each.tag for each in ElementTree.fromstring(junit(found, flag)).find(".//testcase")}
        for flag in (False, True)
    }  # type: ignore[union-attr]
    assert kinds == {False: {"skipped"}, True: {"failure"}}


def test_a_small_difference_keeps_its_digits() -> None:
    assert wording.difference(ROW) == "+0.0200 [+0.0110, +0.0290]"
    tiny = replace(ROW, base=25.0, head=25.001, difference=0.001, low=-0.002, high=0.004)
    assert wording.difference(tiny).startswith("+0.0010 [−0.0020")
    assert wording.difference(replace(ROW, low=NAN, high=NAN)) == "+0.0200"
    assert (wording.p_value(0.0001), wording.p_value(NAN)) == ("<0.001", "–")


def test_worse_is_right_of_the_line_whatever_the_direction() -> None:
    def dot(row: MetricRow) -> float:
        return float(str(forest(row)).split('cx="')[1].split('"')[0])

    assert dot(ROW) > 95 > dot(replace(ROW, better="higher"))
    assert str(forest(replace(ROW, low=NAN, high=NAN))) == "–"


def test_a_comment_fits_into_a_comment() -> None:
    many = tuple(replace(ROW, metric=f"m{i}", title="M" * 200) for i in range(300))
    comment = markdown(replace(FOUND, metrics=many))
    assert len(comment) < 65_536 and "do not fit" in comment and "Most regressed" in comment


def until(page: Any, condition: str) -> None:
    """Wait for a condition; the page forbids the `eval` that playwright's own waiting needs."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not within 10 s: {condition}")


@pytest.mark.slow
def test_videos_of_a_case_play_and_step_together_in_a_browser(
    browser: Any, make_video: Callable[..., Path], tmp_path: Path
) -> None:
    videos = {side: make_video(f"{side}.mp4", 50) for side in ("base", "head")}
    page_file = tmp_path / "compare.html"
    found = replace(FOUND, regressed=(replace(FOUND.regressed[0], case="c", videos=videos),))
    page_file.write_text(compare_page(found, lambda path: os.path.relpath(path, tmp_path)), encoding="utf-8")
    times = "[...document.querySelectorAll('video')].map((video) => video.currentTime)"
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(page_file.as_uri())
    until(page, "[...document.querySelectorAll('video')].every((video) => video.readyState >= 2)")
    for _ in range(3):
        page.locator(".next").click()
    assert page.evaluate(times) == pytest.approx([0.12, 0.12])
    assert page.evaluate("[...document.querySelectorAll('video')].map((video) => video.muted)") == [False, True]
    page.locator(".play").click()
    until(page, "[...document.querySelectorAll('video')].every((video) => video.currentTime > 0.3)")
    page.close()
    assert said == []
