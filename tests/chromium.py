"""The installed Chromium, driven by playwright; without either, tests that want a page in a browser skip and say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.cores import spread_out

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""As the system's packages call it; else the one that ``playwright install chromium`` brought is taken."""
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)


@contextmanager
def launched() -> Iterator[Any]:
    """A browser without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with ExitStack() as stack:
        with spread_out():
            play = stack.enter_context(sync_api.sync_playwright())
            path = next(filter(None, map(which, NAMES)), play.chromium.executable_path)
            if not Path(path).is_file():
                pytest.skip(f"no Chromium: neither {', '.join(NAMES)} on the PATH nor {path} is there")
            chromium = play.chromium.launch(executable_path=path, args=list(FLAGS))
        stack.callback(chromium.close)
        yield chromium
