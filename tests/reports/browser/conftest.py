"""The page of invented results in a real browser, without a window and without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.media import write_video
from reports.data import ReportData
from reports.page import page

NASTY = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
SECONDS = 3
LOST = "sample_003"
"""The case whose files lie nowhere."""


@pytest.fixture(scope="session")
def results(make_data: Callable[..., ReportData], clip_of: Callable[[str], Path]) -> ReportData:
    """Everything that the page can show; titles, notes and findings are hostile."""
    data = make_data(videos=clip_of, beside="videos")
    # As after a run: the examples are in the page too, all other videos lie beside it.
    examples = {key: file for key, file in data.videos.items() if key[3][-3:] in ("000", "001")}
    models = data.models.assign(note=NASTY, version=NASTY)
    return replace(data, title=f"Faces {NASTY}", models=models, videos=examples)


@pytest.fixture(scope="session")
def report(
    results: ReportData,
    counted: Callable[..., list[NDArray[np.uint8]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The page with videos beside it, as a run leaves them."""
    folder = tmp_path_factory.mktemp("report")
    video = folder / "video.mp4"
    sound = np.sin(np.arange(SECONDS * 16000) / 12).astype(np.float32) / 5
    write_video(video, counted(SECONDS * 25, 96, 96), 25, sound)
    for row in results.media.itertuples(index=False):
        if row.case != LOST:
            (folder / row.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / row.file).symlink_to(video)
    (folder / "index.html").write_text(page(results), encoding="utf-8")
    return folder / "index.html"


@pytest.fixture
def opened(browser: Any, report: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page, opened from disk. Fails the test on any console error, exception or request."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **getattr(request, "param", {}))
    tab = context.new_page()
    troubles: list[str] = []
    tab.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("request", lambda asked: troubles.append(asked.url) if asked.url.startswith(("http", "ws")) else None)
    tab.goto(report.as_uri())
    yield tab
    context.close()
    # A video that is not where it should lie is told in its place; the browser says so here, too.
    assert [trouble for trouble in troubles if "ERR_FILE_NOT_FOUND" not in trouble] == []


@pytest.fixture
def at(opened: Any, report: Path) -> Callable[[str], Any]:
    """Opens the page at what is looked at: the part of its address after #."""

    def open_at(where: str) -> Any:
        # Another address after # alone loads nothing anew.
        opened.goto("about:blank")
        opened.goto(f"{report.as_uri()}#{where}")
        opened.wait_for_function("() => performance.getEntriesByName('ready').length > 0")
        return opened

    return open_at
