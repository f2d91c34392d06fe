"""From the results of a run to the tables that the room ``reports`` draws from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from bench.assets import AssetStore
from bench.compare.margins import TRUTH
from bench.config import ReportConfig
from bench.report.environment import environment
from bench.report.findings import findings, stacked
from bench.report.previews import previews
from bench.report.results import CaseSetResults, ModelResults
from bench.report.studies import studies
from bench.report_tables import context_of, metrics_table, portable
from metrics.base import Metric
from reports.data import ReportData


def gather(
    root: Path, config: ReportConfig, chosen: Sequence[Metric], results: Sequence[CaseSetResults], rejected: pd.DataFrame,
    assets: AssetStore, seed: int, scratch: Path,
) -> ReportData:  # fmt: skip
    """Everything that the report below `root` shows.

    Args:
        config: how much of it. chosen: metrics, in the order of their columns. rejected: clips that never became cases.
        seed: of the draws of speakers. scratch: folder for the example cases' videos, needed until the page is written.
    """
    every = [(item, model) for item in results for model in item.models]
    shown = {str(item.cases): evenly(list(item.table["case"]), config.examples) for item in results}
    drawn = {str(item.cases): evenly(list(item.table["case"]), config.curves) for item in results}
    moving = [(item, model) for item, model in every if len(model.curves)]
    tables = {
        "summary": pd.DataFrame([
            {**context_of(item.cases), "model": model.model, "metric": name, **entry}
            for item, model in every for name, entry in model.summary.items()
        ]),
        "sizes": pd.DataFrame([
            {**context_of(item.cases), "model": model.model, "metric": name, "endless": entry["size_effect"]["endless"],
             "clips": clips, "value": value, "deviation": deviation}
            for item, model in every for name, entry in model.summary.items() if "size_effect" in entry
            for clips, value, deviation in zip(
                *(entry["size_effect"][key] for key in ("clips", "values", "deviations")), strict=True
            )
        ]),
        "scores": stacked(_tagged(model.scores, item, model.model) for item, model in every),
        "curves": stacked(_tagged(_only(model.curves, shown, item), item, model.model) for item, model in moving),
        "emotions": stacked(_tagged(model.emotions, item, model.model) for item, model in every),
        "envelopes": stacked(
            _only(model.curves, shown, item)[["case", "time", "loudness"]] for item, model in moving if model.model == TRUTH
        ).drop_duplicates(),
        "rejected": rejected,
        **findings(root, results, chosen, seed),
    }  # fmt: skip
    for name, column in (("summary", "note"), ("scores", "detail")):
        if len(tables[name]):
            tables[name][column] = portable(tables[name][column], assets)
    return ReportData(
        title=config.title, created=date.today().isoformat(), environment=environment(), reference=TRUTH,
        metrics=metrics_table(chosen), models=_models_table(every), studies=studies(root), videos=previews(results, shown, scratch),
        all_curves={
            (item.cases.dataset, item.cases.split, item.cases.protocol, model.model): _only(model.curves, drawn, item)
            for item, model in moving
        },
        **{name: table for name, table in tables.items() if len(table.columns)},
    )  # fmt: skip


def evenly(names: Sequence[str], count: int) -> list[str]:
    """At most `count` of them, evenly through the table: it is ordered by speaker and emotion, so they differ."""
    return [names[place] for place in np.unique(np.linspace(0, len(names) - 1, min(count, len(names))).astype(int))]


def _only(curves: pd.DataFrame, wanted: Mapping[str, Sequence[str]], item: CaseSetResults) -> pd.DataFrame:
    names = wanted[str(item.cases)]
    return curves if len(names) == len(item.table) else curves[curves["case"].isin(names)]


def _tagged(frame: pd.DataFrame, item: CaseSetResults, model: str) -> pd.DataFrame:
    return frame.assign(**context_of(item.cases), model=model)


def _models_table(every: Sequence[tuple[CaseSetResults, ModelResults]]) -> pd.DataFrame:
    rows = {
        m.model: {"model": m.model, "version": m.version, "title": m.label or m.model, "kind": m.kind, "note": m.note}
        for _, m in every
    }
    return pd.DataFrame(list(rows.values()))
