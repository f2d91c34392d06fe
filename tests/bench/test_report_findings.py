"""What the report asks of results beyond their sums: the same answers as `compare`, on tables as `score` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.compare.compare import Question, compare
from bench.compare.results import Results
from bench.config import load
from bench.report.correlation import residuals, spearman
from bench.report.findings import findings
from bench.report.groups import groups_of
from bench.report.pairs import ONE_SPEAKER
from bench.report.results import CaseSetResults, read_results
from bench.simulated_run import METRICS, SET, write_run
from bench.workspace import Workspace

NUMBERS = ["difference", "low", "high", "effect", "p", "q"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, 60)
    return folder


@pytest.fixture(scope="module")
def item(root: Path) -> CaseSetResults:
    params = load(root / "params.yaml")
    return read_results(params, Workspace(root), SET, params.models)


def only(item: CaseSetResults, models: Sequence[str]) -> CaseSetResults:
    return replace(item, models=[model for model in item.models if model.model in models])


def test_two_models_differ_as_compare_says(root: Path, item: CaseSetResults) -> None:
    found = findings(root, [only(item, ["ground-truth", "space", "viseme"])], METRICS, seed=0)["differences"]
    rows = found[(found["model"] == "space") & (found["versus"] == "viseme")].set_index("metric")
    sides = [Results(name, Workspace(root), name) for name in ("viseme", "space")]
    expected = compare(*sides, Question(seed=0, metrics=[metric.name for metric in METRICS if metric.better != "none"]))
    assert {row.metric for row in expected.metrics} == set(rows.index)
    for row in expected.metrics:
        mine = rows.loc[row.metric]
        told = [row.difference, row.low, row.high, row.effect, row.p_value, row.verdict, row.cases]
        names = ["difference", "low", "high", "effect", "q", "verdict", "n"]
        for one, two in zip(told, mine[names], strict=True):
            assert one == two or (one != one and two != two)
    assert {"better", "worse"} & set(rows["verdict"])


def test_controls_are_adjusted_apart_from_what_competes(root: Path, item: CaseSetResults) -> None:
    with_controls = findings(root, [item], METRICS, seed=0)["differences"]
    without = findings(root, [only(item, ["viseme", "space", "folder"])], METRICS, seed=0)["differences"]
    controls = {"ground-truth", "still"}
    competing = with_controls[~with_controls["versus"].isin(controls)].reset_index(drop=True)
    pd.testing.assert_frame_equal(competing[NUMBERS], without[NUMBERS])
    assert not set(with_controls["model"]) & controls


def test_one_speaker_gives_differences_without_intervals_and_says_why(root: Path, item: CaseSetResults) -> None:
    alone = replace(item, table=item.table.assign(speaker="only"))
    found = findings(root, [alone], METRICS, seed=0)["differences"]
    plain = found[found["metric"] == "m_ld"]
    assert plain["difference"].notna().all() and plain[["low", "high", "p", "q"]].isna().all(axis=None)
    assert set(plain["note"]) == {ONE_SPEAKER} and set(plain["verdict"]) == {"unclear"}


def test_a_stratum_is_the_mean_of_its_cases_with_an_interval_over_its_speakers(
    root: Path, item: CaseSetResults
) -> None:
    tables = findings(root, [item], METRICS, seed=0)
    strata = tables["strata"]
    row = strata[(strata["model"] == "space") & (strata["metric"] == "m_ld") & (strata["label"] == "happy")].iloc[0]
    scores = next(model.scores for model in item.models if model.model == "space").query("metric == 'm_ld'")
    happy = item.table[item.table["emotion"] == "happy"]
    values = scores.set_index("case")["value"].reindex(happy["case"]).dropna()
    assert row["value"] == pytest.approx(float(values.mean())) and row["n"] == len(values)
    assert row["low"] < row["value"] < row["high"]
    assert strata.loc[strata["kind"] == "speaker", ["low", "high"]].isna().all(axis=None)
    limited = strata.merge(pd.DataFrame([(m.name, *m.limits) for m in METRICS], columns=["metric", "least", "most"]))
    assert not (limited["low"] < limited["least"].clip(upper=limited["value"])).any()
    assert not set(strata["metric"]) & {metric.name for metric in METRICS if metric.corpus}


def test_a_run_without_labels_or_curves_or_scores_has_no_findings_and_no_error(
    root: Path, item: CaseSetResults
) -> None:
    bare = item.table.assign(emotion=None, level=None, seconds=None, speaker=[f"s{k}" for k in range(60)])
    models = [replace(model, scores=model.scores[:0], curves=model.curves[:0], videos={}) for model in item.models]
    tables = findings(root, [CaseSetResults(SET, bare, models)], METRICS, seed=0)
    assert {name for name, table in tables.items() if len(table)} == {"cases"}
    assert tables["cases"]["angle"].isna().all()


def test_angles_come_from_the_real_clip(root: Path, item: CaseSetResults) -> None:
    found = findings(root, [item], METRICS, seed=0)["cases"].set_index("case")["angle"]
    truth = next(model.curves for model in item.models if model.model == "ground-truth")
    first = truth[truth["case"] == found.index[0]]
    assert found.iloc[0] == pytest.approx(float(first[["pitch", "yaw", "roll"]].abs().to_numpy().max()))


def test_ranges_are_fixed_where_they_hold_enough_and_thirds_elsewhere() -> None:
    table = pd.DataFrame({"speaker": "s", "emotion": None, "level": None, "seconds": [2.5] * 30})
    wide = groups_of(table, np.repeat([5.0, 20.0, 40.0], 10))
    assert [(group.kind, list(group.labels)) for group in wide] == [("angle", ["under 15°", "15–30°", "30° and more"])]
    narrow = groups_of(table, np.linspace(2.0, 11.0, 30))
    assert np.bincount(narrow[0].codes).tolist() == [10, 10, 10]
    assert groups_of(table, np.full(30, 7.0)) == [] and groups_of(table, np.full(30, np.nan)) == []


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.4))
def test_rank_correlation_is_that_of_scipy_over_what_both_have(seed: int, lost: float) -> None:
    random = np.random.default_rng(seed)
    values = random.standard_normal((30, 4)).round(1)
    values[random.random(values.shape) < lost] = np.nan
    values[:, 3] = 1.0
    r, n = spearman(values)
    for one in range(3):
        for two in range(3):
            both = np.isfinite(values[:, one]) & np.isfinite(values[:, two])
            assert n[one, two] == both.sum()
            if len(np.unique(values[both, one])) > 1 and len(np.unique(values[both, two])) > 1 and both.sum() >= 3:
                expected = stats.spearmanr(values[both, one], values[both, two]).statistic
                assert r[one, two] == pytest.approx(expected, abs=1e-12)
    assert np.isnan(r[3]).all()


def test_what_speakers_share_is_no_correlation() -> None:
    random = np.random.default_rng(0)
    speaker = np.repeat(np.arange(40), 10)
    shared = 5 * random.standard_normal(40)[speaker]
    values = np.stack([shared + random.standard_normal(400), shared + random.standard_normal(400)], axis=1)
    assert spearman(values)[0][0, 1] > 0.9
    assert abs(spearman(residuals(values, speaker))[0][0, 1]) < 0.15
