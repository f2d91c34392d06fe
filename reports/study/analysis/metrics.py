"""Which metrics agree with people? Differences of a metric between two videos against what people preferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from reports.study.analysis import estimates
from reports.study.analysis.clusters import Clusters, FloatArray, IntArray, Part, Resampling, codes
from reports.study.analysis.estimates import NAN, Estimate
from reports.study.analysis.ranks import Tau, correlations, spearman_rows
from reports.study.analysis.scores import Scores

REPLICATES = 400
"""Of rank correlations; the relative error of a standard deviation is then 4 %."""
FEWEST = 5
"""Pairs below which no correlation is given."""


@dataclass(frozen=True)
class Metric:
    """A metric and which way is better. corpus: it has one value a model, none a clip."""

    metric: str
    title: str
    unit: str
    better: str
    corpus: bool = False


@dataclass(frozen=True)
class MetricValues:
    """What metrics say of the study's videos. Whoever has the scores fills this in.

    Attributes:
        metrics: those with a direction. values: ``metric, pair, first, second``: of the two videos of a test pair, NaN where
            there is none. models: ``metric, model, value`` of corpus metrics. remarks: what was left out, and why.
    """

    metrics: Sequence[Metric]
    values: pd.DataFrame
    models: pd.DataFrame
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Agreeing:
    """How well one metric agrees with the answers to one question. Positive: the better value is preferred.

    Attributes:
        pairs, asked: test pairs with both values and an answer, of those with an answer.
        accuracy: share of answers without tie that chose the video with the better value (equal values: a half).
        spearman, kendall: over pairs, with the share of people who prefer the first video.
        within: Kendall's among pairs of the same two models only: does the metric know on which clips one of them is better,
            or only that it is?
    """

    question: str
    metric: Metric
    pairs: int
    asked: int
    accuracy: Estimate
    spearman: Estimate
    kendall: Estimate
    within: Estimate


@dataclass(frozen=True)
class ModelLevel:
    """A metric's values by model beside their scores: few points, so no interval. spearman: NaN for fewer than three."""

    question: str
    metric: Metric
    values: Mapping[str, float]
    spearman: float


def metric_agreement(
    question: str, answers: pd.DataFrame, values: MetricValues, resampling: Resampling
) -> list[Agreeing]:
    """Every metric that has values for clips; the one that agrees best first, p-values adjusted over all metrics.

    Args:
        answers: to the question, as `counted` gives them.
    """
    answers = answers.sort_values(["pair", "rater"], kind="stable")
    people = _People.of(answers)
    table = values.values[values.values["pair"].isin(people.names)]
    better = {metric.metric: metric for metric in values.metrics if not metric.corpus}
    found, columns = [], {}
    for name, rows in table[table["metric"].isin(better)].groupby("metric", sort=False):
        sign = -1.0 if better[str(name)].better == "lower" else 1.0
        difference = (rows["first"] - rows["second"]).set_axis(rows["pair"]) * sign
        columns[str(name)] = difference.reindex(people.names).to_numpy(dtype=np.float64)
    masks: dict[bytes, list[str]] = {}
    for name, column in columns.items():
        masks.setdefault(np.isfinite(column).tobytes(), []).append(name)
    for names in masks.values():
        part = people.subset(np.isfinite(columns[names[0]]))
        x = np.stack([columns[name][np.isfinite(columns[name])] for name in names])
        each = _agreeing(part, x, resampling)
        found += [
            Agreeing(question, better[name], len(part.names), len(people.names), *row)
            for name, row in zip(names, each, strict=True)
        ]
    found.sort(key=lambda row: (-_order(row.kendall.value), row.metric.metric))
    for kind in ("accuracy", "spearman", "kendall", "within"):
        new = estimates.adjusted([getattr(row, kind) for row in found])
        found = [replace(row, **{kind: one}) for row, one in zip(found, new, strict=True)]  # type: ignore[arg-type]
    return found


def _order(value: float) -> float:
    return value if np.isfinite(value) else -2.0


