"""report: result tables -> what people look at. Gathers the data; the room ``reports`` does the drawing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.assets import AssetStore
from bench.config import CaseSet, Params, ReportConfig
from bench.report.gather import gather
from bench.report.results import CaseSetResults, read_results
from bench.scoring import chosen_metrics
from bench.store import read_table, write_bytes
from bench.workspace import Workspace
from metrics.base import Metric
from reports.writer import render


def write_report(
    params: Params, workspace: Workspace, assets: AssetStore, sets: Sequence[CaseSet], models: Sequence[str]
) -> Path:
    """Render the report of a whole run into the workspace and return the page's path."""
    results, rejected = [], []
    for cases in sets:
        results.append(read_results(params, workspace, cases, models))
        rejected.append(read_table(workspace.rejected_table(cases.dataset, cases.split), "space-bench prepare"))
    all_rejected = pd.concat(rejected, ignore_index=True).drop_duplicates() if rejected else pd.DataFrame()
    write_pages(
        workspace.root, params.report, chosen_metrics(params.metrics), results, all_rejected, assets, params.seed
    )
    return workspace.root / "report" / "index.html"


def write_pages(
    root: Path, config: ReportConfig, chosen: Sequence[Metric], results: Sequence[CaseSetResults], rejected: pd.DataFrame,
    assets: AssetStore, seed: int,
) -> None:  # fmt: skip
    """Render everything below `root`: ``report/``, ``tables/``, ``figures/``, ``plots/``, each replaced as a whole.

    Args:
        seed: of the draws of speakers, that of the scores.
    """
    with tempfile.TemporaryDirectory() as scratch:
        data = gather(root, config, chosen, results, rejected, assets, seed, Path(scratch))
        for stale in ("tables", "figures", "plots"):
            shutil.rmtree(root / stale, ignore_errors=True)
        for relative, content in render(data):
            write_bytes(root / relative, content)
