"""Recorded versions: scores kept in a folder that git can hold, and how each metric went from record to record."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.compare.compare import Question, compare
from bench.compare.results import Results
from bench.compare.revisions import revision
from bench.compare.scored import CannotTell
from bench.compare.sources import recorded
from bench.errors import BenchError, unknown
from bench.scoring import chosen_metrics
from bench.store import write_json
from bench.workspace import Workspace, safe
from metrics import statistics
from metrics.base import Metric
from metrics.statistics import Interval, Shares
from reports.compare.history import History, Point, Trend

REPLICATES = 1000
KEPT = ("*/*/*/*.parquet", "*/*/*/replicates/*.parquet")
"""Of the scores: curves, predictions and summaries are left behind."""


def record(results: Path, history: Path, name: str = "") -> Path:
    """Copy scores and case tables of `results` to ``<history>/<time>-<revision>[-<name>]``, a folder of results itself.

    Raises:
        CannotTell: there are no scores. BenchError: the name is no folder name, or the disk refuses.
    """
    present = Results(str(results), Workspace(results))
    if not present.tables:
        raise CannotTell(f"{results} has no scores to record; `space-bench score` makes them")
    now = datetime.now(UTC)
    words = [now.strftime("%Y%m%dT%H%M%SZ"), revision(results), *([safe(name)] if name else [])]
    target = history / "-".join(words)
    if target.exists():
        raise BenchError(f"{target} exists already; wait a second, or give the record another --name")
    versions = {model: sorted(present.versions(model)) for model in present.models()}
    try:
        history.mkdir(parents=True, exist_ok=True)
        # Made beside its place and renamed: a record is whole or absent.
        with tempfile.TemporaryDirectory(dir=history, prefix=".record-") as scratch:
            made = Path(scratch) / "record"
            for part, patterns in (("scores", KEPT), ("cases", ("*/*/*.parquet",))):
                for pattern in patterns:
                    for path in (results / part).glob(pattern):
                        copy = made / part / path.relative_to(results / part)
                        copy.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(path, copy)
            facts = {"when": now.isoformat(timespec="seconds"), "revision": words[1], "name": name, "models": versions}
            write_json(made / "record.json", facts)
            made.rename(target)
    except OSError as error:
        raise BenchError(f"cannot record in {history}: {error.strerror or error}") from error
    return target


def trends(
    history: Path, metrics: Sequence[str], case_sets: Sequence[str], models: Sequence[str], seed: int = 0
) -> History:
    """Every model and metric over all records, with the verdict of each record against the one before it.

    Raises:
        CannotTell: no records. BenchError: a metric, case set or model is not known.
    """
    records = [Results(path.name, Workspace(path)) for path in recorded(history)]
    if not records:
        raise CannotTell(f"{history} has no records; `space-bench record` makes one of the present results")
    for kind, asked, known in (
        ("model", models, {name for each in records for name in each.models()}),
        ("case set", case_sets, {name for each in records for name in each.case_sets()}),
    ):
        for name in asked:
            if name not in known:
                raise unknown(kind, name, known)
    chosen = [metric for metric in chosen_metrics(metrics) if metric.better != "none"]
    verdicts = _verdicts(records, Question(metrics, case_sets, models, seed=seed, top=0))
    found: dict[tuple[str, str], list[Point]] = {}
    for results in records:
        when = _when(results.workspace.root)
        for model in results.models():
            if models and model not in models:
                continue
            for metric, interval, cases in _values(results, model, case_sets, chosen, seed):
                verdict, why = verdicts.get((results.label, model, metric.name), ("first", ""))
                point = Point(
                    results.label, when, ", ".join(sorted(results.versions(model))), interval.value,
                    interval.low, interval.high, cases, verdict, why,
                )  # fmt: skip
                found.setdefault((model, metric.name), []).append(point)
    titles = {metric.name: metric for metric in chosen}
    return History(tuple(
        Trend(model, name, titles[name].title, titles[name].unit, titles[name].better, tuple(points))
        for (model, name), points in sorted(found.items(), key=lambda item: (item[0][0], list(titles).index(item[0][1])))
    ))  # fmt: skip


def _when(folder: Path) -> str:
    path = folder / "record.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["when"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotTell(f"{path} is damaged: it does not say when. Remove the folder {folder}") from error


def _verdicts(records: Sequence[Results], question: Question) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Verdict of each record against the one before, by record, model and metric; why there is none where there is none."""
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    for before, after in pairwise(records):
        try:
            here = _shared(question, before, after)
            compared = compare(before, after, here)
        except CannotTell as error:
            for model in after.models():
                for name in _metrics_of(after, model):
                    found[after.label, model, name] = ("unclear", str(error))
            continue
        for row in compared.metrics:
            if row.scope == "all case sets":
                found[after.label, row.model, row.metric] = (row.verdict, row.note)
        for refusal in (*compared.refused, *(each for row in compared.coverage for each in row.gone)):
            for model in after.models():
                for name in refusal.metrics:
                    found.setdefault((after.label, model, name), ("unclear", refusal.why))
    return found


def _shared(question: Question, before: Results, after: Results) -> Question:
    """The question restricted to what at least one of two records has: older ones may lack a model or case set."""
    models = sorted({*before.models(), *after.models()})
    case_sets = {*before.case_sets(), *after.case_sets()}
    both = [name for name in models if name in before.models() and name in after.models()]
    return Question(
        question.metrics, [name for name in question.case_sets if name in case_sets],
        [name for name in (question.models or both) if name in models], seed=question.seed, top=0,
    )  # fmt: skip


def _metrics_of(results: Results, model: str) -> set[str]:
    """Metrics that the model has scores of."""
    return {
        name
        for cases in results.case_sets()
        if (side := results.scored(cases, model)) is not None
        for name in side.metrics
    }


def _values(
    results: Results, model: str, case_sets: Sequence[str], chosen: Sequence[Metric], seed: int
) -> list[tuple[Metric, Interval, int]]:
    """Mean over all cases of every metric with its interval, and how many cases."""
    values: dict[str, list[float]] = {}
    clusters: dict[str, list[str]] = {}
    for cases in case_sets or results.case_sets():
        side, labels = results.scored(cases, model), results.labels(cases)
        if side is None or labels is None:
            continue
        speakers = [f"{cases.split('/')[0]}:{labels['speaker'].get(case)}" for case in side.cases]
        for column, name in enumerate(side.metrics):
            known = side.scored[:, column] & np.isfinite(side.values[:, column])
            values.setdefault(name, []).extend(side.values[known, column].tolist())
            clusters.setdefault(name, []).extend(speaker for speaker, has in zip(speakers, known, strict=True) if has)
    found = []
    for metric in chosen:
        of_cases = np.array(values.get(metric.name, []))
        if not len(of_cases):
            continue
        member, count = statistics.unit_of(clusters[metric.name])
        sizes = np.bincount(member, minlength=count).astype(np.float64)
        counts = statistics.bootstrap_counts(count, REPLICATES, seed)
        replicates = (counts @ np.bincount(member, weights=of_cases, minlength=count)) / (counts @ sizes)
        uncertain = statistics.uncertainty(float(of_cases.mean()), replicates, Shares.of_sizes(sizes))
        if math.isfinite(uncertain.value):
            found.append((metric, uncertain.interval(), len(of_cases)))
    return found
