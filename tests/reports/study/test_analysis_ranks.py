"""Rank correlations by rows equal SciPy's on the data written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.study.analysis.ranks import Tau, correlations, spearman_rows

PAIRS = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 3)), min_size=3, max_size=12
)  # few values, so that there are many ties


@settings(max_examples=30, deadline=None)
@given(PAIRS)
def test_weights_mean_as_much_as_writing_a_pair_out(rows: list[tuple[int, int, int]]) -> None:
    x, y, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    often = weight.astype(int)
    one, two = (np.repeat(part, often) for part in (x, y))
    assume(len(one) > 1 and np.any(one) and np.any(two))
    rho, tau = correlations(one, two)
    assert spearman_rows(x[None], y[None], weight[None])[0] == pytest.approx(rho, abs=1e-9)
    every = Tau(len(x))
    assert every.rows(every.signs(x[None]), y[None], weight[None])[0, 0] == pytest.approx(tau, abs=1e-5)


def test_a_pair_counts_both_ways() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=30)
    y = x + random.normal(size=30)
    sign = np.where(random.random(30) < 0.5, -1.0, 1.0)
    assert correlations(x * sign, y * sign) == pytest.approx(correlations(x, y))
    assert correlations(x, y)[0] == pytest.approx(stats.spearmanr([*x, *-x], [*y, *-y]).statistic)


def test_many_pairs_are_looked_at_by_a_draw() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=400)
    y = x + random.normal(size=400)
    tau = Tau(400)
    rows = tau.rows(tau.signs(x[None]), y[None], np.ones((1, 400)))
    assert len(tau.one) == 20_000 and rows[0, 0] == pytest.approx(correlations(x, y)[1], abs=0.03)


def test_within_groups_only_their_own_pairs_are_compared() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat([0, 1], 20)
    x, y = random.normal(size=40) + 5 * groups, random.normal(size=40) + 5 * groups
    tau = Tau(40, groups)
    found = tau.rows(tau.signs(x[None]), y[None], np.ones((1, 40)))[0, 0]
    own = [stats.kendalltau(x[groups == group], y[groups == group]).statistic for group in (0, 1)]
    assert found == pytest.approx(np.mean(own), abs=1e-6) and abs(found) < 0.3 < correlations(x, y)[1]


def test_what_does_not_vary_has_no_correlation() -> None:
    assert np.isnan(correlations(np.zeros(9), np.arange(9.0))).all()
    assert np.isnan(spearman_rows(np.zeros((1, 9)), np.arange(9.0)[None], np.ones((1, 9)))).all()
