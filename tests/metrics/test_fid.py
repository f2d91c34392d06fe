from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.base import Bundle, Features, Status, Unscorable
from metrics.distribution import FrameKernelAggregate
from metrics.features.base import evenly_spaced
from metrics.fid import METRICS
from metrics.frechet import FrechetAggregate, GaussianState, frechet, root_trace_eigen
from metrics.sample_size import size_effect

MakeBundle = Callable[..., Bundle]
BY_NAME = {metric.name: metric for metric in METRICS}


def clips(count: int, frames: int, dimensions: int, shift: float = 0.3) -> list[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(0)
    return [
        (random.normal(size=(frames + i % 2, dimensions)) + shift, random.normal(size=(frames + i % 3, dimensions)))
        for i in range(count)
    ]


@given(st.integers(0, 300))
def test_five_frames_are_spread_over_the_video_from_its_first(frames: int) -> None:
    chosen = evenly_spaced(frames, 5)
    assert len(chosen) == min(5, frames) == len(set(chosen.tolist()))
    if frames:
        assert chosen[0] == 0 and chosen[-1] < frames
        assert np.ptp(np.diff([*chosen, frames])) <= 1


def test_protocols_take_all_frames_or_five(make_bundle: MakeBundle) -> None:
    rows = np.arange(20.0)[:, None] * np.ones(3)
    bundle = make_bundle(*(
        Features(25, n, samples={"inception": rows[:n], "inception_5": rows[evenly_spaced(n, 5)]}) for n in (12, 20)
    ))  # fmt: skip
    for name in ("fid", "kid"):
        generated, reference = BY_NAME[name].per_clip(bundle)
        assert len(generated) == 12 and len(reference) == 20
        generated, reference = BY_NAME[f"{name}_5"].per_clip(bundle)
        assert generated[:, 0].tolist() == [0, 2, 4, 7, 9]
        assert reference[:, 0].tolist() == [0, 4, 8, 12, 16]
    assert len({metric.protocol_id for metric in METRICS}) == 4


def test_a_video_without_features_or_reference_has_a_reason(make_bundle: MakeBundle) -> None:
    some = Features(25, 2, samples=dict.fromkeys(("inception", "inception_5"), np.ones((2, 3))))
    for metric in METRICS:
        for bundle, status in (
            (make_bundle(some), Status.NO_REFERENCE),
            (make_bundle(Features(25, 2), some), Status.UNDEFINED),
            (
                make_bundle(
                    Features(25, 0, samples=dict.fromkeys(("inception", "inception_5"), np.ones((0, 3)))), some
                ),
                Status.NO_FACE,
            ),
        ):
            with pytest.raises(Unscorable) as caught:
                metric.per_clip(bundle)
            assert caught.value.status is status


def brute_kid(generated: np.ndarray, reference: np.ndarray) -> float:
    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / a.shape[1] + 1) ** 3

    own = [
        (kernel(rows, rows).sum() - np.trace(kernel(rows, rows))) / (len(rows) * (len(rows) - 1))
        for rows in (generated, reference)
    ]
    return float(sum(own) - 2 * kernel(generated, reference).mean())


def test_kid_is_the_unbiased_statistic_of_all_frames() -> None:
    samples = clips(4, 5, 7)
    pooled = [np.concatenate([pair[side] for pair in samples]) for side in (0, 1)]
    assert FrameKernelAggregate()(samples, np.ones(4)) == pytest.approx(brute_kid(*pooled), rel=1e-10)


def test_kid_of_weighted_clips_is_that_of_clips_listed_so_often() -> None:
    samples, weights = clips(4, 5, 7), np.array([2.0, 0, 3, 1])
    listed = [pair for pair, weight in zip(samples, weights, strict=True) for _ in range(int(weight))]
    pooled = [np.concatenate([pair[side] for pair in listed]) for side in (0, 1)]
    assert FrameKernelAggregate()(samples, weights) == pytest.approx(brute_kid(*pooled), rel=1e-10)


def test_kid_is_unbiased_and_refuses_what_has_none() -> None:
    random = np.random.default_rng(5)
    values = [
        FrameKernelAggregate()([(random.normal(size=(3, 6)), random.normal(size=(3, 6))) for _ in range(3)], np.ones(3))
        for _ in range(400)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert np.isnan(FrameKernelAggregate()(clips(1, 5, 7), np.ones(1)))
    assert np.isnan(FrameKernelAggregate()(clips(3, 5, 7), np.array([2.0, 0, 0])))
    broken = clips(3, 5, 7)
    broken[1][1][0, 0] = np.inf
    with pytest.raises(ValueError, match="sample 0 of 6 is not finite"):
        FrameKernelAggregate()(broken, np.ones(3))


def test_singular_covariances_have_the_distance_of_the_eigenvectors_route() -> None:
    random = np.random.default_rng(2)
    one, two = (random.normal(size=(n, 60)) * np.geomspace(1, 1e-3, 60) for n in (25, 90))
    states = [GaussianState.empty(60).update(rows) for rows in (one, two)]
    values, vectors = np.linalg.eigh(states[0].covariance)
    factor = vectors * np.sqrt(np.clip(values, 0, None))
    expected = np.sum(np.sqrt(np.clip(np.linalg.eigvalsh(factor.T @ states[1].covariance @ factor), 0, None)))
    assert root_trace_eigen(states[0].covariance, states[1].covariance) == pytest.approx(expected, rel=1e-6)
    assert frechet(*states) == pytest.approx(frechet(*states[::-1]), rel=1e-6)


def test_constant_features_have_the_distance_of_their_means() -> None:
    still = [(np.full((4, 6), 2.0), np.full((9, 6), 5.0))] * 3
    assert FrechetAggregate()(still, np.ones(3)) == pytest.approx(6 * 9)


def test_frechet_falls_with_more_clips_and_the_endless_value_is_nearest_the_truth() -> None:
    samples = clips(60, 4, 12, shift=0.0)
    effect = size_effect(FrechetAggregate(), samples, [10, 20, 40, 60])
    assert all(np.diff(effect.values) < 0)
    assert effect.deviations[-1] == 0 < effect.deviations[0]
    # The truth is 0: both sides are the same distribution.
    assert abs(effect.endless) < effect.values[-1]
    assert size_effect(FrechetAggregate(), samples, [10, 20, 40, 60]) == effect


@pytest.mark.parametrize("sizes", [[10], [1, 10], [10, 61], []])
def test_sizes_that_cannot_be_drawn_are_refused(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="two sizes from 2 to 60"):
        size_effect(FrechetAggregate(), clips(60, 2, 3), sizes)
