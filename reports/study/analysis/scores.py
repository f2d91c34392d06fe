"""One strength a model from all comparisons: Bradley and Terry's model, and Davidson's where ties are offered.

With log-strengths ``s``, the position effect ``g`` and the tie parameter ``v``, the odds of left wins : tie : right wins are
``exp(s_left + g/2) : v exp((s_left + s_right)/2) : exp(s_right - g/2)`` (Davidson 1970, with the order effect of Davidson
and Beaver 1977). Given that an answer is no tie, this is the model of Bradley and Terry (1952), so both estimate the same
strengths: one from the decided answers (a binomial GLM), one from all (the log-linear Poisson form of Fienberg 1979).

Both are fitted by statsmodels to counts; errors are the sandwich over raters and clips (`clusters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from reports.study.analysis import estimates
from reports.study.analysis.clusters import Clusters, FloatArray, IntArray, codes
from reports.study.analysis.estimates import Estimate

Kind = Literal["Bradley-Terry", "Davidson"]
LARGEST = 10.0
"""Of a log-strength: odds of 22,000 to 1. Beyond it an estimate is on its way to infinity."""


@dataclass(frozen=True)
class Scores:
    """A fit to the answers to one question.

    Attributes:
        strengths: log-strength by model; their mean is 0. differences: of each pair of models, p-values adjusted.
        position: log-odds of left over right between equals. ties: log of Davidson's tie parameter; None without.
        answers: that it was fitted to. note: what a reader must know, e.g. that a model always won.
        refused: why there is no fit; all else is then empty.
    """

    question: str
    kind: Kind
    strengths: dict[str, Estimate]
    differences: dict[tuple[str, str], Estimate]
    position: Estimate
    ties: Estimate | None
    answers: int
    note: str = ""
    refused: str = ""

    @property
    def tie_share(self) -> Estimate | None:
        """Share of ties between equal models, 0..1: ``v / (2 + v)``."""
        if self.ties is None:
            return None
        value, low, high = (1 / (1 + 2 * np.exp(-part)) for part in (self.ties.value, self.ties.low, self.ties.high))
        return Estimate(float(value), float(low), float(high))


def fit_scores(question: str, kind: Kind, models: Sequence[str], answers: pd.DataFrame) -> Scores:
    """Fit the answers to one question.

    Args:
        models: those that the answers are about, in the order in which they are shown. answers: as `counted` gives them.
    """
    if kind == "Bradley-Terry":
        answers = answers[answers["chosen"] != "tie"]
    if why := _refusal(kind, models, answers):
        return Scores(question, kind, {}, {}, Estimate(float("nan")), None, len(answers), refused=why)
    cells = _Cells.of(models, answers)
    infinite = _unbeaten(models, cells)
    fit = _fit(cells, kind, half_wins=bool(infinite))
    if not infinite and np.abs(fit.values).max() > LARGEST:
        infinite = (
            "one side was chosen always" if abs(fit.position) > LARGEST else "answers do not contradict each other"
        )
        fit = _fit(cells, kind, half_wins=True)
    clusters = Clusters.of(answers["rater"].tolist(), answers["clip"].tolist())

    def estimate(contrast: FloatArray) -> Estimate:
        value = float(contrast @ fit.values)
        if infinite:
            return Estimate(value)
        return estimates.of_score(value, clusters.sandwich(fit.influence[cells.cell, cells.outcome] @ contrast))

    count, width = len(models), len(fit.values)
    unit = np.eye(width)
    centre = np.concatenate([np.full(count, 1 / count), np.zeros(width - count)])
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    differences = estimates.adjusted([estimate(unit[i] - unit[j]) for i, j in pairs])
    note = (
        f"{infinite}: no finite estimate, so half a win is added each way between models that were compared, and no "
        "interval is given"
        if infinite
        else ""
    )
    return Scores(
        question, kind, {model: estimate(unit[i] - centre) for i, model in enumerate(models)},
        {(models[i], models[j]): each for (i, j), each in zip(pairs, differences, strict=True)},
        estimate(unit[count]), estimate(unit[count + 1]) if kind == "Davidson" else None, len(answers), note,
    )  # fmt: skip


def _refusal(kind: Kind, models: Sequence[str], answers: pd.DataFrame) -> str:
    if answers.empty:
        return "every answer is a tie"
    if kind == "Davidson" and not (answers["chosen"] == "tie").any():
        return "no answer is a tie: the model without ties says all"
    if kind == "Davidson" and (answers["chosen"] == "tie").all():
        return "every answer is a tie"
    place = {model: number for number, model in enumerate(models)}
    one, two = (answers[side].map(place).to_numpy(np.int64) for side in ("first", "second"))
    groups = _components(len(models), np.asarray(one), np.asarray(two), "weak")
    if len(groups) > 1:
        names = " | ".join(", ".join(models[i] for i in group) for group in groups)
        return f"these groups of models were never compared with each other, so no common scale exists: {names}"
    return ""


@dataclass(frozen=True)
class _Cells:
    """Counts of the outcomes (left wins, right wins, tie) of each ordered pair of models: ``left, right`` (cells,).

    cell, outcome: of each answer, ``(n,)``. counts: ``(cells, 3)``. models: how many.
    """

    left: IntArray
    right: IntArray
    counts: FloatArray
    cell: IntArray
    outcome: IntArray
    models: int

    @classmethod
    def of(cls, models: Sequence[str], answers: pd.DataFrame) -> _Cells:
        place = {model: number for number, model in enumerate(models)}
        first_left = (answers["left"] == "first").to_numpy()
        first, second = (answers[side].map(place).to_numpy(dtype=np.int64) for side in ("first", "second"))
        left, right = np.where(first_left, first, second), np.where(first_left, second, first)
        both = left * len(models) + right
        keys, cell = np.unique(both), codes(both)
        outcome = np.asarray(answers["side"].map({"left": 0, "right": 1, "tie": 2}), np.int64)
        counts = np.zeros((len(keys), 3))
        np.add.at(counts, (cell, outcome), 1.0)
        return cls(keys // len(models), keys % len(models), counts, cell, outcome, len(models))


def _unbeaten(models: Sequence[str], cells: _Cells) -> str:
    """Ford's (1957) condition: strengths are finite only if every group of models lost once, or tied, to another one."""
    wins = [(cells.left, cells.right, cells.counts[:, 0]), (cells.right, cells.left, cells.counts[:, 1])]
    ties = [(cells.left, cells.right, cells.counts[:, 2]), (cells.right, cells.left, cells.counts[:, 2])]
    edges = [np.concatenate(part) for part in zip(*wins, *ties, strict=True)]
    winner, loser, _ = (part[edges[2] > 0].astype(np.int64) for part in edges)
    groups = _components(len(models), winner, loser, "strong")
    if len(groups) == 1:
        return ""
    member = {model: number for number, group in enumerate(groups) for model in group}
    beaten = {member[int(b)] for a, b in zip(winner, loser, strict=True) if member[int(a)] != member[int(b)]}
    best = [group for number, group in enumerate(groups) if number not in beaten]
    return f"{', '.join(models[i] for i in best[0])} never lost to {'the others' if len(groups) > 2 else ', '.join(models[i] for group in groups if group != best[0] for i in group)}"


