"""What a report is about: the results of every model on every case set, as the steps before left them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.config import CaseSet, Params
from bench.errors import BenchError
from bench.models import registry
from bench.store import CURVE_COLUMNS, EMOTION_COLUMNS, REPLICATE_COLUMNS, read_table, records
from bench.workspace import Workspace


@dataclass(frozen=True)
class ModelResults:
    """What one model scored on one case set.

    Attributes:
        scores: long score rows. summary: by metric name. curves, emotions: detail tables (may be empty).
        videos: file of every case that has one. replicates: of corpus metrics under the weights that all models share
            (columns of `REPLICATE_COLUMNS`; may be empty). label: its name as printed; empty: `model`.
    """

    model: str
    version: str
    kind: str
    note: str
    scores: pd.DataFrame
    summary: Mapping[str, Mapping[str, Any]]
    curves: pd.DataFrame
    emotions: pd.DataFrame
    videos: Mapping[str, Path]
    replicates: pd.DataFrame
    label: str = ""


@dataclass(frozen=True)
class CaseSetResults:
    """One case set with the results of its models."""

    cases: CaseSet
    table: pd.DataFrame
    models: Sequence[ModelResults]


def read_results(params: Params, workspace: Workspace, cases: CaseSet, models: Sequence[str]) -> CaseSetResults:
    """Of one case set.

    Raises:
        BenchError: a table or summary is missing or damaged; the message names the command that makes it.
    """
    table = read_table(workspace.cases_table(cases), "space-bench prepare")
    clips = read_table(workspace.clips_table(cases.dataset, cases.split), "space-bench prepare").set_index("clip")
    table["seconds"] = clips["seconds"].reindex(table["clip"]).to_numpy(dtype=float)
    return CaseSetResults(cases, table, [_model_results(cases, model, params, workspace) for model in models])


def _model_results(cases: CaseSet, model: str, params: Params, workspace: Workspace) -> ModelResults:
    made_by = f"space-bench score --cases {cases}"
    generated = read_table(workspace.generated_table(cases, model), "space-bench generate")
    path = workspace.summary_json(cases, model)
    if not path.is_file():
        raise BenchError(f"{path} is missing. `{made_by}` makes it.")
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        version, entries = str(summary["version"]), summary["metrics"]
    except (ValueError, KeyError, TypeError) as error:
        raise BenchError(f"{path} is damaged. `{made_by}` makes it anew.") from error
    options = params.options.get(model, {})
    entry, ignored = registry.entry(model, options), sorted(registry.ignored(model, options))
    note = entry.summary + (f"; ignores {', '.join(ignored)}" if ignored else "")
    videos = {row.case: workspace.resolve(row.video) for row in records(generated) if row.status == "ok"}
    return ModelResults(
        model, version, entry.kind, note, read_table(workspace.scores_table(cases, model), made_by), entries,
        _detail(workspace.detail_table(cases, model, "curves"), CURVE_COLUMNS, made_by),
        _detail(workspace.detail_table(cases, model, "emotions"), EMOTION_COLUMNS, made_by), videos,
        _replicates(workspace.detail_table(cases, model, "replicates"), made_by), registry.label(model, options),
    )  # fmt: skip


def _replicates(path: Path, made_by: str) -> pd.DataFrame:
    """Empty where an older version left none: the differences of corpus metrics then have no interval."""
    return (
        _detail(path, REPLICATE_COLUMNS, made_by) if path.is_file() else pd.DataFrame(columns=list(REPLICATE_COLUMNS))
    )


def _detail(path: Path, columns: Mapping[str, str], made_by: str) -> pd.DataFrame:
    table = read_table(path, made_by)
    if lacking := [name for name in columns if name not in table.columns]:
        raise BenchError(f"{path} lacks {', '.join(lacking)}: another version wrote it. `{made_by}` makes it anew.")
    return table
