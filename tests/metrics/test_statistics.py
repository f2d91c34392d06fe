from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metrics import statistics
from metrics.base import weighted_mean
from metrics.frechet import FrechetAggregate
from metrics.statistics import (
    Shares,
    Uncertainty,
    bootstrap_weights,
    coverage,
    estimate,
    paired_difference,
    replicate_values,
    uncertainty,
)

speakers = st.lists(st.sampled_from(["anna", "bert", "cleo", "dora"]), min_size=1, max_size=20)


@given(clusters=speakers, seed=st.integers(0, 1000))
def test_clips_of_a_speaker_are_drawn_together_and_totals_match(clusters: list[str], seed: int) -> None:
    weights = bootstrap_weights(clusters, replicates=20, seed=seed)
    assert weights.shape == (20, len(clusters))
    names = np.array(clusters)
    if len(set(clusters)) > 1:
        per_speaker = np.stack([weights[:, names == name][:, 0] for name in sorted(set(clusters))], axis=1)
        np.testing.assert_array_equal(per_speaker.sum(axis=1), len(set(clusters)))
        for name in set(clusters):
            np.testing.assert_array_equal(np.ptp(weights[:, names == name], axis=1), 0)
    else:
        np.testing.assert_array_equal(weights.sum(axis=1), len(clusters))


def test_weights_follow_the_clips_in_any_order_and_repeat_for_a_seed() -> None:
    clusters = ["a", "b", "a", "c", "b", "d"]
    weights = bootstrap_weights(clusters, replicates=50, seed=3)
    np.testing.assert_array_equal(weights, bootstrap_weights(clusters, replicates=50, seed=3))
    assert not np.array_equal(weights, bootstrap_weights(clusters, replicates=50, seed=4))
    order = np.array([5, 0, 3, 1, 4, 2])
    np.testing.assert_array_equal(bootstrap_weights([clusters[i] for i in order], 50, 3), weights[:, order])


def test_one_speaker_falls_back_to_clips_and_says_so() -> None:
    assert statistics.resampling_unit(["anna"] * 5) == ("clip", 5)
    assert statistics.resampling_unit(["anna", "bert", "anna"]) == ("speaker", 2)
    assert np.ptp(bootstrap_weights(["anna"] * 5, 50), axis=1).max() > 0


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="0 clips"):
        bootstrap_weights([])


def test_the_fast_mean_equals_the_plain_one() -> None:
    values = np.random.default_rng(0).normal(size=12)
    weights = bootstrap_weights([f"s{i % 4}" for i in range(12)], 30)
    slow = [weighted_mean(values, row) for row in weights]
    np.testing.assert_allclose(replicate_values(weighted_mean, values, weights), slow, rtol=1e-12)


def test_corpus_aggregates_use_their_prepared_form() -> None:
    random = np.random.default_rng(0)
    samples = [(random.normal(size=(5, 3)), random.normal(size=(5, 3))) for _ in range(6)]
    weights = bootstrap_weights([f"s{i % 3}" for i in range(6)], 10)
    aggregate = FrechetAggregate()
    plain = [aggregate(samples, row) for row in weights]
    np.testing.assert_allclose(replicate_values(aggregate, samples, weights), plain, rtol=1e-12)


def test_weights_of_another_number_of_clips_are_refused() -> None:
    with pytest.raises(ValueError, match="for 3 values"):
        replicate_values(weighted_mean, [1.0, 2.0, 3.0], np.ones((5, 2)))


def test_intervals_cover_what_they_claim() -> None:
    """Speakers differ more than their clips: 10 speakers, 4 clips each, nominal 95 %."""
    random = np.random.default_rng(11)
    clusters = [f"s{i // 4}" for i in range(40)]
    weights = bootstrap_weights(clusters, 500, seed=1)
    hits = 0
    for _ in range(500):
        values = np.repeat(random.normal(size=10), 4) + 0.7 * random.normal(size=40)
        found = estimate(weighted_mean, values, clusters, weights)
        hits += found.low <= 0 <= found.high
    assert 0.92 <= hits / 500 <= 0.98


def test_ignoring_speakers_would_be_too_sure() -> None:
    random = np.random.default_rng(12)
    speakers = [f"s{i // 4}" for i in range(40)]
    clips = [str(i) for i in range(40)]
    values = np.repeat(random.normal(size=10), 4)
    widths = []
    for clusters in (speakers, clips):
        found = estimate(weighted_mean, values, clusters, bootstrap_weights(clusters, 500))
        widths.append(found.high - found.low)
    assert widths[0] > 1.5 * widths[1]


def test_a_paired_difference_is_surer_than_two_separate_intervals() -> None:
    random = np.random.default_rng(13)
    clusters = [f"s{i // 3}" for i in range(30)]
    weights = bootstrap_weights(clusters, 500)
    hard = random.normal(scale=3, size=30)
    first, second = hard + 0.1 * random.normal(size=30), hard + 0.5 + 0.1 * random.normal(size=30)
    difference = paired_difference(weighted_mean, first, second, clusters, weights)
    assert difference.interval.value == pytest.approx(np.mean(second - first))
    assert difference.interval.low > 0.3
    assert difference.p_value < 0.02
    alone = estimate(weighted_mean, second, clusters, weights)
    assert alone.high - alone.low > 4 * (difference.interval.high - difference.interval.low)


