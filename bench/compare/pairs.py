"""Two versions of one model laid side by side: the same cases in the same order, all case sets in one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.compare.results import Results
from bench.compare.scored import CannotTell, Scored
from metrics.base import Metric, Status
from metrics.registry import all_metrics
from reports.compare.data import Failure, Refusal


@dataclass(frozen=True)
class Pair:
    """Both sides of one model on the cases that both were asked.

    Attributes:
        names: of the model in base and head. cases: one row a case, with case_set, case, cluster (speaker with dataset), emotion, level.
        metrics: names. base, head: ``(cases, metrics)`` values, NaN where there is none or where the metric may not be
            compared on that case set. has_base, has_head: whether there is a score, or a part in a corpus metric.
        corpus: metric -> case set -> both sides' tables, where a corpus metric may be compared.
        asked: cases that either side was asked. failed, recovered: scores that only the base, only the head has.
        refused: what is not compared, and why. gone: what only the base has.
    """

    names: tuple[str, str]
    cases: pd.DataFrame
    metrics: tuple[str, ...]
    base: NDArray[np.float64]
    head: NDArray[np.float64]
    has_base: NDArray[np.bool_]
    has_head: NDArray[np.bool_]
    corpus: Mapping[str, Mapping[str, tuple[Scored, Scored]]]
    asked: int
    failed: tuple[Failure, ...]
    recovered: tuple[Failure, ...]
    refused: tuple[Refusal, ...]
    gone: tuple[Refusal, ...]

    @property
    def model(self) -> str:
        """As shown."""
        return shown(self.names)


def shown(names: tuple[str, str]) -> str:
    """One name, or both where two models are compared."""
    return names[0] if names[0] == names[1] else f"{names[0]} → {names[1]}"


def make_pair(
    base: Results, head: Results, models: tuple[str, str], case_sets: Sequence[str], chosen: Sequence[Metric],
    strangers: bool = False,
) -> Pair:  # fmt: skip
    """Read both sides.

    Args:
        strangers: whether metrics that the tables hold and this version does not know are to be told as well.

    Raises:
        CannotTell: no case set, no case or no metric is on both sides.
    """
    name = shown(models)
    found = [
        (cases, base.scored(cases, models[0]), head.scored(cases, models[1]))
        for cases in case_sets
    ]  # fmt: skip
    names = [metric.name for metric in chosen]
    refused = [_absent(f"{name} on {cases}", one, two, base, head, names) for cases, one, two in found]
    sides = [(cases, one, two) for cases, one, two in found if one is not None and two is not None]
    if not sides:
        raise CannotTell(
            f"{base.label} and {head.label} have no case set of {name} in common: {base.label} has "
            f"{_listed(base, models[0])}, {head.label} has {_listed(head, models[1])}"
        )
    parts = [_part(cases, one, two, base, head, chosen, strangers) for cases, one, two in sides]
    told = [
        *(each for each in refused if each is not None),
        *_merged(refusal for part in parts for refusal in part.refused),
    ]
    only_base = [len(one.cases) for _, one, two in found if one is not None and two is None]
    if not sum(len(part.labels) for part in parts):
        raise CannotTell(f"{base.label} and {head.label} have no case of {name} in common in {', '.join(case_sets)}")
    corpus: dict[str, dict[str, tuple[Scored, Scored]]] = {}
    for part, (cases, one, two) in zip(parts, sides, strict=True):
        for metric in part.corpus:
            corpus.setdefault(metric, {})[cases] = (one, two)
    stack = {
        key: np.concatenate([getattr(part, key) for part in parts]) for key in ("base", "head", "has_base", "has_head")
    }
    return Pair(
        models, pd.concat([part.labels for part in parts], ignore_index=True), tuple(m.name for m in chosen),
        stack["base"], stack["head"], stack["has_base"], stack["has_head"], corpus,
        sum(part.asked for part in parts) + sum(only_base),
        tuple(each for part in parts for each in part.failed), tuple(each for part in parts for each in part.recovered),
        tuple(each for each in told if not each.scores), tuple(each for each in told if each.scores),
    )  # fmt: skip


def _absent(
    what: str, one: Scored | None, two: Scored | None, base: Results, head: Results, metrics: Sequence[str]
) -> Refusal | None:
    """That only one side has scores, where that is so."""
    if one is not None and two is None:
        return Refusal(what, f"only {base.label} has scores there", "base", scores=one.count(metrics))
    return Refusal(what, f"only {head.label} has scores there", "head") if one is None and two is not None else None


def _listed(side: Results, model: str) -> str:
    return ", ".join(cases for cases, name in side.tables if name == model) or "none"


@dataclass(frozen=True)
class _Part:
    """One case set of a `Pair`."""

    labels: pd.DataFrame
    base: NDArray[np.float64]
    head: NDArray[np.float64]
    has_base: NDArray[np.bool_]
    has_head: NDArray[np.bool_]
    corpus: tuple[str, ...]
    asked: int
    failed: tuple[Failure, ...]
    recovered: tuple[Failure, ...]
    refused: tuple[Refusal, ...]


def _part(
    cases: str, one: Scored, two: Scored, base: Results, head: Results, chosen: Sequence[Metric], strangers: bool
) -> _Part:
    known = all_metrics()
    unknown_here = [name for name in dict.fromkeys((*one.metrics, *two.metrics)) if strangers and name not in known]
    refused = {
        name: _refusal(cases, name, one, two, base.label, head.label)
        for name in (*(metric.name for metric in chosen), *unknown_here)
    }
    able = [
        metric.name
        for metric in chosen
        if refused[metric.name] is None and _has(one, metric.name) and _has(two, metric.name)
    ]
    in_both = set(two.cases)
    common = [case for case in one.cases if case in in_both]
    names = [metric.name for metric in chosen]
    (base_values, has_base), (head_values, has_head) = (_aligned(side, common, names, able) for side in (one, two))
    lost = _only(cases, common, names, has_base & ~has_head, two) + _unasked(cases, one, two, able)
    gained = _only(cases, common, names, has_head & ~has_base, one) + _unasked(cases, two, one, able)
    labels = base.labels(cases)
    labels = head.labels(cases) if labels is None else labels
    if labels is None:
        raise CannotTell(f"neither {base.label} nor {head.label} has the cases of {cases}, which name the speakers")
    if unknown := [case for case in common if case not in labels.index]:
        raise CannotTell(f"the table of cases of {cases} lacks {unknown[0]!r}, which has scores")
    labels = labels.loc[common].reset_index().assign(case_set=cases)
    dataset = cases.split("/")[0]
    labels["cluster"] = [f"{dataset}:{speaker}" for speaker in labels["speaker"]]
    asked = len(set(one.cases) | set(two.cases))
    reasons = tuple(each for each in refused.values() if each is not None)
    of_corpus = tuple(name for name in able if name in one.corpus and name in two.corpus)
    return _Part(
        labels, base_values, head_values, has_base, has_head, of_corpus, asked, tuple(lost), tuple(gained), reasons
    )


def _has(side: Scored, metric: str) -> bool:
    return metric in side.metrics and not side.lacks_weights(metric)


def _refusal(cases: str, metric: str, one: Scored, two: Scored, base: str, head: str) -> Refusal | None:
    """Why the metric is not compared; None where it is, and where neither side has it."""
    what, here = f"{metric} on {cases}", [_has(side, metric) for side in (one, two)]
    if here == [False, False]:
        return None
    if here != [True, True]:
        side, label = (two, head) if here[0] else (one, base)
        why = f"no scores in {label}: {'its weights are missing' if metric in side.metrics else 'it was not computed'} there"
        if here[0]:
            return Refusal(what, why, "base", (metric,), one.count([metric]))
        return Refusal(what, why, "head", (metric,))
    why = ""
    if one.protocols[metric] != two.protocols[metric]:
        why = (
            f"other protocols: {one.protocols[metric]} in {base}, {two.protocols[metric]} in {head}; score both with the same "
            f"version of the suite (`space-bench score`, or `dvc repro score` at that revision)"
        )
    elif metric not in all_metrics():
        why = "this version of the suite has no metric of that name"
    return Refusal(what, why, "both", (metric,)) if why else None


def _aligned(
    side: Scored, cases: Sequence[str], names: Sequence[str], able: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = np.full((len(cases), len(names)), np.nan)
    has = np.zeros((len(cases), len(names)), bool)
    place = {case: row for row, case in enumerate(side.cases)}
    rows = np.array([place[case] for case in cases], int)
    columns = {metric: column for column, metric in enumerate(side.metrics)}
    usable = set(able)
    for column, name in enumerate(names):
        if name in usable and len(rows):
            values[:, column] = side.values[rows, columns[name]]
            has[:, column] = side.scored[rows, columns[name]]
    return np.where(has, values, np.nan), has


def _only(
    cases: str, common: Sequence[str], names: Sequence[str], only: NDArray[np.bool_], other: Scored
) -> list[Failure]:
    """Failures of the other side, one a case and reason."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for row, column in zip(*np.nonzero(only), strict=True):
        status, detail = other.reason(common[row], names[column])
        # Asked of one side only by its labels (a model that ignores emotions, say): nothing failed.
        if status not in (Status.NOT_APPLICABLE, Status.OK):
            grouped.setdefault((common[row], status, detail), []).append(names[column])
        elif status == Status.OK:
            grouped.setdefault((common[row], Status.UNDEFINED.value, "not a finite number"), []).append(names[column])
    return [Failure(cases, case, tuple(of), status, detail) for (case, status, detail), of in grouped.items()]


def _unasked(cases: str, one: Scored, two: Scored, able: Sequence[str]) -> list[Failure]:
    """Cases with scores on the one side that the other was never asked."""
    other, chosen = set(two.cases), [name for name in one.metrics if name in set(able)]
    columns = [one.metrics.index(name) for name in chosen]
    return [
        Failure(
            cases, case, tuple(name for name, has in zip(chosen, one.scored[row, columns], strict=True) if has), "", ""
        )
        for row, case in enumerate(one.cases)
        if case not in other and one.scored[row, columns].any()
    ]


def _merged(refusals: Iterable[Refusal]) -> list[Refusal]:
    """The same reason once."""
    found: dict[tuple[str, bool], list[Refusal]] = {}
    for refusal in refusals:
        found.setdefault((refusal.why, refusal.scores > 0), []).append(refusal)
    return [
        Refusal(
            ", ".join(each.what for each in alike), why, alike[0].side, tuple(name for each in alike for name in each.metrics),
            sum(each.scores for each in alike),
        )
        for (why, _), alike in found.items()
    ]  # fmt: skip
