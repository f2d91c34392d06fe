"""Which metrics go together: rank correlations over the cases of the competing models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bench.compare.compare import NOT_COMPETING
from bench.report.held import Held, clusters_of, values_of
from bench.report.results import CaseSetResults
from metrics.base import Metric

LEAST = 3
"""Values behind a correlation; two always agree or disagree."""
BOTH, MODEL = "model and speaker", "model"


def correlation_rows(held: Held, item: CaseSetResults, chosen: Sequence[Metric]) -> Iterator[dict[str, Any]]:
    """Spearman's correlation of every two metrics that have values of single cases.

    What is the same for all cases of a model and speaker is taken out first: a good model is good in all metrics, and a
    speaker with a wide mouth moves several, which says nothing about what the metrics see. Where no speaker has two
    cases, only the model's mean is taken out. ``within`` says which.
    """
    single = [metric for metric in chosen if not metric.corpus]
    cases, clusters = list(item.table["case"]), clusters_of(item)
    parts = [
        (values_of(side, single, cases), np.array([f"{model.model}/{cluster}" for cluster in clusters]), model.model)
        for model in item.models
        if model.kind not in NOT_COMPETING and (side := held.scored(str(item.cases), model.model)) is not None
    ]
    if not parts or not single:
        return
    values = np.concatenate([part for part, _, _ in parts])
    cells = np.concatenate([cell for _, cell, _ in parts])
    names = np.repeat([name for _, _, name in parts], [len(part) for part, _, _ in parts])
    within = BOTH if pd.Series(cells).duplicated().any() else MODEL
    rest = residuals(values, cells if within == BOTH else names)
    r, n = spearman(rest)
    able = [column for column in range(len(single)) if n[column, column] >= LEAST and np.isfinite(r[column, column])]
    for one in able:
        for two in able:
            yield {
                "metric": single[one].name, "other": single[two].name, "r": r[one, two], "n": int(n[one, two]),
                "within": within,
            }  # fmt: skip


def residuals(values: NDArray[np.float64], cells: NDArray[Any]) -> NDArray[np.float64]:
    """The values ``(n, m)`` without the mean of their cell; NaN in cells with one value, which has nothing to differ from."""
    grouped = pd.DataFrame(values).groupby(cells, sort=False)
    alone = grouped.transform("count").to_numpy() < 2
    rest = values - grouped.transform("mean").to_numpy()
    # What is constant in a cell differs from its mean by rounding, which ranks would take for an order.
    rest[np.abs(rest) <= 1e-12 * np.maximum(np.abs(values), 1e-300)] = 0.0
    return np.where(alone, np.nan, rest)


def spearman(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Correlations ``(m, m)`` over the rows that both columns have, and how many those are; NaN where undefined.

    Columns with the same gaps are ranked together, so that a run without failures costs one ranking.
    """
    known = np.isfinite(values)
    count = known.shape[1]
    r, n = np.full((count, count), np.nan), known.T.astype(np.int64) @ known.astype(np.int64)
    patterns: dict[bytes, list[int]] = {}
    for column in range(count):
        patterns.setdefault(known[:, column].tobytes(), []).append(column)
    sets = list(patterns.values())
    for place, one in enumerate(sets):
        for two in sets[place:]:
            rows = known[:, one[0]] & known[:, two[0]]
            if rows.sum() < LEAST:
                continue
            left, right = (_standard_ranks(values[np.ix_(rows, columns)]) for columns in (one, two))
            found = np.clip(left.T @ right, -1, 1)
            r[np.ix_(one, two)] = found
            r[np.ix_(two, one)] = found.T
    return r, n


def _standard_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks of each column, centred and of length 1; NaN where all are equal."""
    ranks = stats.rankdata(values, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    return np.asarray(np.divide(ranks, length, out=np.full_like(ranks, np.nan), where=length > 0))
