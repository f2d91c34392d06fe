"""The installed Chromium, driven by playwright; without either, tests that want a page in a browser skip and say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cores import spread_out

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)


@contextmanager
def launched() -> Iterator[Any]:
    """A browser without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with ExitStack() as stack:
        with spread_out():
            play = stack.enter_context(sync_api.sync_playwright())
            chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        stack.callback(chromium.close)
        yield chromium
