"""From the results of a run to the tables that the room ``reports`` draws from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from bench.assets import AssetStore
from bench.compare.margins import TRUTH
from bench.config import ReportConfig
from bench.report.angles import angles
from bench.report.environment import environment
from bench.report.previews import previews
from bench.report.results import CaseSetResults, ModelResults
from bench.report_tables import context_of, metrics_table, portable
from metrics.base import Metric
from reports import ReportData


def gather(
    config: ReportConfig, chosen: Sequence[Metric], results: Sequence[CaseSetResults], rejected: pd.DataFrame,
    assets: AssetStore, scratch: Path,
) -> ReportData:  # fmt: skip
    every = [(item, model) for item in results for model in item.models]
    videos, shown = previews(config, results, scratch)
    curves = _stack(
        _tagged(model.curves[model.curves["case"].isin(shown[str(item.cases)])], item, model.model)
        for item, model in every if len(model.curves)
    )  # fmt: skip
    loud = [model.curves for item, model in every if model.model == TRUTH and len(model.curves)]
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
        "scores": _stack(_tagged(model.scores, item, model.model) for item, model in every),
        "cases": _stack(_labelled(item) for item in results),
        "curves": curves,
        "emotions": _stack(_tagged(model.emotions, item, model.model) for item, model in every if len(model.emotions)),
        "envelopes": _stack(frame[["case", "time", "loudness"]] for frame in loud).drop_duplicates(),
        "rejected": rejected,
    }  # fmt: skip
    for name, column in (("summary", "note"), ("scores", "detail")):
        if len(tables[name]):
            tables[name][column] = portable(tables[name][column], assets)
    return ReportData(
        title=config.title, created=date.today().isoformat(), environment=environment(),
        metrics=metrics_table(chosen), models=_models_table(every), videos=videos, reference=TRUTH,
        **{name: table for name, table in tables.items() if len(table.columns)},
    )  # fmt: skip


def _stack(frames: Any) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _labelled(item: CaseSetResults) -> pd.DataFrame:
    return item.table.assign(**context_of(item.cases), angle=angles(item))


def _tagged(frame: pd.DataFrame, item: CaseSetResults, model: str) -> pd.DataFrame:
    return frame.assign(**context_of(item.cases), model=model)


def _models_table(every: Sequence[tuple[CaseSetResults, ModelResults]]) -> pd.DataFrame:
    rows = {
        m.model: {"model": m.model, "version": m.version, "title": m.label or m.model, "kind": m.kind, "note": m.note}
        for _, m in every
    }
    return pd.DataFrame(list(rows.values()))
