"""Where it got worse: cases and strata."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.compare.differences import differences
from bench.compare.pairs import Pair
from bench.compare.results import Results
from metrics.base import Metric
from reports.compare.data import MetricRow, RegressedCase, StratumRow

KINDS = {"case set": "case_set", "emotion": "emotion", "level": "level", "speaker": "cluster"}
MOST_STRATA = 20
"""Of one kind; of more (speakers, mostly) those with the most cases."""
MOST_DEVIATIONS = 10.0
"""A worsening counts as at most so many standard deviations: one metric that was constant must not decide alone."""
SHOWN = 3


def _signs(chosen: Sequence[Metric]) -> NDArray[np.float64]:
    return np.array([1.0 if metric.better == "lower" else -1.0 for metric in chosen])


def regressed_cases(
    pair: Pair, chosen: Sequence[Metric], rows: Sequence[MetricRow], sides: tuple[Results, Results], top: int
) -> list[RegressedCase]:
    """The cases that got worse most, over the metrics whose verdict is worse; over all metrics where there is none."""
    told = {row.metric for row in rows if row.verdict == "worse"}
    columns = [column for column, metric in enumerate(chosen) if not told or metric.name in told]
    worsening = _standardized(pair, _signs(chosen))[:, columns]
    known = np.isfinite(worsening)
    total = np.where(known, worsening, 0).sum(axis=1)
    mean = np.divide(total, known.sum(axis=1), out=np.zeros(len(total)), where=known.any(axis=1))
    found = []
    for place in np.argsort(-mean, kind="stable")[:top]:
        if mean[place] <= 0:
            break
        case_set, case = pair.cases["case_set"].iloc[place], pair.cases["case"].iloc[place]
        order = sorted(
            (column for column in range(len(columns)) if known[place, column]), key=lambda c: -worsening[place, c]
        )
        worst = tuple(
            (chosen[columns[c]].title, float(pair.base[place, columns[c]]), float(pair.head[place, columns[c]]))
            for c in order[:SHOWN]
        )
        files = {
            side: results.video(case_set, model, case)
            for side, results, model in zip(("base", "head"), sides, pair.names, strict=True)
        }
        videos = {side: path for side, path in files.items() if path is not None}
        found.append(RegressedCase(pair.model, case_set, case, float(mean[place]), worst, videos))
    return found


def _standardized(pair: Pair, signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Worsening of every case and metric in standard deviations of the base over the cases that both have."""
    change = (pair.head - pair.base) * signs
    result = np.full(change.shape, np.nan)
    for column in range(change.shape[1]):
        both = np.isfinite(change[:, column])
        if not both.any():
            continue
        deviation = float(np.std(pair.base[both, column])) or float(np.std(change[both, column]))
        scaled = change[both, column] / deviation if deviation > 0 else np.sign(change[both, column])
        result[both, column] = np.clip(scaled, -MOST_DEVIATIONS, MOST_DEVIATIONS)
    return result


def strata(pair: Pair, chosen: Sequence[Metric], seed: int) -> list[StratumRow]:
    """Every metric within every case set, emotion, level and speaker, where there is more than one of a kind."""
    found = []
    for kind, column in KINDS.items():
        labels = pair.cases[column]
        counts = labels.value_counts()
        if len(counts) < 2:
            continue
        for stratum in sorted(counts.index[:MOST_STRATA], key=str):
            rows = (labels == stratum).fillna(False).to_numpy(dtype=bool)
            found += _stratum(pair, chosen, kind, _shown(stratum), rows, seed)
    return found


def _shown(stratum: object) -> str:
    return f"{stratum:g}" if isinstance(stratum, float) else str(stratum)


def _stratum(
    pair: Pair, chosen: Sequence[Metric], kind: str, name: str, rows: NDArray[np.bool_], seed: int
) -> list[StratumRow]:
    clusters = pair.cases.loc[rows, "cluster"].to_numpy(dtype=object)
    base, head = pair.base[rows], pair.head[rows]
    signs = _signs(chosen)
    if len(set(clusters)) < 2:
        return _means(pair.model, chosen, kind, name, base, head, signs)
    found = []
    parts = differences(base, head, clusters, seed, tests=False)
    for metric, part, sign in zip(chosen, parts, signs, strict=True):
        if not part.cases:
            continue
        interval = part.difference.interval()
        of_speakers = part.unit == "speaker"
        low, high = (interval.low, interval.high) if of_speakers else (float("nan"), float("nan"))
        found.append(StratumRow(
            pair.model, metric.name, metric.title, kind, name, part.base, part.head, part.difference.value, low, high,
            part.cases, part.difference.units if of_speakers else 1, float(sign * part.difference.value),
        ))  # fmt: skip
    return found


def _means(
    model: str, chosen: Sequence[Metric], kind: str, name: str, base: NDArray[np.float64], head: NDArray[np.float64],
    signs: NDArray[np.float64],
) -> list[StratumRow]:  # fmt: skip
    """Of one speaker: an interval over the clips would say nothing of others, so there is none."""
    found = []
    for column, (metric, sign) in enumerate(zip(chosen, signs, strict=True)):
        both = np.isfinite(base[:, column]) & np.isfinite(head[:, column])
        if both.any():
            one, two = float(base[both, column].mean()), float(head[both, column].mean())
            nan = float("nan")
            found.append(StratumRow(
                model, metric.name, metric.title, kind, name, one, two, two - one, nan, nan, int(both.sum()), 1,
                float(sign * (two - one)),
            ))  # fmt: skip
    return found