def _components(count: int, one: IntArray, two: IntArray, kind: str) -> list[list[int]]:
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(count, count))
    number, label = connected_components(graph, directed=True, connection=kind)
    return [np.flatnonzero(label == each).tolist() for each in range(number)]


@dataclass(frozen=True)
class _Fit:
    """values: ``(k,)``, strengths (the first is 0), position, and for Davidson's model the log tie parameter.

    influence: ``(cells, 3, k)``, of one answer with that outcome.
    """

    values: FloatArray
    influence: FloatArray
    position: float


def _fit(cells: _Cells, kind: Kind, half_wins: bool) -> _Fit:
    counts = cells.counts.copy()
    if half_wins:
        # Half a win each way for a pair of models, over the one or two cells in which it stands.
        low, high = np.minimum(cells.left, cells.right), np.maximum(cells.left, cells.right)
        _, pair, shown = np.unique(low * cells.models + high, return_inverse=True, return_counts=True)
        counts[:, :2] += 0.5 / shown[pair][:, None]
    strength = np.eye(cells.models)[:, 1:]
    left, right = strength[cells.left], strength[cells.right]
    one = np.ones((len(left), 1))
    if kind == "Bradley-Terry":
        design = np.hstack([left - right, one])
        values, bread, mean = _glm(counts[:, :2], design, "binomial")
        score = np.array([1.0, 0.0, 0.0])[None, :, None] - mean[:, None, None]
        influence = score * design[:, None, :] @ bread
    else:
        zero = np.zeros_like(one)
        outcomes = np.stack(
            [
                np.hstack([left, one / 2, zero]),
                np.hstack([right, -one / 2, zero]),
                np.hstack([(left + right) / 2, zero, one]),
            ],
            axis=1,
        )
        level = np.repeat(np.eye(len(left))[:, None, :], 3, axis=1)
        design = np.concatenate([level, outcomes], axis=2)
        values, bread, mean = _glm(counts.reshape(-1), design.reshape(-1, design.shape[2]), "poisson")
        expected = mean.reshape(-1, 3) / counts.sum(axis=1, keepdims=True)
        gradient = outcomes - (expected[:, :, None] * outcomes).sum(axis=1, keepdims=True)
        wide = len(left)
        values, bread = values[wide:], bread[wide:, wide:]
        influence = gradient @ bread
    influence = np.concatenate([np.zeros((*influence.shape[:2], 1)), influence], axis=2)
    values = np.concatenate([[0.0], values])
    return _Fit(values, influence, float(values[cells.models]))


def _glm(outcome: FloatArray, design: FloatArray, family: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients ``(k,)``, inverse information ``(k, k)`` and fitted means ``(n,)``."""
    import warnings

    import statsmodels.api as sm

    chosen = sm.families.Binomial() if family == "binomial" else sm.families.Poisson()
    with warnings.catch_warnings():
        # Estimates on their way to infinity are looked for by the caller, who says which model it is.
        warnings.simplefilter("ignore")
        fit = sm.GLM(outcome, design, family=chosen).fit(maxiter=200, tol=1e-10)
    return np.asarray(fit.params), np.asarray(fit.normalized_cov_params), np.asarray(fit.fittedvalues)
