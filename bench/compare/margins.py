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
MOST = 0.1
"""Of the base's value: more than that matters, whatever a codec may do. Re-encoding moves the Fréchet distance of the real
clips by more than the whole distance of a good model."""


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
    such a distance the floor is what it would add to the base's mean; a PSNR likewise, by powers.
    """
    names = [metric.name for metric in chosen]
    truth, again = (_stacked([base], side, case_sets, names) for side in (TRUTH, REENCODED))
    encoded = _mean_difference(truth[0], again[0])
    runs = _stacked([base, *repeats], model, case_sets, names)
    means, reencoded = _means(runs[0]), _means(again[0])
    found = {}
    for column, name in enumerate(names):
        floor = _at_level(chosen[column], float(encoded[column]), float(means[column]), float(reencoded[column]))
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


def _at_level(metric: Metric, floor: float, base: float, reencoded: float) -> float:
    """What the noise that moves the real clips by `floor`, to `reencoded`, does where the mean is `base`; at most `MOST` of it."""
    if metric.paired and metric.unit == "dB":
        # Powers of errors add: PSNR of both together, from the PSNR of each.
        floor = float(10 * np.log10(1 + 10 ** ((base - reencoded) / 10)))
    elif metric.paired and metric.better == "lower":
        floor = float(np.hypot(base, floor) - base)
    return min(floor, MOST * abs(base))


def corpus_margin(base: Results, model: str, cases: str, metric: str, given: Mapping[str, float]) -> Margin:
    """Margin of a corpus metric on one case set: what is given, else what re-encoding moves, at most `MOST` of the base."""
    if metric in given:
        return Margin(given[metric], "given")
    values = [
        side.corpus.get(metric, float("nan")) if (side := base.scored(cases, name)) is not None else float("nan")
        for name in (TRUTH, REENCODED, model)
    ]
    difference = min(abs(values[1] - values[0]), MOST * abs(values[2]))
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
