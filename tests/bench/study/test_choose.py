"""Which cases are chosen: even over strata whatever there is to choose from, and where metrics contradict each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.compare.results import Results
from bench.errors import BenchError
from bench.study.candidates import Candidate, find_candidates
from bench.study.choose import random_cases, stratified_cases
from bench.study.disagreement import disagreeing_cases, disagreement
from bench.study.plan import make_plan
from bench.study.reserve import reserve
from bench.study.size import size_of
from bench.workspace import Workspace

PAIR = ("space-secret", "viseme-secret")


def case(number: int, speaker: str = "s", emotion: str = "", level: str = "") -> Candidate:
    return Candidate("d/test/self", f"c{number}", speaker, emotion, level, Path("c"), 25, 64, 64, 50, True, {}, {})


grids = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["happy", "sad", ""]), st.sampled_from("123")),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(grids, st.integers(1, 60), st.integers(0, 5))
def test_equal_shares_differ_by_one_or_by_what_there_is(
    labels: list[tuple[str, str, str]], take: int, seed: int
) -> None:
    cases = [case(number, *label) for number, label in enumerate(labels)]
    chosen = stratified_cases(cases, take, "equal", np.random.default_rng(seed))
    assert len(chosen) == len({each.case for each in chosen}) == min(take, len(cases))
    there, taken = Counter(labels), Counter((each.speaker, each.emotion, each.level) for each in chosen)
    most = max(taken.values())
    assert all(taken[stratum] >= min(count, most - 1) for stratum, count in there.items())


def test_with_fewer_cases_than_strata_speakers_emotions_and_levels_are_even() -> None:
    cases = [
        case(spot, *label)
        for spot, label in enumerate(
            (s, e, level) for s in "abcd" for e in ("happy", "sad", "angry", "fear") for level in "12"
        )
    ]
    chosen = stratified_cases(cases, 8, "equal", np.random.default_rng(0))
    for name, each in (("speaker", 2), ("emotion", 2), ("level", 4)):
        assert set(Counter(getattr(one, name) for one in chosen).values()) == {each}


def test_proportional_shares_follow_the_cases() -> None:
    cases = [case(spot, "often" if spot < 30 else "rarely") for spot in range(40)]
    chosen = stratified_cases(cases, 20, "proportional", np.random.default_rng(0))
    assert Counter(each.speaker for each in chosen) == {"often": 15, "rarely": 5}


def test_a_random_draw_depends_on_the_seed() -> None:
    cases = [case(spot) for spot in range(40)]
    draws = [[each.case for each in random_cases(cases, 10, np.random.default_rng(seed))] for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2] and len(set(draws[0])) == 10


def test_disagreement_is_the_spread_of_ranks() -> None:
    gains = np.array([[1.0, 2.0, 3.0], [30.0, 20.0, 10.0]])
    assert disagreement(gains) == pytest.approx([0.5, 0, 0.5])
    assert disagreement(np.array([[1.0, 2.0, 3.0], [5.0, 50.0, 500.0]])) == pytest.approx([0, 0, 0])


def test_the_cases_on_which_metrics_disagree_most_are_taken(make_results: Callable[..., Workspace]) -> None:
    """From c0 to c5 the first model gets worse by m_ld and better by psnr: they agree in the middle."""
    space = make_results(scores=True)
    cases = find_candidates(space, PAIR, [], False, False, 1).found
    results = Results("out", space)
    chosen, metrics = disagreeing_cases(results, PAIR, cases, 2, ["m_ld", "psnr"])
    assert {each.case for each in chosen} == {"c0", "c5"} and metrics == ["m_ld", "psnr"]
    assert disagreeing_cases(results, PAIR, cases, 2, [])[1] == ["m_ld", "psnr"]
    for names, reason in (
        (["m_ldd"], "unknown metric 'm_ldd'. Did you mean 'm_ld'"), (["pose_diversity"], "has no direction"),
        (["fd_efficientnet"], "value a case"), (["m_ld"], "needs two metrics"), (["m_ld", "ssim"], "only 0 cases have values"),
    ):  # fmt: skip
        with pytest.raises(BenchError, match=reason):
            disagreeing_cases(results, PAIR, cases, 2, names)


def test_identical_clips_have_no_right_answer_without_ties() -> None:
    cases = [case(spot) for spot in range(6)]
    for ties, expected in ((True, "tie"), (False, "")):
        plan = make_plan({"name": "x", "models": ["a", "b"], "checks": ["identical", "instructed"], "ties": ties})
        (same, told), practice = reserve(plan, cases, {0, 1}, [("a", "b")], np.random.default_rng(0))
        assert {extra.expected for extra in same} == {expected} and {extra.expected for extra in told} == {
            "left",
            "right",
        }
        assert not {extra.case for extra in practice} & {0, 1}, "practice uses what the test leaves"


def test_as_many_cases_are_taken_as_the_raters_can_see() -> None:
    plan = {"name": "x", "models": ["a", "b", "c"], "raters": 10, "trials_a_rater": 12}
    assert size_of(make_plan(plan), 100, 3).take == 40
    assert size_of(make_plan(plan), 30, 3).take == 30
    powered = size_of(make_plan({**plan, "raters": None, "effect": 0.65}), 500, 3)
    assert powered.raters * 12 >= powered.take * 3 > (powered.raters - 1) * 12 - 3
    assert "power of 80%" in powered.sentence or "power of 81%" in powered.sentence
    asked = size_of(make_plan({**plan, "raters": None, "effect": 0.8, "take": 400}), 500, 3)
    assert asked.raters * 12 >= 1200, "power alone needs fewer raters than there are pairs to see"
