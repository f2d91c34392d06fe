"""What the page of a run says of files: videos beside it, curves of as many cases as wanted, no folder of this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.assets import open_store
from bench.config import Params, load
from bench.errors import BenchError
from bench.report.gather import evenly, gather
from bench.report.media import way
from bench.report.results import CaseSetResults, read_results
from bench.simulated_run import METRICS, SET, write_run
from bench.workspace import Workspace
from reports.data import ReportData
from reports.page import page


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, 12)
    return folder


def results(root: Path) -> tuple[Params, CaseSetResults]:
    params = load(root / "params.yaml")
    return params, read_results(params, Workspace(root), SET, params.models)


def gathered(root: Path, scratch: Path, **report: Any) -> ReportData:
    params, item = results(root)
    config = params.report.model_copy(update=report)
    return gather(root, config, METRICS, [item], pd.DataFrame(), open_store(), 0, scratch)


def test_the_page_finds_videos_beside_the_run_and_names_no_folder_of_this_machine(root: Path, tmp_path: Path) -> None:
    html = page(gathered(root, tmp_path, examples=1, curves=3))
    found = re.search(r'id="payload">(.*?)</script>', html, re.S)
    assert found
    (context,) = json.loads(found[1])["contexts"]
    assert context["media"]["base"] == "../videos/simulated/test/self"
    assert context["media"]["models"]["space"] == {"ext": "mp4"}
    assert (root / "report" / context["media"]["base"] / "space" / "simulated-00003.mp4").resolve().is_file()
    assert len(context["curves"]["cases"]) == 3 and len(context["watch"]) == 1
    assert str(root) not in html and str(tmp_path) not in html and str(Path.cwd()) not in html


def test_without_examples_and_curves_there_are_none(root: Path, tmp_path: Path) -> None:
    data = gathered(root, tmp_path, examples=0, curves=0)
    assert not data.videos and not len(data.curves) and all(not len(frame) for frame in data.all_curves.values())
    assert '"curves":null' in page(data)


def test_examples_are_spread_over_the_table() -> None:
    names = [f"c{k}" for k in range(9)]
    assert evenly(names, 3) == ["c0", "c4", "c8"]
    assert evenly(names, 99) == names and evenly(names, 0) == [] and evenly([], 5) == []


def test_settings_out_of_bounds_are_refused_with_their_place(root: Path, tmp_path: Path) -> None:
    text = (root / "params.yaml").read_text()
    for value, said in (("{curves: -1}", "report.curves"), ("{curve: 5}", "nearest|curves")):
        (tmp_path / "params.yaml").write_text(f"{text}report: {value}\n")
        with pytest.raises(BenchError, match=said):
            load(tmp_path / "params.yaml")


def test_the_way_is_relative_and_leads_nowhere_over_the_root(tmp_path: Path) -> None:
    outside, videos = tmp_path / "out" / "report", tmp_path / "videos"
    videos.mkdir()
    assert way(outside, videos) == "../../videos"
    assert way(outside, tmp_path / "gone") is None
    # A path from the root is this machine's own, written backwards.
    assert way(outside, Path("/")) is None and way(outside, Path("/usr")) is None


def test_a_damaged_summary_or_table_ends_the_report_with_the_command_that_mends_it(tmp_path: Path) -> None:
    write_run(tmp_path, 6)
    space = Workspace(tmp_path)
    for path in (space.summary_json(SET, "space"), space.scores_table(SET, "viseme")):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BenchError, match=f"{path.name}.*space-bench score"):
            results(tmp_path)
        path.write_bytes(whole)
    assert np.isfinite(results(tmp_path)[1].table["seconds"]).all()
