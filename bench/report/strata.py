"""Means of every metric within groups of cases, with intervals over the speakers of the group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.compare.differences import differences
from bench.report.groups import Groups
from bench.report.held import Held, clusters_of, values_of
from bench.report.results import CaseSetResults
from metrics.base import Metric


def strata_rows(
    held: Held, item: CaseSetResults, every: Sequence[Groups], chosen: Sequence[Metric], seed: int
) -> Iterator[dict[str, Any]]:
    """One row a group, model and metric that has values of single cases there.

    Corpus metrics have no row: a distance of a few clips cannot be set beside that of many.
    """
    single = [metric for metric in chosen if not metric.corpus]
    clusters, cases = clusters_of(item), list(item.table["case"])
    for model in item.models:
        side = held.scored(str(item.cases), model.model)
        if side is None:
            continue
        values = values_of(side, single, cases)
        for groups in every:
            for code, label in enumerate(groups.labels):
                inside = groups.codes == code
                for metric, found in zip(single, _means(values[inside], clusters[inside], seed), strict=True):
                    if found["n"]:
                        place = {"kind": groups.kind, "label": label, "model": model.model, "metric": metric.name}
                        yield {**place, **found, **_within(metric, found)}


def _within(metric: Metric, found: dict[str, Any]) -> dict[str, float]:
    """The bounds, where no value can lie beyond. The value itself may be a rounding error beyond."""
    low, high = np.clip([found["low"], found["high"]], *metric.limits)
    return {"low": float(np.minimum(low, found["value"])), "high": float(np.maximum(high, found["value"]))}


def _means(values: NDArray[np.float64], clusters: NDArray[np.object_], seed: int) -> list[dict[str, Any]]:
    """``value, low, high, n`` of each column; no bounds within one speaker, which says nothing of others."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    if len(set(clusters)) < 2:
        totals = np.where(known, values, 0.0).sum(axis=0)
        means = np.divide(totals, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return [_row(float(mean), float("nan"), float("nan"), int(n)) for mean, n in zip(means, counts, strict=True)]
    # The difference from nothing is the mean itself, and so comes from the same draws as all other intervals.
    rows = []
    for found in differences(np.zeros_like(values), values, clusters, seed, tests=False):
        interval = found.difference.interval()
        bounds = (interval.low, interval.high) if found.unit == "speaker" else (float("nan"), float("nan"))
        rows.append(_row(found.head, *bounds, found.cases))
    return rows


def _row(value: float, low: float, high: float, n: int) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": n}
