from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from metrics import registry
from metrics.distribution import KernelAggregate
from metrics.frechet import FrechetAggregate, GaussianState, frechet

Samples = list[tuple[np.ndarray, np.ndarray]]
AGGREGATES = (FrechetAggregate(), KernelAggregate())


def clips(count: int, frames: int, dimensions: int, seed: int = 0, shift: float = 0.3) -> Samples:
    """Clips whose generated frames lie `shift` beside the real ones; lengths differ."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(dimensions, dimensions)) / np.sqrt(dimensions)
    return [
        (
            (random.normal(size=(frames + i % 3, dimensions)) @ mixing + 5 + shift).astype(np.float32),
            (1.2 * random.normal(size=(frames + i % 2, dimensions)) @ mixing + 5).astype(np.float32),
        )
        for i in range(count)
    ]


def pooled(samples: Samples, side: int) -> np.ndarray:
    return np.concatenate([pair[side] for pair in samples]).astype(np.float64)


def direct_frechet(one: np.ndarray, two: np.ndarray) -> float:
    first, second = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
    root = np.trace(sqrtm(first @ second)).real
    return float(np.sum((one.mean(0) - two.mean(0)) ** 2) + np.trace(first) + np.trace(second) - 2 * root)


@pytest.mark.parametrize(("count", "frames", "dimensions"), [(6, 20, 12), (5, 30, 40)])
def test_the_eigenvalue_route_equals_the_direct_formula(count: int, frames: int, dimensions: int) -> None:
    samples = clips(count, frames, dimensions)
    value = FrechetAggregate()(samples, np.ones(count))
    assert value == pytest.approx(direct_frechet(pooled(samples, 0), pooled(samples, 1)), rel=1e-6)


def test_the_gram_route_equals_the_eigenvalue_route_on_embedded_samples() -> None:
    # 24 frames of 10 true dimensions, seen in 300: few samples for the Gram route, the same distance in 10 dimensions.
    samples = clips(6, 4, 10)
    embed = np.linalg.qr(np.random.default_rng(1).normal(size=(300, 10)))[0].T
    wide = [(one.astype(np.float64) @ embed, two.astype(np.float64) @ embed) for one, two in samples]
    low = FrechetAggregate()(samples, np.ones(6))
    assert FrechetAggregate()(wide, np.ones(6)) == pytest.approx(low, rel=1e-9)
    assert direct_frechet(pooled(samples, 0), pooled(samples, 1)) == pytest.approx(low, rel=1e-6)


def test_the_gram_route_equals_the_direct_formula_for_few_samples() -> None:
    samples = clips(5, 4, 60)
    direct = direct_frechet(pooled(samples, 0), pooled(samples, 1))
    assert FrechetAggregate()(samples, np.ones(5)) == pytest.approx(direct, rel=1e-6)


@pytest.mark.parametrize("dimensions", [6, 80])
def test_weights_are_the_same_as_clips_listed_so_often(dimensions: int) -> None:
    samples = clips(5, 6, dimensions)
    weights = np.array([2.0, 0, 1, 3, 1])
    repeated = [pair for pair, count in zip(samples, weights, strict=True) for _ in range(int(count))]
    aggregate = FrechetAggregate()
    assert aggregate(samples, weights) == pytest.approx(aggregate(repeated, np.ones(len(repeated))), rel=1e-9)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=["frechet", "kernel"])
def test_prepared_values_equal_those_computed_alone_and_order_does_not_matter(
    aggregate: FrechetAggregate | KernelAggregate,
) -> None:
    samples = clips(7, 5, 20)
    evaluate = aggregate.prepare(samples)
    order = np.random.default_rng(2).permutation(7)
    for weights in np.random.default_rng(3).multinomial(7, np.full(7, 1 / 7), size=5).astype(float):
        value = aggregate(samples, weights)
        assert evaluate(weights) == value
        assert aggregate([samples[i] for i in order], weights[order]) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=["frechet", "kernel"])
def test_equal_distributions_are_zero_and_distance_grows(aggregate: FrechetAggregate | KernelAggregate) -> None:
    ones = np.ones(8)
    same = [(real, real) for _, real in clips(8, 6, 30)]
    assert aggregate(same, ones) == pytest.approx(0, abs=1e-6)
    near, far = (aggregate(clips(8, 6, 30, shift=shift), ones) for shift in (0.5, 1.5))
    assert far > near > 0


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=["frechet", "kernel"])
def test_fewer_than_two_clips_have_no_distance_and_a_reason(aggregate: FrechetAggregate | KernelAggregate) -> None:
    samples = clips(1, 6, 4)
    assert np.isnan(aggregate(samples, np.ones(1)))
    assert "at least 2 clips, got 1" in str(aggregate.refusal(samples))
    assert np.isnan(aggregate([], np.ones(0)))
    assert np.isnan(aggregate(clips(3, 6, 4), np.array([3.0, 0, 0])))
    assert aggregate.refusal(clips(2, 6, 4)) is None


def test_samples_that_are_not_finite_are_refused() -> None:
    samples = clips(3, 6, 4)
    samples[1][0][2, 1] = np.nan
    with pytest.raises(ValueError, match="sample 2 of 7 is not finite"):
        FrechetAggregate()(samples, np.ones(3))


def test_kernel_distance_equals_the_sum_over_pairs_of_different_clips() -> None:
    samples, dimensions = clips(4, 3, 5), 5

    def kernel(one: np.ndarray, two: np.ndarray) -> float:
        return float(np.mean((one.astype(np.float64) @ two.T.astype(np.float64) / dimensions + 1) ** 3))

    terms = [
        kernel(samples[i][0], samples[j][0]) + kernel(samples[i][1], samples[j][1])
        - kernel(samples[i][0], samples[j][1]) - kernel(samples[j][0], samples[i][1])
        for i in range(4) for j in range(4) if i != j
    ]  # fmt: skip
    assert KernelAggregate()(samples, np.ones(4)) == pytest.approx(np.mean(terms), rel=1e-9)


def test_kernel_distance_is_unbiased() -> None:
    random = np.random.default_rng(5)
    values = []
    for _ in range(400):
        pairs = [(random.normal(size=(2, 6)), random.normal(size=(2, 6))) for _ in range(5)]
        values.append(KernelAggregate()(pairs, np.ones(5)))
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, 40), max_size=4), seed=st.integers(0, 99))
def test_streaming_states_merge_to_the_same_in_any_cut(cuts: list[int], seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(40, 5)) + 3
    parts = np.split(rows, sorted(cuts))
    states = [GaussianState.empty(5).update(part) for part in parts]
    merged = reduce(GaussianState.merge, states)
    assert merged.count == 40
    np.testing.assert_allclose(merged.mean, rows.mean(0), rtol=1e-10)
    np.testing.assert_allclose(merged.covariance, np.cov(rows, rowvar=False), rtol=1e-8, atol=1e-10)


def test_streaming_distance_equals_the_direct_formula() -> None:
    samples = clips(6, 30, 12)
    states = [reduce(lambda state, pair, k=k: state.update(pair[k]), samples, GaussianState.empty(12)) for k in (0, 1)]
    direct = direct_frechet(pooled(samples, 0), pooled(samples, 1))
    assert frechet(states[0], states[1]) == pytest.approx(direct, rel=1e-6)
    with pytest.raises(ValueError, match="more than one sample"):
        frechet(GaussianState.empty(12), states[1])


def test_registered_distances_do_not_use_the_names_of_others() -> None:
    names = registry.all_metrics()
    assert {"fd_efficientnet", "kd_efficientnet"} <= set(names)
    for name in ("fid", "kid"):
        assert names[name].weights == ("inception_fid",)
