from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metrics.statistics import (
    Uncertainty,
    Verdict,
    adjusted,
    cohens_dz,
    decide,
    detectable,
    equivalence_p,
    permutation_p,
    repeat_floor,
    sign_flips,
    wilcoxon_p,
)


def certain(value: float, error: float = 0.1) -> Uncertainty:
    return Uncertainty(value, error, 0.0, 20.0, 21)


def verdict(value: float, margin: float, error: float = 0.1) -> Verdict:
    found = certain(value, error)
    return decide(found, margin, found.p_value(), equivalence_p(found, margin))


@pytest.mark.parametrize(
    ("value", "margin", "expected"),
    [
        (1.0, 0.2, Verdict.WORSE),
        (-1.0, 0.2, Verdict.BETTER),
        (0.0, 0.5, Verdict.SAME),
        (0.25, 0.6, Verdict.SAME),
        (0.25, 0.3, Verdict.UNCLEAR),
        (0.05, 0.01, Verdict.UNCLEAR),
        (0.05, 0.0, Verdict.UNCLEAR),
    ],
)
def test_the_stated_table(value: float, margin: float, expected: Verdict) -> None:
    assert verdict(value, margin) is expected


def test_nothing_that_differs_is_the_same_even_without_a_margin() -> None:
    assert verdict(0.0, 0.0, error=0.0) is Verdict.SAME
    assert verdict(float("nan"), 0.1) is Verdict.UNCLEAR


@given(value=st.floats(-3, 3), margin=st.floats(0, 2))
def test_turning_the_sign_turns_the_verdict(value: float, margin: float) -> None:
    turned = {Verdict.WORSE: Verdict.BETTER, Verdict.BETTER: Verdict.WORSE}
    one, other = verdict(value, margin), verdict(-value, margin)
    assert other is turned.get(one, one)


def test_permutation_agrees_with_scipy_where_all_flips_are_tried() -> None:
    random = np.random.default_rng(1)
    sums = random.normal(0.5, 1, size=(9, 3))
    found = permutation_p(sums, sign_flips(9))
    for column, p_value in zip(sums.T, found, strict=True):
        exact = stats.permutation_test(
            (column,), lambda x, axis: np.abs(x.sum(axis=axis)), permutation_type="samples", vectorized=True,
            n_resamples=np.inf, alternative="greater",
        )  # fmt: skip
        assert p_value == pytest.approx(exact.pvalue)


def test_three_speakers_cannot_reach_significance_by_permutation() -> None:
    assert permutation_p(np.array([[1.0], [1.1], [0.9]]), sign_flips(3))[0] == 0.25


def test_many_speakers_are_flipped_at_random_and_repeat_for_a_seed() -> None:
    np.testing.assert_array_equal(sign_flips(40, 3), sign_flips(40, 3))
    assert permutation_p(np.ones((40, 1)), sign_flips(40))[0] == pytest.approx(1 / 10000)
    assert permutation_p(np.zeros((40, 1)), sign_flips(40))[0] == 1


def test_no_difference_at_all_has_p_value_one() -> None:
    assert wilcoxon_p(np.zeros(5)) == 1
    assert np.isnan(cohens_dz(np.ones(4))) and np.isnan(cohens_dz(np.ones(1)))
    assert cohens_dz(np.array([1.0, 2.0, 3.0])) == pytest.approx(2)


def test_adjusting_leaves_out_what_is_not_known() -> None:
    found = adjusted([0.01, float("nan"), 0.04, 0.5])
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2, 3]], stats.false_discovery_control([0.01, 0.04, 0.5]))
    assert np.isnan(adjusted([float("nan")])).all() and len(adjusted([])) == 0


def test_a_detectable_difference_is_told_in_four_of_five_comparisons() -> None:
    random = np.random.default_rng(3)
    speakers, error = 6, 1 / np.sqrt(6)
    size = detectable(Uncertainty(0.0, error, 0.0, speakers - 1, speakers))
    told = stats.ttest_1samp(random.normal(size, 1, size=(4000, speakers)), 0, axis=1).pvalue < 0.05
    assert told.mean() == pytest.approx(0.8, abs=0.03)


def test_two_seeds_rarely_differ_by_more_than_their_floor() -> None:
    random = np.random.default_rng(4)
    runs = random.normal(size=(4000, 6))
    within = [abs(row[4] - row[5]) <= repeat_floor(list(row[:4])) for row in runs]
    assert np.mean(within) == pytest.approx(0.95, abs=0.015)
    assert np.isnan(repeat_floor([1.0]))