@dataclass(frozen=True)
class _People:
    """Answers sorted by pair: value of each (1 first, 0 second, 0.5 tie), its pair, whose it is.

    groups: of each pair, its two models. sign: -1 where they stand in the other order than in the rest of the group.
    """

    names: list[str]
    groups: IntArray
    sign: FloatArray
    value: FloatArray
    pair: IntArray
    raters: list[str]
    clips: list[str]

    @classmethod
    def of(cls, answers: pd.DataFrame) -> _People:
        pairs = answers["pair"].to_numpy(dtype=object).astype(str)
        value = answers["chosen"].map({"first": 1.0, "second": 0.0, "tie": 0.5}).to_numpy(dtype=np.float64)
        shown = answers.drop_duplicates("pair").sort_values("pair")
        models = np.array([shown["first"], shown["second"]], dtype=object).astype(str)
        sign = np.where(models[0] <= models[1], 1.0, -1.0)
        groups = codes(np.array(["\0".join(sorted(both)) for both in models.T], dtype=object).astype(str))
        return cls(
            np.unique(pairs).tolist(), groups, sign, value, codes(pairs), answers["rater"].tolist(), answers["clip"].tolist()
        )  # fmt: skip

    def subset(self, pairs: NDArray[np.bool_]) -> _People:
        keep = np.flatnonzero(pairs[self.pair])
        return _People(
            [name for name, kept in zip(self.names, pairs, strict=True) if kept], self.groups[pairs], self.sign[pairs],
            self.value[keep],
            codes(self.pair[keep]), [self.raters[i] for i in keep],
            [self.clips[i] for i in keep],
        )  # fmt: skip

    @property
    def starts(self) -> IntArray:
        return np.flatnonzero(np.diff(self.pair, prepend=-1))

    def leaning(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """People's preference for the first video, -0.5..0.5, and the weight of its answers: ``(b, m)`` each."""
        mass = np.add.reduceat(weights, self.starts, axis=1)
        # From -0.5 to 0.5 at once: shares of 1/3 and 2/3 less a half would not be opposite to the last bit, and not tied.
        total = np.add.reduceat(weights * (self.value - 0.5), self.starts, axis=1)
        return np.divide(total, mass, out=np.zeros(mass.shape), where=mass > 0), mass


def _agreeing(people: _People, x: FloatArray, resampling: Resampling) -> list[list[Estimate]]:
    """Accuracy, rho, tau and tau within of k metrics ``(k, m)`` that have values for the same pairs."""
    count = len(people.names)
    if not count:
        return [[Estimate(NAN)] * 4] * len(x)
    clusters = Clusters.of(people.raters, people.clips)
    plain, answers_of = people.leaning(np.ones((1, len(people.value))))
    agrees = np.where(x == 0, 0.5, (x > 0).astype(np.float64))[:, people.pair]
    agrees = np.where(people.value == 1, agrees, 1 - agrees)
    decided = people.value != 0.5
    tau, within = Tau(count), Tau(count, people.groups)
    signs, signs_within = tau.signs(x), within.signs(x * people.sign)

    def statistic(weights: FloatArray, part: Part) -> FloatArray:
        leaning, mass = people.leaning(weights)
        # A pair counts as often as its clip was drawn; when raters are drawn it counts once, if anyone answered.
        each = mass / answers_of if part == "clips" else (mass > 0).astype(np.float64)
        said = weights[:, decided]
        total = said.sum(axis=1, keepdims=True)
        accuracy = np.divide(
            said @ agrees[:, decided].T, total, out=np.full((len(weights), len(x)), np.nan), where=total > 0
        )
        if count < FEWEST:
            return accuracy
        rho = [spearman_rows(np.broadcast_to(row, leaning.shape), leaning, each) for row in x]
        inner = within.rows(signs_within, leaning * people.sign, each)
        return np.hstack([accuracy, np.stack(rho, axis=1), tau.rows(signs, leaning, each), inner])

    errors = clusters.bootstrap(statistic, replace(resampling, replicates=REPLICATES))
    inner = within.rows(signs_within, plain * people.sign, np.ones((1, count)))[0]
    result = []
    for number, row in enumerate(x):
        share = float(agrees[number, decided].mean()) if decided.any() else NAN
        found = [estimates.of_rate(share, errors[number])]
        if count >= FEWEST:
            three = (*correlations(row, plain[0]), float(inner[number]))
            found += [
                estimates.of_correlation(value, errors[place * len(x) + number]) for place, value in enumerate(three, 1)
            ]
        result.append(found + [Estimate(NAN)] * (4 - len(found)))
    return result


def model_level(scores: Scores, values: MetricValues) -> list[ModelLevel]:
    """Corpus metrics beside the models' scores."""
    found = []
    for metric in values.metrics:
        rows = values.models[values.models["metric"] == metric.metric]
        known = {model: value for model, value in zip(rows["model"], rows["value"], strict=True) if np.isfinite(value)}
        both = [model for model in scores.strengths if model in known]
        if not metric.corpus or not both:
            continue
        rho = NAN
        if len(both) > 2:
            sign = -1.0 if metric.better == "lower" else 1.0
            ours = [sign * known[model] for model in both]
            rho = float(stats.spearmanr(ours, [scores.strengths[model].value for model in both]).statistic)
        found.append(ModelLevel(scores.question, metric, {model: known[model] for model in both}, rho))
    return found
