"""Invented raters answer as they were told to."""

from __future__ import annotations

import numpy as np
import pytest

from reports.study.analysis.answers import counted, fit_answers
from reports.study.analysis.preferences import for_model
from reports.study.files import StudyError
from reports.study.simulate import People, expected_shares, outcome_shares, simulate
from tests.reports.study.answered import STRENGTHS, answered


def test_the_same_seed_gives_the_same_answers() -> None:
    study, made = answered(seed=5)
    assert simulate(study, People(STRENGTHS), 16, 5) == made != simulate(study, People(STRENGTHS), 16, 6)


def test_shares_are_those_that_were_asked_for() -> None:
    equal = outcome_shares(np.zeros(1), 0.0, 0.3)[0]
    assert equal == pytest.approx([0.35, 0.35, 0.3])
    left, right, _ = outcome_shares(np.array([0.5]), 0.2, 0.3)[0]
    assert np.log(left / right) == pytest.approx(0.7)


def test_answers_follow_the_expected_shares() -> None:
    people = People(STRENGTHS, ties=0.3, position=0.4, lapse=0.1)
    study, _ = answered(people)
    made = simulate(study, people, 400, 0)
    kept = counted(fit_answers(study, made.answers, made.raters).choices)
    here = kept[kept["first"].isin(("one", "two")) & kept["second"].isin(("one", "two"))]
    a, b = expected_shares(people, "one", "two", True), expected_shares(people, "two", "one", True)
    assert (here["side"] == "tie").mean() == pytest.approx((a[2] + b[2]) / 2, abs=0.04)
    assert (here["side"] == "left").mean() == pytest.approx((a[0] + b[0]) / 2, abs=0.04)
    # Eight clips have their own opinion, which no number of raters averages away.
    assert for_model(here, "one").mean() == pytest.approx((a[0] + a[2] / 2 + b[1] + b[2] / 2) / 2, abs=0.12)


def test_raters_who_stop_are_active_and_have_fewer_answers() -> None:
    study, made = answered(People(STRENGTHS, unfinished=1.0))
    assert {rater.status for rater in made.raters} == {"active"}
    assert len(made.answers) < len(study.blocks) * len(study.blocks[0].trials)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [({"ties": 1.0}, "ties"), ({"lapse": -0.1}, "lapse"), ({"rater_sd": float("nan")}, "rater_sd"), ({"position": float("inf")}, "finite")],
)  # fmt: skip
def test_what_no_people_can_be_is_refused(wrong: dict[str, float], word: str) -> None:
    with pytest.raises(StudyError, match=word):
        People(STRENGTHS, **wrong)  # type: ignore[arg-type]


def test_a_strength_of_an_unknown_model_is_refused() -> None:
    study, _ = answered()
    with pytest.raises(StudyError, match="no model 'spice'"):
        simulate(study, People({"spice": 1.0}), 4, 0)
