"""The summaries of a folder of results as the tables that `reports` draws from."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from bench.assets import AssetStore
from bench.compare.results import Results
from bench.config import CaseSet, Params
from bench.errors import BenchError, unknown
from bench.models import registry
from bench.report_tables import context_of, metrics_table, portable
from metrics.base import Metric
from reports.data import ReportData


def chosen_sets(results: Results, asked: Sequence[str]) -> list[str]:
    """The case sets that were asked for, all by default.

    Raises:
        BenchError: one has no scores; the nearest that has is suggested.
    """
    known = results.case_sets()
    if not known:
        raise BenchError(f"{results.workspace.root / 'scores'} has no score tables. `space-bench score` makes them.")
    for name in asked:
        if name not in known:
            raise unknown("case set with scores", name, known)
    return list(dict.fromkeys(asked)) or known


def chosen_models(results: Results, sets: Sequence[str], asked: Sequence[str], params: Params | None) -> list[str]:
    """The models that were asked for; by default all with scores there, in the order of the parameter file.

    Raises:
        BenchError: one has no scores on these case sets; the nearest that has is suggested.
    """
    known = [model for model in results.models() if any((cases, model) in results.tables for cases in sets)]
    for name in asked:
        if name not in known:
            raise unknown("model with scores", name, known)
    order = {name: place for place, name in enumerate(params.models)} if params else {}
    return list(dict.fromkeys(asked)) or sorted(known, key=lambda name: order.get(name, len(order)))


def gather(
    results: Results, sets: Sequence[str], models: Sequence[str], metrics: Sequence[Metric], params: Params | None,
    assets: AssetStore, kept: Collection[str] = (),
) -> ReportData:  # fmt: skip
    """Summaries of these models on these case sets.

    Args:
        metrics: all that may have a column. params: whose options say what a row is; None where there is no such file.
        kept: metrics that are listed even if no summary names them.

    Raises:
        BenchError: a summary is missing or damaged.
    """
    known = {metric.name: metric for metric in metrics}
    rows, versions = [], dict.fromkeys(models, "")
    for cases in sets:
        for model in models:
            if (cases, model) not in results.tables:
                continue
            read = _read(results.workspace.summary_json(CaseSet.parse(cases), model), cases)
            versions[model] = str(read["version"])
            rows += [
                {**context_of(CaseSet.parse(cases)), "model": model, "metric": name, **_numbers(entry)}
                for name, entry in read["metrics"].items()
                if name in known
            ]
    summary = pd.DataFrame(rows)
    if not len(summary):
        raise BenchError(f"the summaries below {results.workspace.root / 'scores'} name no metric of this version")
    listed = {*summary["metric"], *kept}
    summary["note"] = portable(summary["note"], assets)
    return ReportData(
        title="table", created=date.today().isoformat(), environment={},
        metrics=metrics_table([known[name] for name in known if name in listed]),
        models=pd.DataFrame([_model(name, versions[name], params) for name in models]), summary=summary,
        reference="ground-truth",
    )  # fmt: skip


SOMEBODYS = ("folder", "command")
"""Entries behind which anything may stand: their rows keep the names that they were given."""
FIELDS = ("value", "low", "high", "n", "asked", "clusters", "status", "note", "protocol_id")


def _numbers(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in FIELDS}


def _read(path: Path, cases: str) -> dict[str, Any]:
    made_by = f"`space-bench score --cases {cases}`"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        whole = isinstance(found["version"], str) and all(
            set(FIELDS) <= set(entry) for entry in found["metrics"].values()
        )
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}. {made_by} makes it.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(f"{path} is damaged. {made_by} makes it anew.") from error
    if not whole:
        raise BenchError(f"{path} was written by another version. {made_by} makes it anew.")
    return dict(found)


def _model(name: str, version: str, params: Params | None) -> dict[str, str]:
    """What the row is; a name that neither the parameter file nor the registry knows is somebody's model."""
    options = params.options.get(name, {}) if params else {}
    row = {"model": name, "version": version, "title": registry.label(name, options), "kind": "model", "note": ""}
    if (kind := options.get("model", name)) in registry.MODELS:
        entry = registry.entry(name, options)
        row |= {"kind": entry.kind, "note": entry.summary}
        if kind == name and kind not in SOMEBODYS:
            row["title"] = registry.label(entry.card.title, options)
    return row
