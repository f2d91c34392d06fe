"""How many raters and cases a study has: what was asked for, what power needs, what raters can see."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.errors import BenchError
from bench.study.plan import StudyPlan
from reports.study import power

POWER = 0.8
EFFECT = 0.65
"""Preference to be told where neither raters nor an effect is asked for."""


@dataclass(frozen=True)
class Size:
    """raters: planned. take: cases of each model pair. sentence: why so many raters, for the paper."""

    raters: int
    take: int
    sentence: str


def size_of(plan: StudyPlan, cases: int, comparisons: int) -> Size:
    """Raters and cases.

    Without `plan.take` all cases are taken, or as many as the raters can see with every pair of clips shown once.

    Args:
        cases: that there are. comparisons: pairs of models.

    Raises:
        BenchError: there are not so many cases. StudyError: no number of raters has the power.
    """
    if plan.take is not None and plan.take > cases:
        raise BenchError(f"--take {plan.take}, but only {cases} cases can be shown")
    take = plan.take or cases
    while True:
        raters = plan.raters or _needed(plan, take, comparisons)
        seen = raters * plan.trials_a_rater // comparisons
        if plan.take is not None and plan.raters is None:
            raters = max(raters, math.ceil(take * comparisons / plan.trials_a_rater))
        if plan.take is not None or seen >= take or not seen:
            break
        take = seen
    analysed = max(1, math.floor(raters * (1 - plan.dropout) + 1e-9))
    model = _model(plan, analysed, take, comparisons)
    effect = model.smallest(POWER) if plan.raters else plan.effect or EFFECT
    planned = f"{raters} raters are planned, of whom {plan.dropout:.0%} may be left out. " if plan.dropout else ""
    if effect >= 1:
        return Size(
            raters, take, f"{planned}{analysed} raters on {take} clips tell no preference with a power of {POWER:.0%}"
        )
    return Size(raters, take, planned + power.power_sentence(model, effect))


def _needed(plan: StudyPlan, take: int, comparisons: int) -> int:
    analysed = power.raters_needed(_model(plan, 0, take, comparisons), plan.effect or EFFECT, POWER)
    return math.ceil(analysed / (1 - plan.dropout) - 1e-9)


def _model(plan: StudyPlan, raters: int, take: int, comparisons: int) -> power.Plan:
    return power.Plan(
        raters, plan.trials_a_rater / comparisons, take, plan.rater_icc, plan.clip_icc,
        ties=plan.expected_ties if plan.ties else 0.0, comparisons=comparisons,
    )  # fmt: skip
