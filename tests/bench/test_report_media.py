"""Where the page finds videos: beside the run, never by the folders of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.config import load
from bench.errors import BenchError
from bench.report.media import way
from bench.report.results import read_results
from bench.simulated_run import SET, write_run
from bench.workspace import Workspace


def test_the_way_is_relative_and_leads_nowhere_over_the_root(tmp_path: Path) -> None:
    page, videos = tmp_path / "out" / "report", tmp_path / "videos"
    videos.mkdir()
    assert way(page, videos) == "../../videos"
    assert way(page, Path("/")) is None
    assert way(page, tmp_path / "gone") is None
    # A path from the root is this machine's own, written backwards.
    assert way(page, Path("/usr")) is None


def test_a_damaged_summary_ends_the_report_with_the_command_that_mends_it(tmp_path: Path) -> None:
    write_run(tmp_path, 6)
    params, space = load(tmp_path / "params.yaml"), Workspace(tmp_path)
    space.summary_json(SET, "space").write_text('{"model": "space"')
    with pytest.raises(BenchError, match="is damaged"):
        read_results(params, space, SET, params.models)
