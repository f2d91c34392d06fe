"""Paired differences of every two models of a run, decided as `space-bench compare` decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from bench.compare.compare import NOT_COMPETING
from bench.compare.corpus import corpus_differences
from bench.compare.differences import Paired, differences, why_unknown, worsening
from bench.compare.margins import Margin, corpus_margin, pooled_margins
from bench.compare.pairs import Pair, make_pair
from bench.compare.scored import CannotTell
from bench.report.held import Held
from bench.report.results import CaseSetResults
from metrics import statistics
from metrics.base import Metric
from metrics.statistics import Uncertainty, Verdict
from reports.data import KINDS

ONE_SPEAKER = "one speaker: no interval, since clips of one speaker say nothing of others"


@dataclass(frozen=True)
class _Draft:
    """A difference before its p-values are adjusted: model minus versus."""

    metric: Metric
    model: str
    versus: str
    found: Paired
    margin: Margin
    fewer: int
    note: str


def paired_rows(held: Held, item: CaseSetResults, chosen: Sequence[Metric], seed: int) -> list[dict[str, Any]]:
    """One row a metric with a direction and two models: two that compete, or one and a control.

    One's own models come first, so that a difference is theirs minus the baseline's.
    Only cases that both have count. Controls differ from models by far: in one family with the others they would loosen
    Benjamini and Hochberg's correction for all, so each kind of pair is a family of its own.
    """
    told = [metric for metric in chosen if metric.better != "none"]
    kinds = {model.model: model.kind in NOT_COMPETING for model in item.models}
    competing = [
        model.model for kind in KINDS for model in item.models if model.kind == kind and not kinds[model.model]
    ]
    families = (
        list(combinations(competing, 2)),
        [(model, control) for model in competing for control, is_control in kinds.items() if is_control],
    )
    margins: dict[str, Mapping[str, Margin]] = {}
    rows: list[dict[str, Any]] = []
    for family in families:
        drafts: list[_Draft] = []
        for model, versus in family:
            if versus not in margins:
                margins[versus] = pooled_margins(held, (), versus, [str(item.cases)], told, {})
            drafts += _drafts(held, str(item.cases), model, versus, told, margins[versus], seed)
        rows += _decided(drafts)
    return rows


def _drafts(
    held: Held, cases: str, model: str, versus: str, told: Sequence[Metric], margins: Mapping[str, Margin], seed: int
) -> Iterator[_Draft]:
    try:
        pair = make_pair(held, held, (versus, model), [cases], told)
    except CannotTell:
        return  # Nothing in common: there is no row, as there is none for a metric that one of them lacks.
    found = differences(pair.base, pair.head, pair.cases["cluster"].to_numpy(dtype=object), seed, tests=False)
    for metric, paired in zip(told, found, strict=True):
        fewer = _count(pair, metric, lost=True) - _count(pair, metric, lost=False)
        of_corpus = [difference for _, difference in corpus_differences(pair, metric.name)]
        for each in of_corpus or ([paired] if paired.cases else []):
            margin = corpus_margin(held, versus, cases, metric.name, {}) if of_corpus else margins[metric.name]
            careful, note = _careful(each, bool(of_corpus))
            yield _Draft(metric, model, versus, careful, margin, fewer, note)


def _count(pair: Pair, metric: Metric, lost: bool) -> int:
    return sum(metric.name in failure.metrics for failure in (pair.failed if lost else pair.recovered))


def _careful(found: Paired, corpus: bool) -> tuple[Paired, str]:
    """Without an interval where it would be over clips of one speaker, unless nothing differs at all."""
    nothing = found.difference.error == 0 and found.difference.value == 0
    if found.unit == "clip" and not nothing and found.difference.known:
        nan = float("nan")
        unknown = Uncertainty(found.difference.value, nan, 0.0, 0.0, found.difference.units)
        return Paired(found.base, found.head, unknown, found.cases, found.effect, nan, nan, found.unit), ONE_SPEAKER
    return found, "" if found.difference.known else why_unknown(found, corpus)


def _decided(drafts: Sequence[_Draft]) -> Iterator[dict[str, Any]]:
    turned = [worsening(draft.found.difference, draft.metric.better) for draft in drafts]
    plain = [draft.found.difference.p_value() for draft in drafts]
    told = statistics.adjusted(plain)
    same = statistics.adjusted(
        [statistics.equivalence_p(worse, draft.margin.value) for worse, draft in zip(turned, drafts, strict=True)]
    )
    for draft, worse, p_value, one, two in zip(drafts, turned, plain, told, same, strict=True):
        verdict = statistics.decide(worse, draft.margin.value, float(one), float(two))
        if verdict is Verdict.BETTER and draft.fewer > 0:
            verdict = Verdict.UNCLEAR  # Failing on the hard cases must not win.
        interval = draft.found.difference.interval()
        yield {
            "metric": draft.metric.name, "model": draft.model, "versus": draft.versus, "difference": interval.value,
            "low": interval.low, "high": interval.high, "effect": draft.found.effect, "p": p_value, "q": float(one),
            "verdict": verdict.value, "n": draft.found.cases, "note": draft.note,
        }  # fmt: skip
