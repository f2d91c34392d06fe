"""Which differences from the reference model are more than chance: paired, then adjusted over the whole table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from bench.compare.corpus import corpus_differences
from bench.compare.differences import Paired, differences
from bench.compare.pairs import Pair, make_pair
from bench.compare.results import Results
from bench.compare.scored import CannotTell
from metrics import statistics
from metrics.base import Metric
from metrics.statistics.verdicts import ALPHA

Key = tuple[str, str, str]
"""Case set, model, metric."""


@dataclass(frozen=True)
class Tests:
    """Adjusted p-values by cell, and why there is none where a test was wanted."""

    adjusted: Mapping[Key, float]
    untested: Mapping[Key, str]


def tests(
    results: Results, reference: str, rows: Sequence[tuple[str, str]], metrics: Sequence[Metric], seed: int
) -> Tests:
    """Each of the rows against the reference.

    Metrics without a direction are not tested: nobody claims anything of them.

    Args:
        results: score tables and cases. reference: the model that others are tested against.
        rows: (case set, model) of what is compared; the reference itself is passed over. metrics: those with a column. seed: of the draws.

    Raises:
        CannotTell: a table is damaged.
    """
    wanted = [metric for metric in metrics if metric.better != "none"]
    corpus = {metric.name for metric in wanted if metric.corpus}
    base = replace(results, label=reference, model=reference)
    found: dict[Key, float] = {}
    untested: dict[Key, str] = {}
    for cases, model in rows:
        if model == reference or not wanted:
            continue
        head = replace(results, label=model, model=model)
        # A damaged file ends the run here; below, what cannot be compared is a footnote.
        for side, name in ((base, reference), (head, model)):
            side.scored(cases, name)
        results.labels(cases)
        try:
            pair = make_pair(base, head, (reference, model), [cases], wanted)
        except CannotTell as refused:
            untested |= {(cases, model, metric.name): str(refused) for metric in wanted}
            continue
        reasons = {name: refusal.why for refusal in pair.refused for name in refusal.metrics}
        for name, paired in _differences(pair, wanted, seed):
            if paired.difference.known:
                found[cases, model, name] = paired.difference.p_value()
            else:
                untested[cases, model, name] = reasons.get(name) or _why(paired, name in corpus)
    adjusted = statistics.adjusted(list(found.values())).tolist()
    return Tests(dict(zip(found, adjusted, strict=True)), untested)


def _differences(pair: Pair, metrics: Sequence[Metric], seed: int) -> Iterator[tuple[str, Paired]]:
    found = differences(pair.base, pair.head, pair.cases["cluster"].to_numpy(dtype=object), seed, tests=False)
    for metric, paired in zip(metrics, found, strict=True):
        of_corpus = [difference for _, difference in corpus_differences(pair, metric.name)]
        yield metric.name, (of_corpus or [paired])[0]


def _why(paired: Paired, corpus: bool) -> str:
    if paired.cases < 2 and not corpus:
        return f"{paired.cases or 'no'} case with a score on both sides"
    if corpus:
        return "no replicates of the same cases and seed; `space-bench score` records them"
    return "the means of the speakers agree by chance"


def with_tests(summary: pd.DataFrame, found: Tests, reference: str) -> pd.DataFrame:
    """The summary with columns ``p_adjusted`` and ``differs``, and with a note where a test could not be made."""
    keys = list(
        zip(
            summary["dataset"] + "/" + summary["split"] + "/" + summary["protocol"], summary["model"], summary["metric"],
            strict=True,
        )
    )  # fmt: skip
    p_adjusted = [found.adjusted.get(key, float("nan")) for key in keys]
    notes = [
        "; ".join(filter(None, (note, f"not tested against {reference}: {found.untested[key]}")))
        if key in found.untested and status == "ok"
        else note
        for key, note, status in zip(keys, summary["note"], summary["status"], strict=True)
    ]
    return summary.assign(p_adjusted=p_adjusted, differs=[p < ALPHA for p in p_adjusted], note=notes)
