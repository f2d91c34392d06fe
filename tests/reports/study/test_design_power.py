"""The number of raters: against simulated studies, against what is known without clusters, and where it has no answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.benchmark_study_design import PLANS, simulated_power
from reports.study.files import StudyError
from reports.study.power import Plan, power_sentence, raters_needed


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_power_is_that_of_simulated_studies(plan: Plan) -> None:
    for preference in (0.6, 0.65, 0.7):
        assert simulated_power(plan, preference, 1500, 1) == pytest.approx(plan.power(preference), abs=0.04)


def test_without_likeness_of_answers_it_is_the_known_formula() -> None:
    """Normal approximation of a proportion against one half, variance under the alternative: (z + z)^2 p q / (p - 1/2)^2."""
    plan = Plan(1, 1, 10_000, rater_icc=0, clip_icc=0)
    known = (1.959964 + 0.841621) ** 2 * 0.65 * 0.35 / 0.15**2
    assert raters_needed(plan, 0.65) == pytest.approx(known, abs=3)
    assert plan.effective == pytest.approx(plan.answers)


def test_more_alike_answers_need_more_raters() -> None:
    plan = Plan(1, 8, 40)
    needed = raters_needed(plan, 0.65)
    assert replace(plan, raters=needed).power(0.65) >= 0.8 > replace(plan, raters=needed - 1).power(0.65)
    assert raters_needed(replace(plan, rater_icc=0.2), 0.65) > needed
    assert raters_needed(replace(plan, clip_icc=0.15), 0.65) > needed
    assert raters_needed(replace(plan, ties=0.3), 0.65) > needed
    assert raters_needed(replace(plan, comparisons=6), 0.65) > needed


def test_the_smallest_preference_has_the_power_asked_for() -> None:
    plan = Plan(30, 8, 24)
    assert plan.power(plan.smallest()) == pytest.approx(0.8, abs=1e-3)
    assert Plan(1, 8, 24).smallest() == 1.0


def test_too_few_clips_are_refused_with_how_many_would_do() -> None:
    with pytest.raises(StudyError, match=r"65% on 8 cases.*About (\d+) cases") as error:
        raters_needed(Plan(1, 8, 8), 0.65)
    enough = int(str(error.value).split("About ")[1].split()[0])
    assert 8 < raters_needed(Plan(1, 8, enough), 0.65) <= 10_000


@pytest.mark.parametrize("effect", [0.5, 1.0, 0.3, 65])
def test_an_effect_that_is_no_preference_is_refused(effect: float) -> None:
    with pytest.raises(StudyError, match=r"above 0\.5 and below 1"):
        raters_needed(Plan(1, 8, 24), effect)


def test_the_sentence_says_on_what_the_power_rests() -> None:
    said = power_sentence(Plan(30, 8, 24, comparisons=3, ties=0.1), 0.65)
    assert (
        "30 raters" in said
        and "65.0%" in said
        and "Bonferroni" in said
        and "216 answers" in said
        and "0.05 and 0.1" in said
    )
