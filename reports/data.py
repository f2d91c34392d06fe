"""What a report is made from: plain tables and a few facts. Whoever holds the results fills this in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

CONTEXT = ("dataset", "split", "protocol")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "metrics": (
        *("metric", "title", "group", "unit", "better", "summary", "source"),
        *("protocol_id", "protocol", "corpus", "weights"),
    ),
    "models": ("model", "version", "title", "kind", "note"),
    "summary": (
        *(*CONTEXT, "model", "metric", "value", "low", "high"),
        *("n", "asked", "clusters", "status", "note"),
    ),
    "scores": (*CONTEXT, "case", "model", "version", "metric", "protocol_id", "value", "status", "detail"),
    "cases": (*CONTEXT, "case", "clip", "speaker", "emotion", "level", "intensity", "seconds", "angle"),
    "curves": (*CONTEXT, "case", "model", "time", "aperture", "pitch", "yaw", "roll"),
    "emotions": (*CONTEXT, "case", "model", "classifier", "asked", "predicted", "probability"),
    "sizes": (*CONTEXT, "model", "metric", "clips", "value", "deviation", "endless"),
    "envelopes": ("case", "time", "loudness"),
    "differences": (
        *(*CONTEXT, "metric", "model", "versus", "difference", "low", "high"),
        *("effect", "p", "q", "verdict", "n", "note"),
    ),
    "groups": (*CONTEXT, "case", "kind", "title", "label", "place"),
    "strata": (*CONTEXT, "kind", "label", "model", "metric", "value", "low", "high", "n"),
    "correlation": (*CONTEXT, "metric", "other", "r", "n", "within"),
    "media": (*CONTEXT, "case", "model", "file"),
    "rejected": ("dataset", "source", "reason", "detail"),
}

KINDS = ("model", "baseline", "folder", "sanity")


class Context(NamedTuple):
    """Where numbers may be compared: one dataset, one split, one protocol of cases."""

    dataset: str
    split: str
    protocol: str

    @property
    def label(self) -> str:
        """For people: ``mead test · self``."""
        return f"{self.dataset} {self.split} · {self.protocol}"


VideoKey = tuple[str, str, str, str, str]
"""(dataset, split, protocol, case, model)."""
ModelKey = tuple[str, str, str, str]
"""(dataset, split, protocol, model)."""


class StudyLink(NamedTuple):
    """An analysed user study: its name, what it found in a sentence, and its page as seen from the report's folder."""

    name: str
    sentence: str
    page: str


