"""compare: two sides -> the verdict on every metric, on coverage, and where it got worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.compare.corpus import corpus_differences
from bench.compare.differences import Paired, differences, why_unknown, worsening
from bench.compare.margins import Margin, corpus_margin, pooled_margins
from bench.compare.pairs import Pair, make_pair
from bench.compare.results import Results
from bench.compare.scored import CannotTell
from bench.compare.where import regressed_cases, strata
from bench.errors import unknown
from bench.models import registry as models
from bench.scoring import chosen_metrics
from metrics import statistics
from metrics.base import Metric
from metrics.statistics import Uncertainty, Verdict
from reports.compare.data import Comparison, CoverageRow, MetricRow, Refusal, RegressedCase, StratumRow

EVERYWHERE = "all case sets"
NOT_COMPETING = ("sanity",)


@dataclass(frozen=True)
class Question:
    """What is compared, and how.

    Attributes:
        metrics, case_sets, models: only these; empty means all that both sides have (sanity models only if named).
        margins: by metric, in place of the noise floor. repeats: results of the base under other seeds.
        seed: of the draws. top: how many regressed cases.
    """

    metrics: Sequence[str] = ()
    case_sets: Sequence[str] = ()
    models: Sequence[str] = ()
    margins: Mapping[str, float] | None = None
    repeats: Sequence[Results] = ()
    seed: int = 0
    top: int = 5


def compare(base: Results, head: Results, question: Question) -> Comparison:
    """The whole comparison.

    Raises:
        BenchError: a metric, model or case set is not known.
        CannotTell: nothing is on both sides.
    """
    chosen = [metric for metric in chosen_metrics(question.metrics) if metric.better != "none"]
    if not chosen:
        raise CannotTell(f"{', '.join(question.metrics)} only describe: no direction is better, so there is no verdict")
    given = dict(question.margins or {})
    for name in given:
        chosen_metrics([name])
    case_sets = _case_sets(base, head, question.case_sets)
    drafts: list[_Draft] = []
    coverage: list[CoverageRow] = []
    both, only_base, only_head = _models(base, head, question.models)
    pairs = [make_pair(base, head, names, case_sets, chosen, strangers=not question.metrics) for names in both]
    for pair in pairs:
        margins = pooled_margins(base, question.repeats, pair.names[0], case_sets, chosen, given)
        drafts += _drafts(pair, chosen, margins, base, given, question.seed)
        coverage.append(_coverage(pair))
    rows = _decided(drafts)
    if not rows:
        reasons = "; ".join(f"{each.what}: {each.why}" for pair in pairs for each in (*pair.refused, *pair.gone))
        raise CannotTell(f"no metric has scores of the same cases in {base.label} and {head.label}. {reasons}".strip())
    by_model = {pair.model: [row for row in rows if row.model == pair.model] for pair in pairs}
    regressed: list[RegressedCase] = []
    parts: list[StratumRow] = []
    for pair in pairs:
        regressed += regressed_cases(pair, chosen, by_model[pair.model], (base, head), question.top)
        parts += strata(pair, chosen, question.seed)
    refused = [refusal for pair in pairs for refusal in pair.refused]
    refused += [Refusal(name, f"only {head.label} has scores of it", "head") for name in only_head]
    for name in only_base:
        coverage += _gone(base, head, name, case_sets, [metric.name for metric in chosen])
    regressed.sort(key=lambda case: -case.worsening)
    return Comparison(
        base.label, head.label, tuple(rows), tuple(coverage), tuple(parts), tuple(regressed[: question.top]),
        tuple(refused), _notes(base, head, pairs, rows),
    )  # fmt: skip


def _models(
    base: Results, head: Results, asked: Sequence[str]
) -> tuple[list[tuple[str, str]], list[str], list[str]]:  # fmt: skip
    """Names in base and head of the models to compare; models that only the base has, that only the head has."""
    if base.model or head.model:
        names = (base.model or str(head.model), head.model or str(base.model))
        for side, name in zip((base, head), names, strict=True):
            if name not in side.models():
                raise CannotTell(f"{side.label} has no scores of {name!r}; it has {', '.join(side.models()) or 'none'}")
        return [names], [], []
    known = sorted(set(base.models()) | set(head.models()))
    for name in asked:
        if name not in known:
            raise unknown("model", name, known)
    meant = list(dict.fromkeys(asked)) or [name for name in known if _competes(name)]
    found = [name for name in meant if name in base.models() and name in head.models()]
    if not found:
        raise CannotTell(
            f"{base.label} and {head.label} have no model in common: {base.label} has {', '.join(base.models()) or 'none'}, "
            f"{head.label} has {', '.join(head.models()) or 'none'}"
        )
    only_base, only_head = ([name for name in meant if name not in other.models()] for other in (head, base))
    return [(name, name) for name in found], only_base, only_head


def _competes(model: str) -> bool:
    """Whether the model is more than a sanity row. One that this version does not know may well be."""
    known = models.MODELS.get(model)
    return known is None or known.kind not in NOT_COMPETING


def _case_sets(base: Results, head: Results, asked: Sequence[str]) -> list[str]:
    known = list(dict.fromkeys((*base.case_sets(), *head.case_sets())))
    for name in asked:
        if name not in known:
            raise unknown("case set", name, known)
    return list(asked) or known


@dataclass(frozen=True)
class _Draft:
    """A row before its p-values are adjusted."""

    pair: Pair
    metric: Metric
    scope: str
    found: Paired
    margin: Margin
    worse_share: float
    lost: int
    gained: int

    @property
    def worsening(self) -> Uncertainty:
        """The difference, turned so that positive is worse."""
        return worsening(self.found.difference, self.metric.better)


def _drafts(
    pair: Pair, chosen: Sequence[Metric], margins: Mapping[str, Margin], base: Results, given: Mapping[str, float],
    seed: int,
) -> list[_Draft]:  # fmt: skip
    found = differences(pair.base, pair.head, pair.cases["cluster"].to_numpy(dtype=object), seed)
    drafts = []
    for column, (metric, paired) in enumerate(zip(chosen, found, strict=True)):
        lost, gained = (
            sum(metric.name in failure.metrics for failure in side) for side in (pair.failed, pair.recovered)
        )
        if paired.cases:
            change = (pair.head - pair.base)[:, column]
            change = change[np.isfinite(change)] * (1 if metric.better == "lower" else -1)
            share = float(np.mean(change > 0))
            drafts.append(_Draft(pair, metric, EVERYWHERE, paired, margins[metric.name], share, lost, gained))
        for cases, of_corpus in corpus_differences(pair, metric.name):
            margin = corpus_margin(base, pair.names[0], cases, metric.name, given)
            drafts.append(_Draft(pair, metric, cases, of_corpus, margin, float("nan"), lost, gained))
    return drafts


def _decided(drafts: Sequence[_Draft]) -> list[MetricRow]:
    told = statistics.adjusted([draft.found.difference.p_value() for draft in drafts])
    same = statistics.adjusted([statistics.equivalence_p(draft.worsening, draft.margin.value) for draft in drafts])
    return [_row(draft, float(one), float(two)) for draft, one, two in zip(drafts, told, same, strict=True)]


def _row(draft: _Draft, told: float, same: float) -> MetricRow:
    metric, found = draft.metric, draft.found
    verdict = statistics.decide(draft.worsening, draft.margin.value, told, same)
    notes = []
    if verdict is Verdict.BETTER and draft.lost > draft.gained:
        # Failing on the hard cases must not win.
        verdict = Verdict.UNCLEAR
        notes.append(f"better where both have scores, but {draft.lost - draft.gained} scores fewer")
    if found.unit == "clip":
        notes.append("one speaker: resampled by clip, says nothing of other speakers")
    if not found.difference.known:
        notes.append(why_unknown(found, metric.corpus))
    interval = found.difference.interval()
    return MetricRow(
        draft.pair.model, metric.name, metric.title, metric.unit, metric.better, draft.scope, verdict.value, found.base,
        found.head, found.difference.value, interval.low, interval.high, told, same, draft.margin.value,
        draft.margin.source, found.cases, found.difference.units, found.effect, draft.worse_share, found.wilcoxon,
        found.permutation, statistics.detectable(found.difference), "; ".join(notes),
    )  # fmt: skip


def _coverage(pair: Pair) -> CoverageRow:
    lost, gained = (sum(len(each.metrics) for each in side) for side in (pair.failed, pair.recovered))
    both, gone = int((pair.has_base & pair.has_head).sum()), sum(each.scores for each in pair.gone)
    verdict = Verdict.SAME if lost == gained == 0 else Verdict.UNCLEAR
    # What is gone as a whole is never made up for by cases that were won.
    if lost != gained or gone:
        verdict = Verdict.WORSE if lost > gained or gone else Verdict.BETTER
    return CoverageRow(
        pair.model, verdict.value, pair.asked, both + lost + gone, both + gained, pair.failed, pair.recovered, pair.gone
    )


def _gone(
    base: Results, head: Results, model: str, case_sets: Sequence[str], metrics: Sequence[str]
) -> list[CoverageRow]:
    """That the head has nothing of a model of the base, where the base has it on the case sets."""
    sides = [side for cases in case_sets if (side := base.scored(cases, model)) is not None]
    if not sides:
        return []
    scores, asked = sum(side.count(metrics) for side in sides), sum(len(side.cases) for side in sides)
    why = Refusal(model, f"only {base.label} has scores of it, {head.label} has none", "base", scores=scores)
    verdict = Verdict.WORSE if scores else Verdict.UNCLEAR
    return [CoverageRow(model, verdict.value, asked, scores, 0, (), (), (why,))]


def _notes(base: Results, head: Results, pairs: Sequence[Pair], rows: Sequence[MetricRow]) -> tuple[str, ...]:
    notes = []
    if all(row.margin == 0 for row in rows):
        notes.append(
            "no margin: neither re-encoded clips nor repeated seeds nor --margin; only what is identical is called the same"
        )
    fewest = min((row.speakers for row in rows if row.scope == EVERYWHERE), default=0)
    if fewest < 5:
        notes.append(
            f"down to {fewest} speakers: intervals are honest and wide, and only large differences can be told"
        )
    for pair in pairs:
        versions = [", ".join(sorted(side.versions(name))) for side, name in zip((base, head), pair.names, strict=True)]
        notes.append(f"{pair.model}: version {versions[0]} against {versions[1]}")
    return tuple(notes)
