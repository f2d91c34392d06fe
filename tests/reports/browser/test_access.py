"""Readable and usable by everybody: axe-core finds nothing, phones never scroll sideways, what is touched is large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

At = Callable[[str], Any]
VIEWS = ("view=overview", "view=cases&sort=regressed", "view=cases&case=sample_000")
CHARTS = ("view=differences", "view=strata", "view=correlation&metric=m_ld&second=f_ld")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
SMALL = """() => [...document.querySelectorAll('button, select, input, summary, nav a')]
  .filter((node) => node.checkVisibility() && node.getBoundingClientRect().width > 0)
  .filter((node) => (node.closest('label') ?? node).getBoundingClientRect().height < 43.5)
  .map((node) => node.outerHTML.slice(0, 100))"""


def draw_all(tab: Any) -> None:
    """Scrolls through the page, so that every part of it is there."""
    for part in tab.locator("[data-part]:visible").all():
        part.scroll_into_view_if_needed()
        tab.wait_for_timeout(50)


def violations(tab: Any, **options: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(tab, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.mark.slow
@pytest.mark.parametrize("opened", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing(at: At, opened: Any, size: dict[str, int]) -> None:
    opened.set_viewport_size(size)
    dark = opened.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    # Light and dark differ in nothing but colours.
    options = {"runOnly": ["color-contrast"]} if dark else {}
    for where in VIEWS:
        tab = at(where)
        draw_all(tab)
        assert violations(tab, **options) == [], where


@pytest.mark.slow
def test_axe_finds_nothing_in_charts(at: At) -> None:
    for where in CHARTS:
        assert violations(at(where)) == [], where


def test_a_phone_never_scrolls_sideways_and_everything_is_large_enough_to_touch(at: At, opened: Any) -> None:
    opened.set_viewport_size(PHONE)
    for where in (*VIEWS, *CHARTS):
        tab = at(where)
        draw_all(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"], where
        assert tab.evaluate(SMALL) == [], where


def test_nothing_moves_for_those_who_asked_for_it(at: At, opened: Any) -> None:
    opened.emulate_media(reduced_motion="reduce")
    tab = at("view=cases")
    tab.wait_for_selector(".case video", state="attached")
    tab.hover(".case")
    assert tab.evaluate("[...document.querySelectorAll('.case video')].every((video) => video.paused)")