def empty(name: str) -> pd.DataFrame:
    """A table of `COLUMNS` without rows, for the parts that a report does not have."""
    return pd.DataFrame({column: pd.Series(dtype=object) for column in COLUMNS[name]})


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows. Tables have the columns of `COLUMNS`; additional columns are ignored.

    Attributes:
        title: headline of the page. created: ISO date. environment: what it ran on (python, torch, cpu, revision).
        metrics: one row a metric, in the order of the columns. ``better`` is lower, higher or none; ``protocol`` is
            JSON text; ``weights`` names the assets that the metric needs, separated by commas.
        models: one row a model, in the order of the rows. ``kind`` is one of `KINDS`; sanity models are never ranked.
        summary: one row a context, model and metric. ``value`` is NaN where ``status`` is not ``ok``; ``low`` and
            ``high`` are the ends of its interval; ``n`` cases were scored of the ``asked``.
        scores: one row a context, case, model and metric.
        cases: one row a case; ``angle`` is the largest turn of the true clip's head about any axis, in degrees. curves: one row a frame of a chosen case, ``time`` in seconds, angles in degrees,
            ``aperture`` in inter-ocular distances. emotions: asked and recognised emotion, one row a case, model and
            classifier.
        sizes: values of biased corpus metrics for subsets of ``clips`` clips, and extrapolated to endlessly many.
        envelopes: loudness of a case's sound over time, drawn under the aperture.
        differences: one row a metric and two models, ``model`` minus ``versus`` on the cases that both have, with the ends
            of its interval, Cohen's d_z, p-value, the same adjusted, and the verdict on ``model``.
        groups: one row a case and kind of group (emotion, say) with its label; labels in the order of ``place``.
        strata: mean, interval and number of cases of a metric of one model within a group.
        correlation: rank correlation of two metrics over ``n`` values; ``within`` says what was taken out before.
        media: ``file``, where a case's video lies as seen from the page's folder, with forward slashes; nothing absolute.
        all_curves: curves of all cases by context and model, columns as `curves` without context and model.
        videos: files of the chosen cases. rejected: clips that never became cases, and why.
        reference: name of the model that is the ground truth; drawn as the line that others are compared with.
        studies: user studies of these models that were analysed.

    Raises:
        ValueError: a table lacks a column, repeats a key or speaks of a model or metric that is not listed.
    """

    title: str
    created: str
    environment: Mapping[str, str]
    metrics: pd.DataFrame
    models: pd.DataFrame
    summary: pd.DataFrame
    scores: pd.DataFrame = field(default_factory=partial(empty, "scores"))
    cases: pd.DataFrame = field(default_factory=partial(empty, "cases"))
    curves: pd.DataFrame = field(default_factory=partial(empty, "curves"))
    emotions: pd.DataFrame = field(default_factory=partial(empty, "emotions"))
    sizes: pd.DataFrame = field(default_factory=partial(empty, "sizes"))
    envelopes: pd.DataFrame = field(default_factory=partial(empty, "envelopes"))
    differences: pd.DataFrame = field(default_factory=partial(empty, "differences"))
    groups: pd.DataFrame = field(default_factory=partial(empty, "groups"))
    strata: pd.DataFrame = field(default_factory=partial(empty, "strata"))
    correlation: pd.DataFrame = field(default_factory=partial(empty, "correlation"))
    media: pd.DataFrame = field(default_factory=partial(empty, "media"))
    rejected: pd.DataFrame = field(default_factory=partial(empty, "rejected"))
    videos: Mapping[VideoKey, Path] = field(default_factory=dict)
    all_curves: Mapping[ModelKey, pd.DataFrame] = field(default_factory=dict)
    reference: str = "ground_truth"
    studies: Sequence[StudyLink] = ()

    def __post_init__(self) -> None:
        for name, columns in COLUMNS.items():
            missing = [column for column in columns if column not in getattr(self, name).columns]
            if missing:
                raise ValueError(f"table {name!r} lacks {missing}; a report expects {list(columns)}")
        for name, key in (("metrics", ["metric"]), ("models", ["model"]), ("summary", [*CONTEXT, "model", "metric"])):
            table = getattr(self, name)
            twice = table[table.duplicated(key)]
            if len(twice):
                raise ValueError(f"table {name!r} has more than one row for {dict(twice[key].iloc[0])}")
        for name in ("summary", "scores", "curves", "emotions", "sizes", "differences", "strata", "media"):
            for column, known in (("model", self.models["model"]), ("metric", self.metrics["metric"])):
                table = getattr(self, name)
                unknown = set(table[column].unique()) - set(known) if column in COLUMNS[name] else ()
                if unknown:
                    raise ValueError(f"table {name!r} has the {column} {min(unknown)!r}, which table '{column}s' lacks")
        wrong = set(self.models["kind"]) - set(KINDS)
        if wrong:
            raise ValueError(f"unknown kind of model {min(wrong)!r}; expected one of {list(KINDS)}")

    def contexts(self) -> list[Context]:
        """Every (dataset, split, protocol) that has cases or numbers, in order of appearance."""
        found: dict[Context, None] = {}
        for table in (self.cases, self.summary):
            for row in records(table[list(CONTEXT)].drop_duplicates()):
                found[Context(*row)] = None
        return list(found)


def classifiers(emotions: pd.DataFrame) -> list[str]:
    """Names of the classifiers in a table of emotions, in order of appearance."""
    return list(emotions["classifier"].drop_duplicates())


def within(table: pd.DataFrame, context: Context) -> pd.DataFrame:
    """The rows of one context."""
    mask = pd.Series(True, index=table.index)
    for column, value in zip(CONTEXT, context, strict=True):
        mask &= table[column] == value
    return table[mask]


def records(table: pd.DataFrame) -> Iterator[Any]:
    """The rows as named tuples, a field a column."""
    return table.itertuples(index=False)


def grouped(table: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Groups in order of appearance; the key is always a tuple."""
    for key, rows in table.groupby(list(by), sort=False, dropna=False):
        yield key if isinstance(key, tuple) else (key,), rows
