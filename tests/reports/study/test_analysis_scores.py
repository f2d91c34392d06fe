"""Strengths from comparisons: against closed forms, direct maximization, and what must not matter."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize

from reports.study.analysis.scores import Kind, fit_scores
from tests.reports.study.answered import MODELS, drawn, flipped, table


def directly(answers: pd.DataFrame, kind: Kind) -> np.ndarray:
    """Strengths of two and three against one, position and log tie parameter, by maximizing the likelihood itself."""
    place = {model: number for number, model in enumerate(MODELS)}
    first_left = (answers["left"] == "first").to_numpy()
    left = np.where(first_left, answers["first"].map(place), answers["second"].map(place))
    right = np.where(first_left, answers["second"].map(place), answers["first"].map(place))
    outcome = answers["side"].map({"left": 0, "right": 1, "tie": 2}).to_numpy()

    def surprise(values: np.ndarray) -> float:
        strength = np.array([0.0, *values[:2]])
        a, b = strength[left] + values[2] / 2, strength[right] - values[2] / 2
        odds = np.stack([a, b, (strength[left] + strength[right]) / 2 + values[3]], axis=1)
        odds = odds[:, : 3 if kind == "Davidson" else 2]
        return -float((odds[np.arange(len(odds)), outcome] - np.logaddexp.reduce(odds, axis=1)).sum())

    return optimize.minimize(surprise, np.zeros(4), method="BFGS", options={"gtol": 1e-7}).x


@pytest.mark.parametrize("kind", ["Bradley-Terry", "Davidson"])
def test_the_fit_is_the_most_likely_one(kind: Kind) -> None:
    answers = drawn(ties=0.2)
    found = fit_scores("overall", kind, MODELS, answers)
    used = answers if kind == "Davidson" else answers[answers["chosen"] != "tie"]
    expected = directly(used, kind)
    differences = [found.strengths[name].value - found.strengths["one"].value for name in ("two", "three")]
    assert [*differences, found.position.value] == pytest.approx(expected[:3], abs=1e-4)
    assert found.answers == len(used)
    if found.ties is not None:
        assert found.ties.value == pytest.approx(expected[3], abs=1e-4)
    assert sum(each.value for each in found.strengths.values()) == pytest.approx(0, abs=1e-9)


def test_two_models_on_balanced_sides_differ_by_the_log_odds() -> None:
    rows = []
    for number in range(60):
        chosen = "first" if number % 30 < 20 else "second"
        rows.append((f"r{number % 10}", f"c{number % 6}", "one", "two", chosen, "first" if number < 30 else "second"))
    found = fit_scores("overall", "Bradley-Terry", ["one", "two"], table(rows))
    assert found.differences["one", "two"].value == pytest.approx(math.log(2), abs=1e-6)
    assert found.position.value == pytest.approx(0, abs=1e-6)


def test_errors_of_a_fit_are_those_of_statsmodels() -> None:
    """Every answer its own rater and clip: the robust (HC0) error of the logit, with a factor n / (n - 1)."""
    answers = drawn(ties=0.0)
    answers["rater"] = answers["clip"] = [f"{number}" for number in range(len(answers))]
    found = fit_scores("overall", "Bradley-Terry", MODELS, answers)
    place = np.eye(3)[:, 1:]
    codes = {model: number for number, model in enumerate(MODELS)}
    sign = np.where(answers["left"] == "first", 1.0, -1.0)
    design = place[answers["first"].map(codes)] - place[answers["second"].map(codes)]
    design = np.column_stack([design * sign[:, None], np.ones(len(answers))])
    fit = sm.GLM((answers["side"] == "left").astype(float), design, family=sm.families.Binomial()).fit(cov_type="HC0")
    error = fit.bse.iloc[2] * math.sqrt(len(answers) / (len(answers) - 1))
    assert found.position.value == pytest.approx(fit.params.iloc[2], abs=1e-7)
    assert (found.position.high - found.position.low) / 2 == pytest.approx(1.966 * error, rel=0.01)


def test_which_video_is_called_the_first_does_not_matter() -> None:
    answers = drawn()
    other = flipped(answers, np.random.default_rng(3).random(len(answers)) < 0.5)
    one, two = (fit_scores("overall", "Davidson", MODELS, each) for each in (answers, other))
    for name in MODELS:
        assert one.strengths[name].value == pytest.approx(two.strengths[name].value, abs=1e-7)
    assert one.position.value == pytest.approx(two.position.value, abs=1e-7)


def test_a_model_that_always_wins_is_named_and_has_no_interval() -> None:
    answers = drawn(ties=0.0)
    wins = answers["first"] == "one"
    answers.loc[wins, "chosen"] = "first"
    answers.loc[answers["second"] == "one", "chosen"] = "second"
    answers["side"] = np.where(answers["chosen"] == answers["left"], "left", "right")
    found = fit_scores("overall", "Bradley-Terry", MODELS, answers)
    assert found.note.startswith("one never lost") and not found.refused
    assert all(math.isfinite(each.value) and math.isnan(each.low) for each in found.strengths.values())
    assert found.strengths["one"].value > 3


def test_a_side_that_is_always_chosen_is_said() -> None:
    answers = drawn(ties=0.0)
    answers["side"], answers["chosen"] = "left", answers["left"]
    found = fit_scores("overall", "Bradley-Terry", MODELS, answers)
    assert found.note.startswith("one side was chosen always") and math.isfinite(found.position.value)


@pytest.mark.parametrize("kind", ["Bradley-Terry", "Davidson"])
def test_models_that_never_met_are_refused_by_name(kind: Kind) -> None:
    rows = [
        (f"r{n % 5}", f"c{n % 4}", *names, ("first", "second", "tie")[n % 3], "first")
        for n in range(30)
        for names in (("a", "b"), ("c", "d"))
    ]
    found = fit_scores("overall", kind, ["a", "b", "c", "d"], table(rows))
    assert "a, b | c, d" in found.refused and not found.strengths


def test_ties_alone_have_no_strengths() -> None:
    answers = drawn(ties=1.0)
    for kind in ("Bradley-Terry", "Davidson"):
        assert fit_scores("overall", kind, MODELS, answers).refused == "every answer is a tie"
    assert "no answer is a tie" in fit_scores("overall", "Davidson", MODELS, drawn(ties=0.0)).refused