def test_false_alarms_stay_near_the_nominal_rate() -> None:
    random = np.random.default_rng(14)
    clusters = [f"s{i // 3}" for i in range(36)]
    weights = bootstrap_weights(clusters, 400, seed=2)
    alarms = 0
    for _ in range(400):
        change = np.repeat(0.5 * random.normal(size=12), 3) + random.normal(size=36)
        found = paired_difference(weighted_mean, np.zeros(36), change, clusters, weights).interval
        alarms += not found.low <= 0 <= found.high
    assert alarms / 400 <= 0.09


def test_equal_models_differ_by_nothing() -> None:
    values = np.random.default_rng(0).normal(size=10)
    clusters = [f"s{i}" for i in range(10)]
    difference = paired_difference(weighted_mean, values, values, clusters, bootstrap_weights(clusters, 100))
    assert (difference.interval.low, difference.interval.value, difference.interval.high) == (0, 0, 0)
    assert difference.p_value == 1


def test_few_speakers_widen_an_interval_and_one_has_none() -> None:
    replicates = np.random.default_rng(0).normal(size=2000)
    widths = {}
    for count in (200, 5, 3):
        found = uncertainty(0.0, replicates, Shares.of([str(i) for i in range(count)])).interval()
        widths[count] = found.high - found.low
    assert widths[3] > 1.5 * widths[5] > 1.8 * widths[200]
    assert np.isnan(uncertainty(0.0, replicates, Shares.of(["a"])).interval().low)


@given(sizes=st.lists(st.integers(1, 40), min_size=2, max_size=12))
def test_shares_give_the_trace_formulas_of_the_quadratic_form(sizes: list[int]) -> None:
    share = np.array(sizes) / sum(sizes)
    centre = np.eye(len(share)) - np.outer(np.ones(len(share)), share)
    product = centre.T @ np.diag(share**2) @ centre @ np.diag(1 / share)
    found = Shares.of_sizes(np.array(sizes, float))
    assert found.factor**2 == pytest.approx(1 / np.trace(product))
    assert found.degrees == pytest.approx(max(1.0, np.trace(product) ** 2 / np.trace(product @ product)))
    assert 1 <= found.degrees <= len(sizes) - 1 + 1e-9


def test_equal_speakers_give_students_interval_of_their_means() -> None:
    """Against scipy: six speakers of four clips; the bootstrap's own noise is a few percent of the width."""
    random = np.random.default_rng(5)
    values = np.repeat(random.normal(size=6), 4) + 0.3 * random.normal(size=24)
    clusters = [f"s{i // 4}" for i in range(24)]
    found = estimate(weighted_mean, values, clusters, bootstrap_weights(clusters, 20000))
    means = values.reshape(6, 4).mean(axis=1)
    low, high = stats.t.interval(0.95, 5, means.mean(), stats.sem(means))
    assert found.high - found.low == pytest.approx(high - low, rel=0.05)
    assert found.value == pytest.approx(means.mean())


@given(
    value=st.floats(-5, 5), error=st.floats(0.01, 5), skewness=st.floats(-1.5, 1.5), degrees=st.floats(1, 50),
    level=st.floats(0.5, 0.99),
)  # fmt: skip
def test_a_bound_is_where_the_p_value_reaches_its_level(
    value: float, error: float, skewness: float, degrees: float, level: float
) -> None:
    found = Uncertainty(value, error, skewness, degrees, 5)
    interval = found.interval(level)
    assert found.p_above(interval.low) == pytest.approx((1 - level) / 2, rel=1e-3)
    assert found.p_below(interval.high) == pytest.approx((1 - level) / 2, rel=1e-3)


def test_undefined_replicates_are_left_out_until_they_are_too_many() -> None:
    replicates, shares = np.arange(100.0), Shares.of(["a", "b", "c"])
    replicates[:5] = np.nan
    assert uncertainty(50.0, replicates, shares).known
    replicates[:20] = np.nan
    assert not uncertainty(50.0, replicates, shares).known
    assert not uncertainty(float("nan"), np.arange(100.0), shares).known


def test_no_clips_give_no_number() -> None:
    assert np.isnan(estimate(weighted_mean, [], [], np.ones((3, 0))).value)
    assert np.isnan(paired_difference(weighted_mean, [], [], [], np.ones((3, 0))).p_value)


def test_coverage_counts_failures_but_not_what_was_never_asked() -> None:
    counted = coverage(["ok", "ok", "no_face", "not_applicable", "weights_missing"])
    assert (counted.scored, counted.asked, counted.share, str(counted)) == (2, 4, 0.5, "2/4")
    assert np.isnan(coverage(["not_applicable"]).share)
    with pytest.raises(ValueError, match="lost"):
        coverage(["lost"])
