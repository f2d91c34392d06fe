"""The first view of the page: table, tabs, example videos, charts, failures; and the page of a paper table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.data import ReportData
from reports.page import table_page
from reports.paper import arranged, columns, paper_table
from reports.paper_presets import PAPER_PRESETS
from reports.published import PublishedNumber

NASTY = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"


# Contrast ratio of an element's text with what is painted behind it, as WCAG 2 defines it.
CONTRAST = """(selector) => {
  const draw = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => {
    draw.fillStyle = colour;
    draw.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...draw.getImageData(0, 0, 1, 1).data].map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const node = document.querySelector(selector);
  let ground = node;
  while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
  const pair = [node, ground].map((each) => getComputedStyle(each));
  const [a, b] = [luminance(pair[0].color), luminance(pair[1].backgroundColor)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
TEXTS = (
    *("h1", ".meta", "td.best b", "td.best .interval", ".interval", ".coverage", ".legend", ".play", "summary"),
    *("footer p", ".facts dt", ".results .unit", "[role=tab][aria-selected=true] small"),
    *(".switch [aria-pressed=true]", ".switch [aria-pressed=false]", ".lead", ".version", ".sample"),
)


def column(tab: Any, index: int, body: str) -> list[float]:
    script = "([i, body]) => [...document.querySelectorAll(`#panel-0 .choice:not([hidden]) ${body} tr[data-model]`)]"
    return tab.evaluate(script + ".map((row) => Number(row.cells[i].dataset.value))", [index, body])


def test_untrusted_names_do_not_run(opened: Any) -> None:
    opened.locator("#panel-0 [data-part=watch]").scroll_into_view_if_needed()
    opened.wait_for_selector("#panel-0 .players video")
    assert opened.evaluate("window.hacked") is None
    assert "<script>" in opened.text_content("h1")


def test_table_sorts_within_its_blocks_best_first(opened: Any) -> None:
    head = opened.locator("#panel-0 .choice:not([hidden]) .metrics th button").nth(2)
    head.click()
    ranked, sanity = column(opened, 2, ".ranked"), column(opened, 2, ".sanity")
    assert ranked == sorted(ranked)
    assert sanity == sorted(sanity)
    head.press("Enter")
    assert column(opened, 2, ".ranked") == sorted(ranked, reverse=True)
    assert opened.locator("#panel-0 .choice:not([hidden]) th[aria-sort=descending]").count() == 1


def test_tabs_switch_by_click_and_by_keyboard(opened: Any) -> None:
    opened.click("#tab-1")
    assert opened.is_visible("#panel-1")
    assert opened.is_hidden("#panel-0")
    opened.keyboard.press("ArrowRight")
    assert opened.is_visible("#panel-2")
    assert opened.get_attribute("#tab-2", "aria-selected") == "true"
    opened.click("#tab-1")
    opened.reload()
    assert opened.is_visible("#panel-1")


def test_all_columns_can_be_shown(opened: Any) -> None:
    opened.click("#panel-0 .switch [data-preset=full]")
    assert opened.is_visible("#panel-0 .choice[data-preset=full] table")
    assert opened.is_hidden("#panel-0 .choice[data-preset=paper] table")


def see(tab: Any, part: str) -> None:
    """Scrolls there: what nobody scrolls to is not drawn."""
    tab.locator(f"#panel-0 [data-part={part}]").scroll_into_view_if_needed()
    tab.wait_for_selector(f"#panel-0 [data-part={part}] .mount > *")


def test_videos_play_together_with_the_sound_of_one(opened: Any) -> None:
    see(opened, "watch")
    ready = "() => [...document.querySelectorAll('video')].every((video) => video.readyState > 0)"
    opened.wait_for_function(ready)
    videos = "[...document.querySelectorAll('video')]"
    assert opened.evaluate(f"{videos}.length") == 7
    assert opened.evaluate(f"{videos}.every((video) => video.src.startsWith('data:video/mp4') && !video.error)")
    opened.click(".play")
    opened.wait_for_function(f"() => {videos}.every((video) => video.currentTime > 0.3)")
    assert opened.evaluate(f"{videos}.filter((video) => !video.muted).length") == 1
    opened.wait_for_function(f"() => {videos}.every((video) => video.paused && !video.seeking)")
    assert opened.evaluate(f"{videos}.every((video) => Math.abs(video.currentTime - video.duration) < 0.001)")
    scrub = "(bar) => { bar.value = 0.48; bar.dispatchEvent(new Event('input')); }"
    opened.locator(".transport input").evaluate(scrub)
    opened.wait_for_function(f"() => {videos}.every((video) => Math.abs(video.currentTime - 0.48) < 0.02)")
    opened.click(".players figure:nth-child(2) .sound")
    assert opened.evaluate(f"{videos}.map((video) => video.muted)") == [True, False, *[True] * 5]


def test_failures_can_be_filtered(opened: Any) -> None:
    see(opened, "failures")
    rows = "#panel-0 [data-part=failures] tbody tr"
    opened.wait_for_selector(rows)
    everything = opened.locator(rows).count()
    opened.fill("#panel-0 [data-part=failures] input", "no such case")
    assert opened.locator(rows).count() == 0
    opened.fill("#panel-0 [data-part=failures] input", "sample_004")
    assert opened.locator(rows).count() == everything


def test_another_classifier_can_be_asked(opened: Any) -> None:
    see(opened, "emotion")
    table = "#panel-0 [data-part=emotion] .confusion tbody th"
    assert "fear" in opened.locator(table).all_text_contents()
    opened.select_option("#panel-0 [data-part=emotion] select[aria-label=Classifier]", label="HSE")
    assert "fear" not in opened.locator(table).all_text_contents()


def test_a_metric_chosen_at_a_glance_shows_its_cases(opened: Any) -> None:
    opened.click("#panel-0 [data-metric=lip_corr]")
    see(opened, "spread")
    opened.wait_for_selector("#panel-0 [data-part=spread] canvas")
    assert opened.input_value("#panel-0 [data-part=spread] select") == "lip_corr"
    assert opened.locator("#panel-0 [data-part=spread] svg rect").count() == 7
    opened.select_option("#panel-0 [data-part=spread] .field:nth-child(2) select", "share")
    opened.wait_for_selector("#panel-0 [data-part=spread] svg path")
    assert opened.locator("#panel-0 [data-part=spread] svg path").count() == 7


@pytest.mark.parametrize("opened", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
def test_light_and_dark_have_readable_contrast(opened: Any, tmp_path: Path) -> None:
    for part in ("watch", "emotion"):
        see(opened, part)
    opened.screenshot(path=str(tmp_path / "page.png"))
    assert (tmp_path / "page.png").stat().st_size > 20_000
    for selector in TEXTS:
        assert opened.evaluate(CONTRAST, selector) >= 4.5, selector


def test_theme_button_overrides_the_system(opened: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    before = opened.evaluate(ground)
    opened.click("#theme")
    assert opened.evaluate(ground) != before


def test_only_what_is_looked_at_is_unpacked(opened: Any) -> None:
    opened.wait_for_function(
        "() => performance.getEntriesByName('ready').length > 0 && document.readyState === 'complete'"
    )
    packed = "document.querySelectorAll('script[type=\"application/octet-stream\"]').length"
    before = opened.evaluate(packed)
    see(opened, "spread")
    opened.wait_for_selector("#panel-0 [data-part=spread] canvas")
    assert opened.evaluate(packed) == before - 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_paper_table_is_readable_by_itself_and_scrolls_in_its_frame(
    browser: Any, make_data: Callable[..., ReportData], tmp_path: Path, scheme: str
) -> None:
    preset = PAPER_PRESETS["space"]
    data = make_data(cases=2, contexts=(("sample", "test", "self"),))
    data = arranged(replace(data, summary=data.summary.assign(p_adjusted=0.01, differs=True)), preset)
    published = [PublishedNumber(NASTY, "sample", "self", "m_ld", "3.10", NASTY)]
    table = paper_table(data, columns(data, preset), published, NASTY, 9)
    path = tmp_path / "table.html"
    path.write_text(table_page(table), encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    tab = context.new_page()
    troubles: list[str] = []
    tab.on("console", lambda message: troubles.append(message.text))
    tab.goto(path.as_uri())
    assert "3.10" in tab.text_content("tbody.published") and "†" in tab.text_content("tbody.ranked")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    for selector in ("caption", ".published .name", ".divider span", ".ranked sup", ".waits", ".notes li"):
        assert tab.evaluate(CONTRAST, selector) >= 4.5, selector
    context.close()
    assert troubles == []
