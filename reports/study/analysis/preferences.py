"""Who is preferred: shares of answers for a pair of models, over all and within strata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reports.study.analysis import estimates
from reports.study.analysis.clusters import Clusters, FloatArray, Part, Resampling
from reports.study.analysis.estimates import Estimate
from reports.study.schema import Study

STRATA = ("emotion", "level", "speaker")


@dataclass(frozen=True)
class Preference:
    """How often `model` was preferred over `other`.

    Attributes:
        kind, stratum: the part of the clips, e.g. ``emotion`` and ``happy``; empty for all. wins, ties, losses: answers.
        rate: of `model`, a tie being half a win for each.
    """

    question: str
    model: str
    other: str
    kind: str
    stratum: str
    wins: int
    ties: int
    losses: int
    raters: int
    clips: int
    rate: Estimate

    @property
    def answers(self) -> int:
        return self.wins + self.ties + self.losses


def preferences(study: Study, answers: pd.DataFrame, resampling: Resampling) -> list[Preference]:
    """Rates of every question and pair of models that was answered, p-values adjusted over all of them.

    Args:
        answers: as `counted` gives them. The model that `study.models` names first is the subject of a pair.
    """
    found = list(_rates(study, answers, resampling, "", ""))
    rates = estimates.adjusted([each.rate for each in found])
    return [_with(each, rate) for each, rate in zip(found, rates, strict=True)]


def strata(study: Study, answers: pd.DataFrame, resampling: Resampling) -> list[Preference]:
    """The same within each emotion, level and speaker: described, never tested. Labels that all clips share are left out."""
    found = []
    for kind in STRATA:
        names = sorted(set(answers[kind]))
        for name in names if len(names) > 1 else []:
            part = answers[answers[kind] == name]
            for each in _rates(study, part, resampling, kind, name or "not known"):
                found.append(_with(each, Estimate(each.rate.value, each.rate.low, each.rate.high)))
    return found


def _with(preference: Preference, rate: Estimate) -> Preference:
    return replace(preference, rate=rate)


def _rates(
    study: Study, answers: pd.DataFrame, resampling: Resampling, kind: str, stratum: str
) -> Iterator[Preference]:
    for question in study.questions:
        asked = answers[answers["question"] == question.question]
        for model, other in model_pairs(study.models):
            here = asked[asked["first"].isin((model, other)) & asked["second"].isin((model, other))]
            if len(here):
                value = for_model(here, model)
                clusters = Clusters.of(here["rater"].tolist(), here["clip"].tolist())
                yield Preference(
                    question.question, model, other, kind, stratum, int((value == 1).sum()), int((value == 0.5).sum()),
                    int((value == 0).sum()), *clusters.counts()[:2], rate(value, clusters, resampling),
                )  # fmt: skip


def model_pairs(models: Sequence[str] | dict[str, str]) -> list[tuple[str, str]]:
    names = list(models)
    return [(one, two) for place, one in enumerate(names) for two in names[place + 1 :]]


def for_model(answers: pd.DataFrame, model: str) -> FloatArray:
    """1 where the model was preferred, 0 where the other one was, 0.5 for a tie; ``(n,)``."""
    first = (answers["first"] == model).to_numpy()
    chosen = answers["chosen"].map({"first": 1.0, "second": 0.0, "tie": 0.5}).to_numpy(dtype=np.float64)
    return np.where(first, chosen, 1 - chosen)


def rate(values: FloatArray, clusters: Clusters, resampling: Resampling) -> Estimate:
    """The mean of values in 0..1 ``(n,)`` with its interval and the p-value of 0.5."""

    def mean(weights: FloatArray, _: Part) -> FloatArray:
        return (weights @ values / weights.sum(axis=1))[:, None]

    (error,) = clusters.bootstrap(mean, resampling)
    return estimates.of_rate(float(values.mean()), error)
