"""Noise floors: what does not matter, measured. The margin of non-inferiority and of "same" comes from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.compare.results import Results
from bench.compare.scored import Scored
from metrics import statistics
from metrics.base import Metric

TRUTH, REENCODED = "ground-truth", "re-encoded"


@dataclass(frozen=True)
class Margin:
    """A difference that does not matter, in the metric's unit; `source` says where it comes from."""

    value: float = 0.0
    source: str = "none"


def pooled_margins(
    base: Results, repeats: Sequence[Results], model: str, case_sets: Sequence[str], chosen: Sequence[Metric],
    given: Mapping[str, float],
) -> dict[str, Margin]:  # fmt: skip
    """Margin by metric over all case sets: what is given, else the larger of the two noise floors, else 0.

    The one is how far re-encoding moves the real clips, the other what runs of the model under other seeds differ by
    (`statistics.repeat_floor`). A distance from the reference is 0 for the real clips, and errors that do not know of
    each other add in quadrature: what re-encoding adds to 0 is far more than what it adds to the error of a model. So for
    such a distance the floor is what it would add to the base's mean.
    """
    names = [metric.name for metric in chosen]
    truth, again = (_stacked([base], side, case_sets, names) for side in (TRUTH, REENCODED))
    encoded = _mean_difference(truth[0], again[0])
    runs = _stacked([base, *repeats], model, case_sets, names)
    means = _means(runs[0])
    found = {}
    for column, name in enumerate(names):
        floor = float(encoded[column])
        if chosen[column].paired and chosen[column].better == "lower":
            floor = float(np.hypot(means[column], floor) - means[column])
        options = [Margin(floor, "re-encoding")]
        if repeats:
            every = np.stack([run[:, column] for run in runs])
            complete = every[:, np.isfinite(every).all(axis=0)]
            if complete.size:
                options.append(Margin(statistics.repeat_floor(complete.mean(axis=1).tolist()), f"{len(runs)} seeds"))
        known = [option for option in options if np.isfinite(option.value)]
        largest = max(known, key=lambda option: option.value, default=Margin())
        found[name] = Margin(given[name], "given") if name in given else largest
    return found


def corpus_margin(base: Results, cases: str, metric: str, given: Mapping[str, float]) -> Margin:
    """Margin of a corpus metric on one case set: what is given, else what re-encoding moves."""
    if metric in given:
        return Margin(given[metric], "given")
    values = [
        side.corpus.get(metric, float("nan")) if (side := base.scored(cases, model)) is not None else float("nan")
        for model in (TRUTH, REENCODED)
    ]
    difference = abs(values[1] - values[0])
    return Margin(difference, "re-encoding") if np.isfinite(difference) else Margin()


def _stacked(
    runs: Sequence[Results], model: str, case_sets: Sequence[str], names: Sequence[str]
) -> list[NDArray[np.float64]]:
    """Values ``(n, m)`` of one model in each run, of the cases that all runs were asked, in one order."""
    parts: list[list[NDArray[np.float64]]] = [[] for _ in runs]
    for cases in case_sets:
        sides = [run.scored(cases, model) for run in runs]
        if any(side is None for side in sides):
            continue
        common = set.intersection(*(set(side.cases) for side in sides if side is not None))
        for part, side in zip(parts, sides, strict=True):
            assert side is not None
            part.append(_values(side, sorted(common), names))
    return [np.concatenate(part) if part else np.empty((0, len(names))) for part in parts]


def _values(side: Scored, cases: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    place = {case: row for row, case in enumerate(side.cases)}
    rows = [place[case] for case in cases]
    known = np.where(side.scored, side.values, np.nan)[rows]
    columns = {metric: column for column, metric in enumerate(side.metrics)}
    empty = np.full(len(rows), np.nan)
    return np.stack([known[:, columns[name]] if name in columns else empty for name in names], axis=1)


def _mean_difference(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(m,)``, NaN without a common value."""
    if one.shape != two.shape:
        return np.full(one.shape[1], np.nan)
    return np.abs(_means(two - one))


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the finite values of each column, ``(m,)``; NaN without any."""
    known = np.isfinite(values)
    totals = np.where(known, values, 0).sum(axis=0)
    return np.divide(totals, known.sum(axis=0), out=np.full(len(totals), np.nan), where=known.any(axis=0))
