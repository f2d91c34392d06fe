"""A rater at the page in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

# The noises of the headphone check pass quickly, and tell in which order they came.
QUICK_SOUNDS = """
window.heard = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (this instanceof HTMLAudioElement) {
    window.heard.push(this.src);
    this.playbackRate = 12;
  }
  return play.call(this);
};
"""


class PageRater:
    """Goes through the page by keys alone. Any error that the browser reports fails the test at `close`."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **context})
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(20_000)
        self.troubles: list[str] = []
        self.requests: list[str] = []
        self.tab.on(
            "console", lambda said: self.troubles.append(said.text) if said.type in ("error", "warning") else None
        )
        self.tab.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.tab.on("request", lambda asked: self.requests.append(asked.url))
        self.tab.add_init_script(QUICK_SOUNDS)
        self.tab.goto(address)

    def close(self) -> None:
        self.context.close()
        assert self.troubles == []

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def consent(self) -> None:
        """Answer each screening question with its first option, agree, and go on."""
        self.tab.wait_for_selector("#agree")
        self.press("Tab")
        for _ in self.tab.locator("select").all():
            self.press("ArrowDown", "Tab")
        self.press("Space", "Tab", "Enter")

    def headphones(self, right: bool = True) -> None:
        """Three rounds, each answered right, or each wrong; and on."""
        for _ in range(3):
            self.tab.wait_for_selector("fieldset button.choice:disabled")
            self.tab.evaluate("window.heard.length = 0")
            self.tab.click("main button.primary")
            self.tab.wait_for_selector("fieldset button.choice:not(:disabled)")
            tone = next(k for k, src in enumerate(self.tab.evaluate("window.heard")) if src.endswith("noise-c.wav"))
            self.press(str((tone if right else (tone + 1) % 3) + 1))
        self.tab.wait_for_selector("main > h1 + p + p > button.primary")
        self.press("Enter")

    def beyond_headphones(self) -> None:
        """As if the rater had reached the trials before: the first page takes time and has its own test."""
        self.tab.wait_for_selector("#agree")
        self.tab.evaluate(
            """() => { const screening = { senses: 'both', language: 'native', sound: 'headphones' };
            for (const name of Object.keys(localStorage)) {
              const state = { ...JSON.parse(localStorage.getItem(name)), step: 'trials', screening, headphones: true };
              localStorage.setItem(name, JSON.stringify(state));
            } }"""
        )
        self.tab.reload()

    def trial(self, side: str = "1", words: str = "") -> None:
        """Watch to the end, answer every question with a key, and go on (twice, where practice says how it was)."""
        self.tab.wait_for_selector("button.play:not(:disabled)")
        shown = self.tab.locator(".stage video").first.get_attribute("src")
        assert self.tab.locator("input:not(:disabled)").count() == 0
        self.press(side, "Enter")  # too early: nothing happens
        self.press(" ")
        self.tab.wait_for_selector("fieldset:not(:disabled)")
        for group in self.tab.locator("fieldset:has(input)").all():
            self.press(side)
            if side == "0" and not group.locator("input[value=tie]").count():
                assert group.locator(":checked").count() == 0  # this question has no tie
                self.press("2")
        if words:
            self.tab.fill("textarea", words)
            self.tab.locator("h1").focus()
        self.press("Enter")
        if self.tab.locator(".feedback").count():
            self.press("Enter")
        self.tab.wait_for_selector(f'video[src="{shown}"]', state="detached")

    def all_trials(self, choose: Callable[[int], str] = lambda _: "1") -> None:
        """Until no trial is left; `choose` names the key by the number of the trial on this page."""
        number = 0
        while True:
            self.tab.wait_for_selector("button.play:not(:disabled), .copyable")
            if not self.tab.locator("button.play").count():
                return
            self.trial(choose(number))
            number += 1

    def axe(self) -> list[str]:
        """What axe-core finds wrong with the page as it stands."""
        axe = pytest.importorskip(
            "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
        )
        found = axe.Axe().run(self.tab, options={"resultTypes": ["violations"]}).response["violations"]
        return [f"{item['id']}: {item['nodes'][0]['html'][:120]}" for item in found]

    def wide(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.tab.evaluate("document.documentElement.scrollWidth - innerWidth"))
