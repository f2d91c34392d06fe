"""Blocks: connected, balanced, in an order that nobody can learn from, for any number of models, raters and trials."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.study.design import Design, design_blocks
from reports.study.design.balance import efficiency
from reports.study.design.comparisons import groups
from reports.study.files import StudyError


@st.composite
def arguments(draw: st.DrawFn) -> dict:
    """Of a design that is possible: every pair is seen, no rater sees one twice."""
    models = draw(st.integers(2, 7))
    pairs = {
        "all": list(combinations(range(models), 2)),
        "star": [(0, other) for other in range(1, models)],
        "path": list(pairwise(range(models))),
        "ring": [*pairwise(range(models)), *([(models - 1, 0)] if models > 2 else [])],
    }[draw(st.sampled_from(["all", "star", "path", "ring"]))]
    cases, shift = draw(st.integers(1, 6)), draw(st.integers(0, 2))
    trials = draw(st.integers(1, min(30, cases * len(pairs))))
    fewest = -(-cases * len(pairs) // trials)
    return {
        "models": [f"m{number}" for number in range(models)], "comparisons": pairs,
        "cases": [list(range(spot * shift, spot * shift + cases)) for spot in range(len(pairs))],
        "raters": fewest + draw(st.integers(0, 8)), "trials": trials, "repeats": draw(st.integers(0, (trials + 1) // 2)),
        "checks": [[0, cases - 1]] * draw(st.integers(0, min(3, trials))), "practice": draw(st.integers(0, 2)),
        "seed": draw(st.integers(0, 1000)),
    }  # fmt: skip


def trials_of(design: Design, number: int) -> list[tuple[int, int, bool]]:
    """``(comparison, case, left)`` of the test trials of a block."""
    return [(*design.pairs[slot.number], slot.left) for slot in design.blocks[number] if slot.kind == "test"]


@settings(max_examples=25, deadline=None)
@given(arguments())
def test_every_block_is_connected_and_all_is_shown_equally_often(given_: dict) -> None:
    design = design_blocks(**given_)
    models, comparisons, trials = len(given_["models"]), given_["comparisons"], given_["trials"]
    pairs: Counter = Counter()
    of_comparison = Counter(dict.fromkeys(range(len(comparisons)), 0))
    for number in range(given_["raters"]):
        block = trials_of(design, number)
        assert len(block) == trials == len({(comparison, case) for comparison, case, _ in block})
        parts, _ = groups([comparisons[comparison] for comparison, _, _ in block], models)
        assert parts == max(1, models - trials)
        pairs.update((comparison, case) for comparison, case, _ in block)
        of_comparison.update(comparison for comparison, _, _ in block)
    assert set(pairs) == set(design.pairs) and max(pairs.values()) - min(pairs.values()) <= 2
    assert max(of_comparison.values()) - min(of_comparison.values()) <= 1
    for comparison in range(len(comparisons)):
        shown = [times for (of, _), times in pairs.items() if of == comparison]
        assert max(shown) - min(shown) <= 1


@settings(max_examples=25, deadline=None)
@given(arguments())
def test_a_model_is_as_often_left_as_right_in_every_block(given_: dict) -> None:
    design = design_blocks(**given_)
    overall = np.zeros(len(given_["models"]), int)
    for number in range(given_["raters"]):
        balance = np.zeros(len(given_["models"]), int)
        trials = np.zeros_like(balance)
        for comparison, _, left in trials_of(design, number):
            one, other = given_["comparisons"][comparison]
            balance[one] += 1 if left else -1
            balance[other] -= 1 if left else -1
            trials[[one, other]] += 1
        assert (np.abs(balance) == trials % 2).all()
        overall += balance
    assert np.abs(overall).max() == design.balance.side_overall
    assert design.balance.side_overall <= max(6, 0.2 * given_["raters"])


@settings(max_examples=25, deadline=None)
@given(arguments())
def test_practice_comes_first_checks_never_and_repeats_half_a_block_later_with_sides_swapped(given_: dict) -> None:
    design = design_blocks(**given_)
    for block in design.blocks:
        kinds = [slot.kind for slot in block]
        practice = given_["practice"]
        assert kinds[:practice] == ["practice"] * practice and "practice" not in kinds[practice:]
        assert kinds[practice] == "test"
        assert kinds.count("check") == len(given_["checks"]) and kinds.count("repeat") == given_["repeats"]
        seen: dict[int, tuple[int, bool]] = {}
        tests = 0
        for slot in block:
            if slot.kind == "test":
                tests += 1
                seen[slot.number] = tests, slot.left
            elif slot.kind == "repeat":
                at, left = seen[slot.number]
                assert tests - at >= given_["trials"] // 2 and slot.left != left


def test_checks_are_spread_over_the_block() -> None:
    design = design_blocks(["a", "b", "c"], [(0, 1), (0, 2), (1, 2)], [list(range(20))] * 3, 30, 24, 2, [[1], [2]], 0)
    for block in design.blocks:
        first, second = (place for place, slot in enumerate(block) if slot.kind == "check")
        assert 0 < first < 15 and 13 < second < len(block) and second - first > 1


def test_neither_a_clip_nor_a_comparison_comes_twice_in_a_row() -> None:
    design = design_blocks(["a", "b", "c", "d"], list(combinations(range(4), 2)), [list(range(30))] * 6, 40, 24, 4)
    for block in design.blocks:
        shown = [design.pairs[slot.number] for slot in block]
        assert all(one[0] != other[0] and one[1] != other[1] for one, other in pairwise(shown))
        assert len({case for _, case in shown}) == 24
    assert design.balance.neighbours == 0


def test_the_seed_decides_and_nothing_else() -> None:
    given_ = (["a", "b", "c"], [(0, 1), (0, 2), (1, 2)], [list(range(9))] * 3, 12, 12, 2, [[1], [2]], 1)
    assert design_blocks(*given_, 4) == design_blocks(*given_, 4)
    assert design_blocks(*given_, 4).blocks != design_blocks(*given_, 5).blocks


def test_cases_may_be_others_for_each_comparison() -> None:
    cases = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 2, 4, 6]]
    design = design_blocks(["a", "b", "c"], [(0, 1), (0, 2), (1, 2)], cases, 10, 6)
    assert sorted(design.pairs) == [(comparison, case) for comparison, each in enumerate(cases) for case in each]
    assert design.balance.pair_shown == (5, 5)


def test_efficiency_is_that_of_known_designs() -> None:
    pairs = list(combinations(range(4), 2))
    assert efficiency(pairs, np.full(6, 10), 4) == pytest.approx(1)
    # A star: 3/N between centre and leaf, 6/N between leaves, 4.5/N on average, where all pairs give 3/N.
    assert efficiency([(0, 1), (0, 2), (0, 3)], np.full(3, 10), 4) == pytest.approx(2 / 3)
    assert efficiency([(0, 1), (2, 3)], np.full(2, 10), 4) == 0
    # One model always on the left: its strength cannot be told from a liking for the left.
    assert efficiency([(0, 1)], np.array([10]), 2, np.array([10, -10])) == 0
    assert efficiency([(0, 1)], np.array([10]), 2, np.array([0, 0])) == pytest.approx(1)


REFUSED = {
    "not connected: nothing compares a and b with c and d": {
        "models": ["a", "b", "c", "d"],
        "comparisons": [(0, 1), (2, 3)],
    },
    "1 raters with 4 trials each cannot see all 12 pairs of clips. Take 3 raters or more, or --take 2": {"raters": 1},
    "there are only 12 pairs of clips": {"trials": 13},
    "a and b 4, b and c 3 cases": {"cases": [[0, 1, 2, 3], [0, 1, 2]]},
    "at most half can come again": {"repeats": 3},
    "there must be a trial before each check": {"checks": [[0]] * 5},
    "no case": {"cases": [[], []]},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_balanced_is_refused_with_what_to_change(reason: str) -> None:
    given_ = {"models": ["a", "b", "c"], "comparisons": [(0, 1), (1, 2)], "raters": 6, "trials": 4} | REFUSED[reason]
    given_.setdefault("cases", [list(range(12 // len(given_["comparisons"])))] * len(given_["comparisons"]))
    with pytest.raises(StudyError, match=reason.replace(".", r"\.")):
        design_blocks(**given_)


def test_a_bridge_that_every_block_would_need_is_refused() -> None:
    """Models a, b, c and d all meet each other, e meets only a: 4 trials connect only with that comparison."""
    pairs = [*combinations(range(4), 2), (0, 4)]
    with pytest.raises(StudyError, match="--trials-a-rater 7 or more"):
        design_blocks(list("abcde"), pairs, [list(range(4))] * 7, 20, 4)
