"""Findings that fit invented scores: simple, but of the shapes and with the gaps that real ones have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from reports.data import COLUMNS, CONTEXT

CORPUS = ("fd_efficientnet", "fid")
BINS = (("emotion", "Emotion"), ("level", "Level"), ("angle", "Head angle"))


def findings(
    scores: pd.DataFrame, cases: pd.DataFrame, metrics: pd.DataFrame, competing: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Tables of differences, groups, strata and correlation for all contexts of the scores."""
    direction = dict(zip(metrics["metric"], metrics["better"], strict=True))
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("differences", "groups", "strata", "correlation")}
    for where, part in scores[scores["status"] == "ok"].groupby(list(CONTEXT), sort=False):
        context = dict(zip(CONTEXT, where, strict=True))
        here = cases[(cases[list(CONTEXT)] == list(where)).all(axis=1)].set_index("case")
        wide = part.pivot(index="case", columns=["metric", "model"], values="value").reindex(here.index)
        rows["differences"] += [{**context, **row} for row in _differences(wide, direction, competing)]
        groups = pd.concat([_groups(here, kind, title) for kind, title in BINS])
        rows["groups"] += [{**context, **row} for row in groups.to_dict("records")]
        rows["strata"] += [{**context, **row} for row in _strata(wide, groups)]
        rows["correlation"] += [{**context, **row} for row in _correlation(part[part["model"].isin(competing)])]
    return {name: pd.DataFrame(found, columns=list(COLUMNS[name])) for name, found in rows.items()}


def _differences(wide: pd.DataFrame, direction: dict[str, str], competing: Sequence[str]) -> Iterator[dict[str, Any]]:
    values = {column: wide[column].to_numpy(dtype=float) for column in wide.columns}
    controls = [model for model in wide.columns.unique("model") if model not in competing]
    pairs = [*combinations(competing, 2), *((model, control) for model in competing for control in controls)]
    for metric in wide.columns.unique("metric"):
        if direction[metric] == "none":
            continue
        for model, versus in pairs:
            change = values[metric, model] - values[metric, versus]
            change = change[np.isfinite(change)]
            if not len(change):
                continue
            mean, unknown = float(change.mean()), metric in CORPUS or len(change) < 2
            half = float("nan") if unknown else 2 * float(change.std(ddof=1)) / np.sqrt(len(change))
            told = abs(mean) > half
            verdict = "worse" if (mean > 0) == (direction[metric] == "lower") else "better"
            verdict = "same" if mean == half == 0 else verdict if told else "unclear"
            yield {
                "metric": metric, "model": model, "versus": versus, "difference": mean, "low": mean - half, "high": mean + half,
                "effect": mean / float(change.std(ddof=1)) if half > 0 else float("nan"), "p": 0.01 if told else 0.4,
                "q": 0.02 if told else 0.6, "verdict": verdict, "n": len(change),
                "note": "no interval: a corpus metric without replicates" if unknown else "",
            }  # fmt: skip


def _groups(here: pd.DataFrame, kind: str, title: str) -> pd.DataFrame:
    labels = (
        pd.cut(here[kind], [-1, 15, 30, 180], labels=["under 15°", "15–30°", "30° and more"]).astype(str)
        if kind == "angle"
        else here[kind].astype(str)
    )
    codes, names = pd.factorize(labels, sort=kind != "angle")
    return pd.DataFrame({"case": here.index, "kind": kind, "title": title, "label": names[codes], "place": codes})


def _strata(wide: pd.DataFrame, groups: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for (kind, label), members in groups.groupby(["kind", "label"], sort=False):
        inside = wide.loc[members["case"]]
        parts = zip(wide.columns, inside.mean(), 2 * inside.std(ddof=1), inside.count(), strict=True)
        for (metric, model), mean, spread, n in parts:
            if metric not in CORPUS and n:
                half = spread / np.sqrt(n)
                numbers = {"value": mean, "low": mean - half, "high": mean + half, "n": n}
                yield {"kind": kind, "label": label, "model": model, "metric": metric, **numbers}


def _correlation(part: pd.DataFrame) -> Iterator[dict[str, Any]]:
    wide = part[~part["metric"].isin(CORPUS)].pivot(index=["model", "case"], columns="metric", values="value")
    if len(wide) < 3:
        return
    r, known = wide.corr(method="spearman"), wide.notna().astype(int)
    n = known.T @ known
    for one in r.index:
        for two in r.index:
            yield {
                "metric": one,
                "other": two,
                "r": r.loc[one, two],
                "n": int(n.loc[one, two]),
                "within": "model and speaker",
            }
