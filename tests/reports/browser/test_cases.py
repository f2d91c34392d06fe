"""The browser over all cases, and the page of one case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.data import ReportData
from reports.page import page

At = Callable[[str], Any]
CASES = "[...document.querySelectorAll('#panel-0 .case')].map((node) => node.dataset.case)"
VIDEOS = "[...document.querySelectorAll('#case video')]"
pytestmark = pytest.mark.slow


def values(results: ReportData, model: str, metric: str) -> pd.Series:
    """Scores of one model in the first set, by case."""
    here = results.scores[(results.scores["dataset"] == "sample") & (results.scores["model"] == model)]
    return here[here["metric"] == metric].set_index("case")["value"].astype(float)


def test_cases_are_ranked_by_the_chosen_metric(at: At, results: ReportData) -> None:
    one, other = values(results, "viseme", "m_ld"), values(results, "space", "m_ld")
    orders = {
        "worst": one.sort_values(ascending=False, na_position="last"),
        "best": one.sort_values(na_position="last"),
        "regressed": (one - other).sort_values(ascending=False, na_position="last"),
    }
    for sort, wanted in orders.items():
        tab = at(f"view=cases&model=viseme&versus=space&metric=m_ld&sort={sort}")
        shown = tab.evaluate(CASES)
        assert shown == list(wanted.index)[: len(shown)] and len(shown) > 5, sort
    tab = at("view=cases&model=viseme&sort=failed")
    assert set(tab.evaluate(CASES)[:1]) == {"sample_004"}


def test_failed_cases_can_be_asked_for(at: At) -> None:
    tab = at("view=cases&model=viseme&filter=status:no_face")
    assert tab.evaluate(CASES) == ["sample_004"]
    assert "no face found" in tab.text_content("#panel-0 .case .score")


def test_filters_that_leave_nothing_say_so(at: At) -> None:
    tab = at("view=cases&filter=text:nowhere")
    assert tab.is_visible("text=No case is left by these filters.")
    tab.get_by_role("button", name="Clear filters").click()
    tab.wait_for_selector(".case")
    assert tab.text_content(".count").startswith("12 of 12")


def test_a_case_is_reached_and_walked_through_by_keyboard_alone(at: At) -> None:
    tab = at("")
    tab.keyboard.press("5")
    tab.wait_for_selector(".case")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    first, second = tab.evaluate(CASES)[1:3]
    assert tab.evaluate("document.activeElement.dataset.case") == first
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#case[open]")
    assert tab.text_content("#case-name") == first
    tab.wait_for_function("() => document.querySelector('#case .place').textContent === '2 of 12'")
    tab.keyboard.press("j")
    tab.wait_for_function("(name) => document.getElementById('case-name').textContent === name", arg=second)
    tab.keyboard.press("k")
    tab.wait_for_function("(name) => document.getElementById('case-name').textContent === name", arg=first)
    tab.keyboard.press("Escape")
    tab.wait_for_function("() => !document.getElementById('case').open")
    assert tab.evaluate("document.activeElement.dataset.case") == first


def test_keys_are_listed_and_can_be_turned_off(at: At) -> None:
    tab = at("")
    tab.keyboard.press("?")
    assert tab.is_visible("#keys")
    tab.uncheck("[data-single]")
    tab.keyboard.press("Escape")
    tab.keyboard.press("5")
    assert "view=cases" not in tab.evaluate("location.hash")


def test_videos_of_a_case_stay_together_and_seek_exactly(at: At) -> None:
    tab = at("case=sample_005")
    ready = f"{VIDEOS}.length === 7 && {VIDEOS}.every((video) => video.readyState > 1)"
    tab.wait_for_function(f"() => {ready}")
    assert tab.evaluate(f"{VIDEOS}.every((video) => video.src.startsWith('file:') && !video.error)")
    # A tenth as fast: what a busy machine keeps waiting falls behind by little, and has 24 seconds to catch up.
    tab.select_option("#case .transport select", "0.1")
    tab.locator("#case").focus()
    tab.keyboard.press("Space")
    tab.wait_for_function(f"() => {VIDEOS}.every((video) => video.currentTime > 0.16)")
    spread = f"(() => {{ const times = {VIDEOS}.map((v) => v.currentTime); return Math.max(...times) - Math.min(...times); }})()"
    drift = tab.evaluate(
        f"""async () => {{
          {VIDEOS}[3].currentTime -= 0.15;
          const found = [{spread}];
          const middle = () => [...found.slice(-20)].sort((a, b) => a - b)[10];
          while ({VIDEOS}[0].currentTime < 2.6 && !(found.length > 40 && middle() < 0.06)) {{
            await new Promise(requestAnimationFrame);
            found.push({spread});
          }}
          return found;
        }}"""
    )
    assert drift[0] > 0.1
    assert median(drift[-20:]) < 1.5 / 25
    tab.keyboard.press("Space")
    tab.wait_for_function(f"() => {VIDEOS}.every((video) => video.paused && !video.seeking)")
    assert tab.evaluate(spread) < 1e-6
    before = tab.evaluate(f"{VIDEOS}[0].currentTime")
    tab.keyboard.press("ArrowLeft")
    tab.wait_for_function(f"() => {VIDEOS}.every((video) => !video.seeking)")
    times = tab.evaluate(f"{VIDEOS}.map((video) => video.currentTime)")
    assert before - times[0] == pytest.approx(1 / 25, abs=0.021)
    assert max(times) - min(times) < 1e-6


def test_the_sound_of_one_video_is_heard(at: At) -> None:
    tab = at("case=sample_005")
    tab.wait_for_selector("#case video >> nth=6", state="attached")
    muted = f"{VIDEOS}.map((video) => video.muted)"
    assert tab.evaluate(muted) == [False, *[True] * 6]
    tab.keyboard.press("m")
    assert tab.evaluate(muted) == [True, False, *[True] * 5]


def test_the_playhead_follows_the_videos(at: At) -> None:
    tab = at("case=sample_000")
    tab.wait_for_selector("#case .curves .head", state="attached")
    tab.wait_for_function(f"() => {VIDEOS}.length === 7 && {VIDEOS}.every((video) => video.readyState > 0)")
    place = "Number(document.querySelector('#case .curves .head').getAttribute('x1'))"
    start = tab.evaluate(place)
    scrub = "(bar) => { bar.value = 1; bar.dispatchEvent(new Event('input')); }"
    tab.locator("#case .transport input").evaluate(scrub)
    assert tab.evaluate(place) > start + 100


def test_curves_come_out_of_their_chunk_as_they_went_in(at: At, results: ReportData) -> None:
    tab = at("case=sample_005")
    tab.wait_for_selector("#case .curves path", state="attached")
    drawn = tab.evaluate("[...document.querySelectorAll('#case .curves path')].map((path) => path.getAttribute('d'))")
    models = tab.evaluate("[...document.querySelectorAll('#case figure')].map((node) => node.dataset.model)")
    assert len(drawn) == 4 * len(models) == 28
    # Lines are drawn in the order of the legend, the ground truth last and on top: its yaw is the third of four.
    truth = results.all_curves["sample", "test", "self", "ground_truth"]
    yaw = truth[truth["case"] == "sample_005"].sort_values("time")["yaw"].to_numpy(dtype=float)
    line = drawn[3 * len(models) - 1]
    height = np.array([float(point.split()[1]) for point in line.replace("M", "L").split("L")[1:]])
    assert len(height) == len(yaw)
    assert np.corrcoef(height, yaw)[0, 1] < -0.999


def test_every_metric_stands_beside_every_model(at: At, results: ReportData) -> None:
    tab = at("case=sample_005")
    tab.wait_for_selector(".case-numbers")
    row = tab.locator(".case-numbers tr", has_text="M-LD").first
    found = values(results, "space", "m_ld")
    beaten = (found.drop("sample_005").dropna() > found["sample_005"]).mean()
    assert row.locator("td").nth(1).text_content() == f"{found['sample_005']:.4f} {round(100 * beaten)} %"


def test_a_case_says_why_it_has_no_score(at: At) -> None:
    tab = at("case=sample_004")
    tab.wait_for_selector("#case .lost tbody tr")
    assert "found a face in 3 of 60 frames" in tab.text_content("#case .lost")


def test_a_video_that_is_not_beside_the_page_is_told_where_it_should_lie(at: At) -> None:
    tab = at("case=sample_003")
    tab.wait_for_selector("#case .hole")
    assert "videos/sample/test/self/ground_truth/sample_003.mp4 beside this page" in tab.text_content("#case .hole")


def test_a_page_without_videos_still_opens_a_case(
    browser: Any, make_data: Callable[..., ReportData], tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text(page(make_data(cases=3, contexts=(("sample", "test", "self"),))))
    tab = browser.new_page()
    tab.goto((tmp_path / "index.html").as_uri() + "#case=sample_002")
    tab.wait_for_selector("#case .hole")
    assert "no video" in tab.text_content("#case .hole")
    tab.wait_for_selector(".case-numbers")
    tab.close()


def test_many_cases_are_never_all_in_the_page(
    browser: Any, make_data: Callable[..., ReportData], results: ReportData, report: Path
) -> None:
    models = (("space", "1", "SPACE", "model", 0.5), ("ground_truth", "1", "Ground truth", "sanity", 0.0))
    data = make_data(cases=400, models=models, contexts=(("sample", "test", "self"),))
    media = data.cases.assign(model="space", file="videos/sample/test/self/space/sample_000.mp4")
    data = replace(data, media=media[list(results.media.columns)])
    (report.parent / "many.html").write_text(page(data), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((report.parent / "many.html").as_uri() + "#view=cases")
    tab.wait_for_selector(".case video", state="attached")
    counts = "[document.querySelectorAll('.case').length, document.querySelectorAll('video').length]"
    assert "400 of 400" in tab.text_content(".count")
    for share in (0.3, 1, 0.6):
        tab.evaluate("(share) => scrollTo(0, share * document.documentElement.scrollHeight)", share)
        # One look at both: cards are replaced while the page scrolls.
        found = tab.wait_for_function(f"""() => {{
            const seen = [...document.querySelectorAll('.case')].some((n) => n.getBoundingClientRect().top > 0);
            const [cards, videos] = {counts};
            return seen && videos && [cards, videos];
        }}""")
        cards, videos = found.json_value()
        assert 0 < cards <= 42 and 0 < videos <= 30
    tab.close()
