"""Differences, strata and correlation; and the address that says what is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.data import ReportData, empty
from reports.page import page

At = Callable[[str], Any]
FORESTS = "[data-view=differences] .forests tbody tr:not(.divider)"


def field(tab: Any, view: str, label: str) -> Any:
    """The control with that label in a view of the first set."""
    return tab.locator(f"#panel-0 [data-view={view}]").get_by_role("combobox", name=label, exact=True)


def signed(text: str) -> list[float]:
    """The numbers of a difference with its interval, as the page writes them."""
    for sign in "[],":
        text = text.replace(sign, " ")
    return [float(part.replace("−", "-")) for part in text.split() if part.replace("−", "-").lstrip("+-")[:1].isdigit()]


def test_a_pair_turned_around_is_its_mirror_image(at: At, results: ReportData) -> None:
    tab = at("view=differences&model=space&versus=viseme")
    row = tab.locator(FORESTS, has_text="M-LD")
    found = results.differences
    told = found[(found["dataset"] == "sample") & (found["metric"] == "m_ld")]
    told = told[(told["model"] == "space") & (told["versus"] == "viseme")].iloc[0]
    shown = signed(row.locator("td").nth(2).text_content())
    assert shown == pytest.approx([told["difference"], told["low"], told["high"]], abs=6e-5)
    assert "better" in row.text_content()
    field(tab, "differences", "Model").select_option("viseme")
    tab.wait_for_function("() => location.hash.includes('model=viseme')")
    assert field(tab, "differences", "Compared with").input_value() == "space"
    assert signed(row.locator("td").nth(2).text_content()) == pytest.approx([-shown[0], -shown[2], -shown[1]])
    assert "worse" in row.text_content()


def test_the_mark_stands_on_the_side_of_the_verdict(at: At) -> None:
    tab = at("view=differences&model=space&versus=viseme")
    marks = tab.evaluate(
        """(rows) => [...document.querySelectorAll(rows)].map((row) => {
          if (!row.querySelector('.mark')) return ['no spread', 0];
          const zero = row.querySelector('.zero').getBoundingClientRect();
          const mark = row.querySelector('.mark').getBoundingClientRect();
          return [row.querySelector('.verdict').classList[1], mark.x + mark.width / 2 - zero.x];
        })""",
        FORESTS,
    )
    assert {verdict for verdict, _ in marks} >= {"better"}
    assert all((place > 0) == (verdict == "better") for verdict, place in marks if verdict in ("better", "worse"))


def test_every_pair_of_one_metric_can_be_seen(at: At) -> None:
    tab = at("view=differences&by=pair&metric=m_ld")
    assert tab.locator(FORESTS).count() == 15
    assert "15 pairs" in tab.text_content("#panel-0 [data-view=differences] [role=status]")


def test_a_group_leads_to_its_cases(at: At, results: ReportData) -> None:
    tab = at("view=strata&kind=emotion")
    cases = results.cases[(results.cases["dataset"] == "sample") & (results.cases["emotion"] == "happy")]
    tab.get_by_role("region", name="M-LD", exact=True).get_by_role("button", name="happy").click()
    tab.wait_for_selector("[data-view=cases] .count:not(:empty)")
    assert tab.text_content("[data-view=cases] .count").startswith(f"{len(cases)} of 12 cases")
    assert field(tab, "cases", "Emotion").input_value() == "happy"


def test_the_worst_group_of_the_chosen_model_is_marked(at: At, results: ReportData) -> None:
    tab = at("view=strata&kind=level&model=viseme")
    rows = results.strata[(results.strata["dataset"] == "sample") & (results.strata["kind"] == "level")]
    rows = rows[(rows["model"] == "viseme") & (rows["metric"] == "lip_corr")]
    worst = rows.loc[rows["value"].idxmin(), "label"]
    section = tab.get_by_role("region", name="Lip corr.", exact=True)
    assert section.locator(".stratum:has(.worst) .what").all_text_contents() == [worst]


def test_squares_are_walked_over_by_keyboard_and_open_the_cases(at: At, results: ReportData) -> None:
    tab = at("view=correlation")
    tab.locator(".heat td[tabindex='0']").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowDown")
    row, column = tab.evaluate("[document.activeElement.dataset.row, document.activeElement.dataset.column]")
    table = results.correlation[results.correlation["dataset"] == "sample"]
    told = table[(table["metric"] == row) & (table["other"] == column)].iloc[0]
    readout = tab.text_content("[data-view=correlation] .readout")
    assert f"r = {told['r']:.2f}".replace("-", "−") in readout and f"{told['n']} cases" in readout
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".scatter canvas")
    painted = "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert tab.locator(".scatter canvas").evaluate(painted)
    assert tab.locator(".heat td[aria-selected=true]").count() == 2


def test_a_link_shows_the_same_to_somebody_else(at: At) -> None:
    tab = at("context=puppet.test.self&view=cases")
    view = tab.locator("#panel-1 [data-view=cases]")
    for label, value in (("Model", "viseme"), ("Metric", "f_ld"), ("Order", "regressed"), ("Emotion", "happy")):
        view.get_by_role("combobox", name=label, exact=True).select_option(value)
    view.get_by_label("Text").fill("puppet_0")
    said = view.locator(".count").text_content()
    where = tab.evaluate("location.hash.slice(1)")
    assert "filter=emotion:happy,text:puppet_0" in where
    tab = at(where)
    view = tab.locator("#panel-1 [data-view=cases]")
    assert view.locator(".count").text_content() == said
    assert view.get_by_label("Text").input_value() == "puppet_0"
    assert view.get_by_role("combobox", name="Metric", exact=True).input_value() == "f_ld"
    assert tab.evaluate("location.hash.slice(1)") == where


def test_back_returns_through_views_and_cases(at: At) -> None:
    tab = at("")
    tab.click("[data-view-link=cases]")
    tab.click(".case >> nth=0")
    assert tab.is_visible("#case")
    tab.go_back()
    tab.wait_for_function("() => !document.getElementById('case').open")
    assert tab.is_visible("[data-view=cases]")
    tab.go_back()
    tab.wait_for_selector("#panel-0 [data-view=overview]", state="visible")
    tab.go_forward()
    tab.wait_for_selector("[data-view=cases]", state="visible")


def test_what_a_stale_link_asks_for_is_told_and_left_out(at: At) -> None:
    tab = at("view=cases&metric=gone&filter=emotion:bored,level:2,%25:%25zz&case=nobody&colour=red")
    tab.wait_for_selector("#notice:not([hidden])")
    said = tab.text_content("#notice")
    for word in ("gone", "bored", "nobody", "colour"):
        assert word in said
    assert tab.text_content("[data-view=cases] .count").startswith("4 of 12 cases")
    assert not tab.is_visible("#case")


def test_a_set_where_everything_failed_opens_in_every_view(
    browser: Any, make_data: Callable[..., ReportData], tmp_path: Path
) -> None:
    data = make_data(cases=3, contexts=(("sample", "test", "self"),))
    none = {name: empty(name) for name in ("differences", "groups", "strata", "correlation", "emotions", "sizes")}
    lost = {"value": float("nan"), "status": "no_face"}
    data = replace(data, scores=data.scores.assign(**lost), summary=data.summary.assign(**lost), **none)
    (tmp_path / "index.html").write_text(page(data), encoding="utf-8")
    tab = browser.new_page()
    troubles: list[str] = []
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.goto((tmp_path / "index.html").as_uri())
    for link in tab.locator("[data-view-link]").all():
        link.click()
        assert tab.locator(f"#panel-0 [data-view={link.get_attribute('data-view-link')}]").is_visible()
    tab.wait_for_selector(".case")
    assert "no face found" in tab.text_content(".case .score")
    tab.close()
    assert troubles == []


def test_a_metric_without_cases_still_shows_cases_by_another(at: At) -> None:
    tab = at("view=cases&metric=fd_efficientnet")
    assert tab.locator("#panel-0 .cell").count() == 12
