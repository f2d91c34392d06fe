"""What metrics say of the videos that a study shows: its pairs joined with the score tables of the results."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from bench.compare.results import Results
from bench.compare.scored import Scored
from bench.scoring import chosen_metrics
from bench.workspace import Workspace
from metrics.base import Metric as Measured
from reports.study.analysis.metrics import Metric, MetricValues
from reports.study.schema import Study


def metric_values(study: Study, results: Path) -> MetricValues | None:
    """Values of every metric with a direction for the videos of each test pair; None where `results` holds no scores.

    Scores of another version than the study showed are left out, with a remark.

    Raises:
        CannotTell: a score table is damaged.
    """
    found = Results(str(results), Workspace(results))
    if not found.tables:
        return None
    sets = sorted({pair.cases for pair in study.pairs if pair.kind == "test"})
    scored: dict[tuple[str, str], Scored] = {}
    remarks = []
    for cases in sets:
        for model, version in study.models.items():
            here = found.scored(cases, model)
            if here is None:
                remarks.append(f"{results} has no scores of {model} on {cases}: `space-bench score` makes them")
            elif here.version != version:
                remarks.append(
                    f"scores of {model} on {cases} are of version {here.version}, the study showed {version}: they are not "
                    "joined with the answers"
                )
            else:
                scored[cases, model] = here
    chosen = [metric for metric in chosen_metrics(()) if metric.better != "none"]
    values = _of_pairs(study, scored, [metric for metric in chosen if not metric.corpus])
    models, more = _of_models(study, scored, [metric for metric in chosen if metric.corpus], sets)
    known = set(values["metric"]) | set(models["metric"])
    if absent := [metric.name for metric in chosen if metric.name not in known]:
        remarks.append(
            f"{len(absent)} metrics have no values for the study's videos; `space-bench metrics` says what each waits for"
        )
    described = [
        Metric(metric.name, metric.title, metric.unit, metric.better, metric.corpus)
        for metric in chosen
        if metric.name in known
    ]
    return MetricValues(described, values, models, (*remarks, *more))


def _of_pairs(study: Study, scored: dict[tuple[str, str], Scored], chosen: list[Measured]) -> pd.DataFrame:
    """``metric, pair, first, second``; NaN for a video without a value, no row where neither has one."""
    places = {key: {case: place for place, case in enumerate(table.cases)} for key, table in scored.items()}
    tests = [pair for pair in study.pairs if pair.kind == "test"]
    parts = []
    for metric in chosen:
        sides = []
        for side in ("first", "second"):
            column = np.full(len(tests), np.nan)
            for number, pair in enumerate(tests):
                key = (pair.cases, getattr(pair, side).model)
                table = scored.get(key)
                if table is not None and metric.name in table.metrics and pair.case in places[key]:
                    column[number] = table.values[places[key][pair.case], table.metrics.index(metric.name)]
            sides.append(column)
        rows = pd.DataFrame(
            {"metric": metric.name, "pair": [pair.pair for pair in tests], "first": sides[0], "second": sides[1]}
        )
        parts.append(rows[np.isfinite(sides[0]) | np.isfinite(sides[1])])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["metric", "pair", "first", "second"])


def _of_models(
    study: Study, scored: dict[tuple[str, str], Scored], chosen: list[Measured], sets: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """``metric, model, value`` of corpus metrics, which one case set alone can give."""
    rows: dict[str, list[object]] = defaultdict(list)
    if len(sets) > 1:
        return pd.DataFrame({"metric": [], "model": [], "value": []}), [
            f"metrics that have one value a model are left out: the study mixes {len(sets)} case sets"
        ]
    for metric in chosen:
        for model in study.models:
            table = scored.get((sets[0], model)) if sets else None
            value = table.corpus.get(metric.name, float("nan")) if table is not None else float("nan")
            if np.isfinite(value):
                for name, part in (("metric", metric.name), ("model", model), ("value", value)):
                    rows[name].append(part)
    return pd.DataFrame(rows, columns=["metric", "model", "value"]), []
