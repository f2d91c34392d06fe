"""Differences between models, values within groups of cases, and which metrics go together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reports.correlations import leaf_order, matrix
from reports.data import grouped
from reports.payload.encoding import rounded

PAIR = ["difference", "low", "high", "effect", "p", "q"]
ONE_FAMILY = "p-values are adjusted over metrics and pairs (Benjamini-Hochberg), pairs with a control apart."


def differences(rows: pd.DataFrame) -> dict[str, Any] | None:
    """By metric ``[model, versus, difference, low, high, effect, p, q, verdict, n]``; None without any.

    Args:
        rows: of one context.
    """
    if not len(rows):
        return None
    numbers = np.array([rounded(rows[name], 4) for name in PAIR], dtype=object)
    found: dict[str, list[list[Any]]] = {}
    for place, (metric, model, versus, verdict, n) in enumerate(
        zip(rows["metric"], rows["model"], rows["versus"], rows["verdict"], rows["n"].tolist(), strict=True)
    ):
        found.setdefault(metric, []).append([model, versus, *numbers[:, place].tolist(), verdict, n])
    return {
        "models": list(dict.fromkeys([*rows["model"], *rows["versus"]])),
        "rows": found,
        "notes": [ONE_FAMILY, *_notes(rows)],
    }


def _notes(rows: pd.DataFrame) -> list[str]:
    """Each reason once, with the number of differences that it concerns."""
    counts = rows.loc[rows["note"] != "", "note"].value_counts()
    return [f"{count} difference{'' if count == 1 else 's'}: {note}." for note, count in counts.items()]


def strata(groups: pd.DataFrame, rows: pd.DataFrame, cases: list[str]) -> dict[str, Any] | None:
    """Kinds of groups with the group of each case, and ``[value, low, high, n]`` by kind, metric, model and label.

    Args:
        groups, rows: of one context. cases: names in their order.
    """
    groups = groups[groups["case"].isin(cases)]
    if not len(groups):
        return None
    kinds, places = [], {}
    for (kind, title), members in grouped(groups, ("kind", "title")):
        labels = members.drop_duplicates("place").sort_values("place")["label"].tolist()
        codes = np.full(len(cases), -1)
        codes[pd.Index(cases).get_indexer(pd.Index(members["case"]))] = members["place"].to_numpy(dtype=int)
        kinds.append({"kind": kind, "title": title, "labels": labels, "codes": codes.tolist()})
        places[kind] = {label: place for place, label in enumerate(labels)}
    found: dict[str, dict[str, dict[str, list[Any]]]] = {str(kind): {} for kind in places}
    numbers = zip(*(rounded(rows[name], 4) for name in ("value", "low", "high")), rows["n"].tolist(), strict=True)
    for kind, label, model, metric, cell in zip(
        rows["kind"], rows["label"], rows["model"], rows["metric"], map(list, numbers), strict=True
    ):
        empty = [None] * len(places[kind])
        found[kind].setdefault(metric, {}).setdefault(model, empty)[places[kind][label]] = cell
    return {"kinds": kinds, "rows": found}


def correlation(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Matrices ``r`` and ``n`` over the metrics, and an ``order`` in which those that go together stand together.

    Args:
        rows: of one context.
    """
    if not len(rows):
        return None
    r, n = matrix(rows, "r"), matrix(rows, "n")
    return {
        "metrics": list(r.index),
        "r": [rounded(line, 3) for line in r.to_numpy(dtype=float)],
        "n": n.astype(int).to_numpy().tolist(),
        "order": leaf_order(r.to_numpy(dtype=float)),
        "within": str(rows["within"].iloc[0]),
    }
