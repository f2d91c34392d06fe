"""Cases on which metrics contradict each other about two models: where people's word decides most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from bench.compare.results import Results
from bench.errors import BenchError, unknown
from bench.study.candidates import Candidate
from metrics import registry
from metrics.base import Metric


def disagreeing_cases(
    results: Results, pair: tuple[str, str], cases: Sequence[Candidate], take: int, names: Sequence[str]
) -> tuple[list[Candidate], list[str]]:
    """The `take` cases on which metrics disagree most about a pair of models.

    For each metric the first model's value less the second's, turned so that more is better, is ranked over the cases of
    the pair (average ranks of ties, from 0 for the case that speaks most for the second model to 1). A case's disagreement
    is the standard deviation of its ranks over the metrics: 0 where all see the case alike, at most one half where half
    of them put it first and the others last. Only cases on which every one of these metrics has a value for both models
    are ranked; ties go to the order of the case tables.

    Args:
        names: of the metrics; none means all with a direction that judge both models on at least half of the cases.

    Returns:
        The cases, most disagreed on first, and the metrics that took part.

    Raises:
        BenchError: a metric is not known or has no direction, or fewer than two of them or `take` cases are left.
    """
    chosen = _chosen(names)
    gains = np.stack([_gains(results, pair, cases, metric) for metric in chosen])
    if not names:
        kept = np.isfinite(gains).mean(axis=1) >= 0.5
        gains, chosen = gains[kept], [metric for metric, keep in zip(chosen, kept, strict=True) if keep]
    who = f"{pair[0]} and {pair[1]}"
    if len(chosen) < 2:
        raise BenchError(
            f"disagreement needs two metrics, and {len(chosen)} judge {who}: `space-bench score` makes scores"
        )
    whole = np.flatnonzero(np.isfinite(gains).all(axis=0))
    if len(whole) < take:
        names_of = ", ".join(metric.name for metric in chosen)
        raise BenchError(
            f"only {len(whole)} cases have values of {names_of} for {who}, and {take} are to be taken: name fewer --metrics or "
            "a smaller --take"
        )
    order = np.argsort(-disagreement(gains[:, whole]), kind="stable")
    return [cases[spot] for spot in whole[order[:take]]], [metric.name for metric in chosen]


def disagreement(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(metrics, cases)``, more is better for the first model -> ``(cases,)`` standard deviation of ranks from 0 to 1."""
    ranks = (rankdata(gains, axis=1) - 1) / max(1, gains.shape[1] - 1)
    return np.asarray(ranks.std(axis=0))


def _chosen(names: Sequence[str]) -> list[Metric]:
    known = registry.all_metrics()
    for name in names:
        if name not in known:
            raise unknown("metric", name, known)
        if known[name].better == "none" or known[name].corpus:
            raise BenchError(
                f"metric {name} cannot judge one case: it has no {'value a case' if known[name].corpus else 'direction'}"
            )
    return [known[name] for name in names or known if known[name].better != "none" and not known[name].corpus]


def _gains(results: Results, pair: tuple[str, str], cases: Sequence[Candidate], metric: Metric) -> NDArray[np.float64]:
    """``(cases,)``, NaN without a value or under two protocols."""
    gains = np.full(len(cases), np.nan)
    sign = 1 if metric.better == "higher" else -1
    for name in dict.fromkeys(case.cases for case in cases):
        sides = [results.scored(name, model) for model in pair]
        for model, scored in zip(pair, sides, strict=True):
            if scored is None:
                raise BenchError(f"{model} has no scores on {name}: `space-bench score --cases {name}` makes them")
        one, other = (scored for scored in sides if scored is not None)
        if any(metric.name not in scored.metrics for scored in (one, other)):
            continue
        if one.protocols[metric.name] != other.protocols[metric.name]:
            continue
        values = [
            dict(zip(scored.cases, scored.values[:, scored.metrics.index(metric.name)], strict=True))
            for scored in (one, other)
        ]
        for spot, case in enumerate(cases):
            if case.cases == name:
                gains[spot] = sign * (values[0].get(case.case, np.nan) - values[1].get(case.case, np.nan))
    return gains
