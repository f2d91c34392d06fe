"""Errors of estimates whose answers share raters and clips, and the intervals made of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from reports.study.analysis import estimates
from reports.study.analysis.clusters import Clusters, Error
from reports.study.analysis.preferences import rate
from tests.reports.study.answered import RESAMPLING


def crossed(seed: int = 0, raters: int = 15, clips: int = 10, spread: float = 1.0) -> tuple[np.ndarray, Clusters]:
    """0 or 1 for every rater and clip, with effects of both."""
    random = np.random.default_rng(seed)
    latent = spread * (random.normal(size=(raters, 1)) + random.normal(size=(1, clips))) + random.normal(
        size=(raters, clips)
    )
    rater, clip = (part.ravel().tolist() for part in np.indices((raters, clips)))
    return (latent > 0).astype(float).ravel(), Clusters.of([f"{r:02d}" for r in rater], [f"{c:02d}" for c in clip])


def test_the_sandwich_is_that_of_statsmodels() -> None:
    value, clusters = crossed()
    fit = sm.OLS(value, np.ones((len(value), 1))).fit()
    both, *_ = cov_cluster_2groups(fit, clusters.raters, clusters.clips, use_correction=False)
    parts = [cov_cluster_2groups(fit, part, part, use_correction=False)[1][0, 0] for part in clusters.parts]
    assert parts[0] + parts[1] - parts[2] == pytest.approx(both[0, 0], rel=1e-9)
    expected = parts[0] * 15 / 14 + parts[1] * 10 / 9 - parts[2] * 150 / 149
    assert clusters.sandwich((value - value.mean()) / len(value)).error ** 2 == pytest.approx(expected, rel=1e-9)


def test_bootstrap_and_sandwich_agree() -> None:
    value, clusters = crossed()
    (drawn,) = clusters.bootstrap(lambda w, _: (w @ value / w.sum(axis=1))[:, None], RESAMPLING)
    assert drawn.error == pytest.approx(clusters.sandwich((value - value.mean()) / len(value)).error, rel=0.1)


def test_answers_that_share_raters_and_clips_tell_less_than_as_many_others() -> None:
    value, clusters = crossed()
    alone = Clusters.of(range(len(value)), range(len(value)))
    shared, apart = rate(value, clusters, RESAMPLING), rate(value, alone, RESAMPLING)
    assert shared.high - shared.low > 2 * (apart.high - apart.low)


@pytest.mark.parametrize(("raters", "clips"), [(1, 10), (10, 1)])
def test_one_rater_or_one_clip_gives_no_interval(raters: int, clips: int) -> None:
    found = rate(*crossed(raters=raters, clips=clips), RESAMPLING)
    assert math.isfinite(found.value) and math.isnan(found.low) and math.isnan(found.p_value)


def test_the_interval_of_independent_answers_is_wilsons() -> None:
    count, hits = 200, 130
    error = Error(math.sqrt(0.65 * 0.35 / count), 1e9, count)
    low, high = proportion_confint(hits, count, method="wilson")
    found = estimates.of_rate(hits / count, error)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_unanimous_answers_are_not_certainty() -> None:
    found = rate(np.ones(150), crossed()[1], RESAMPLING)
    assert found.value == found.high == 1 and 0.5 < found.low < 0.75


def test_the_order_of_answers_does_not_matter() -> None:
    value, clusters = crossed()
    order = np.random.default_rng(1).permutation(len(value))
    names = [[f"{code:02d}" for code in part[order]] for part in (clusters.raters, clusters.clips)]
    other = Clusters.of(*names)
    one, two = rate(value, clusters, RESAMPLING), rate(value[order], other, RESAMPLING)
    assert (one.low, one.high) == (pytest.approx(two.low), pytest.approx(two.high))


def test_a_correlation_stays_within_its_bounds() -> None:
    found = estimates.of_correlation(0.95, Error(0.1, 8, 9))
    assert -1 < found.low < 0.95 < found.high < 1
    assert math.isnan(estimates.of_correlation(1.0, Error(0.0, 8, 9)).low)
