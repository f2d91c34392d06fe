"""The verdict on two folders of results: what is told, what is not, and what cannot win."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.compare.compare import Question, compare
from bench.compare.results import Results
from bench.compare.scored import CannotTell
from bench.config import CaseSet
from bench.errors import BenchError
from bench.store import CASE_COLUMNS, write_table
from bench.workspace import Workspace
from metrics import statistics
from reports.compare import Comparison
from tests.bench.compare.conftest import CASES, MakeResults, rewrite


def results(space: Workspace, model: str | None = None) -> Results:
    return Results(space.root.name, space, model)


def compared(one: Workspace, two: Workspace, **asked: object) -> Comparison:
    return compare(results(one), results(two), Question(**asked))  # type: ignore[arg-type]


def verdicts(found: Comparison) -> dict[str, str]:
    return {row.metric: row.verdict for row in found.metrics}


def test_a_damage_is_told_and_what_it_leaves_alone_is_not(make_results: MakeResults) -> None:
    found = compared(make_results("a"), make_results("b", worse={"m_ld": 0.02, "psnr": 4.0}, seed=2))
    assert verdicts(found) == {"m_ld": "worse", "f_ld": "unclear", "psnr": "better"}
    assert found.verdict == "worse"
    row = next(row for row in found.metrics if row.metric == "m_ld")
    assert row.low < 0.02 < row.high and (row.cases, row.speakers) == (24, 6)
    assert row.worse_share > 0.9 and row.effect > 2 and row.permutation == pytest.approx(2 / 64)


def test_an_unchanged_run_is_the_same_bit_for_bit(make_results: MakeResults) -> None:
    found = compared(make_results("a"), make_results("b"))
    assert set(verdicts(found).values()) == {"same"} and found.verdict == "same" and not found.regressed


def test_the_damaged_clips_come_first(make_results: MakeResults) -> None:
    damaged = {"s1-0", "s4-3"}
    found = compared(
        make_results("a"), make_results("b", worse={"m_ld": 0.2, "f_ld": 0.1}, only=damaged, seed=2), top=4
    )
    assert {case.case for case in found.regressed[:2]} == damaged
    assert found.regressed[0].worsening > 2 * found.regressed[2].worsening
    assert found.regressed[0].worst[0][0] in ("M-LD", "F-LD")


def test_a_difference_within_the_margin_is_the_same(make_results: MakeResults) -> None:
    found = compared(make_results("a"), make_results("b", seed=2), margins={"m_ld": 0.01})
    assert verdicts(found) == {"m_ld": "same", "f_ld": "unclear", "psnr": "unclear"}
    assert found.metrics[0].margin_from == "given"


def test_the_margin_comes_from_reencoding_and_from_repeated_seeds(make_results: MakeResults) -> None:
    base, head = make_results("a"), make_results("b", seed=2)
    for model, worse in (("ground-truth", 0.0), ("re-encoded", 0.01)):
        make_results("a", model=model, worse={"m_ld": worse}, noise=0.0)
    rows = compared(base, head, models=["viseme"]).metrics
    row = rows[0]
    assert row.margin == pytest.approx(np.hypot(row.base, 0.01) - row.base, rel=1e-6) and row.margin < 0.002
    assert (row.margin_from, row.verdict) == ("re-encoding", "same")
    assert rows[2].metric == "psnr" and rows[2].margin == pytest.approx(rows[2].base / 10, rel=1e-6)
    again = [results(make_results(f"seed{seed}", worse={"m_ld": 0.04 * (seed - 3)}, seed=seed)) for seed in (3, 4)]
    row = compared(base, head, models=["viseme"], repeats=again).metrics[0]
    assert row.margin > 0.05 and row.margin_from == "3 seeds"


def test_failing_on_hard_clips_is_worse_and_does_not_win(make_results: MakeResults) -> None:
    base = make_results("a")
    head = make_results("b", worse={"m_ld": -0.02}, fails={"s0-0", "s5-1"}, seed=2)
    found = compared(base, head)
    row = next(row for row in found.metrics if row.metric == "m_ld")
    assert row.verdict == "unclear" and "2 scores fewer" in row.note and row.cases == 22
    (coverage,) = found.coverage
    assert coverage.verdict == "worse" and found.verdict == "worse" and (coverage.base, coverage.head) == (72, 66)
    assert [failure.case for failure in coverage.failed] == ["s0-0", "s5-1"]
    assert (coverage.failed[0].status, coverage.failed[0].detail) == ("no_face", "no face in 10 of 10 frames")
    back = compared(head, base)
    assert back.coverage[0].verdict == "better" and len(back.coverage[0].recovered) == 2


def test_cases_that_only_one_side_was_asked_are_counted(make_results: MakeResults) -> None:
    found = compared(make_results("a"), make_results("b", clips=3))
    (coverage,) = found.coverage
    assert coverage.verdict == "worse" and coverage.asked == 24 and len(coverage.failed) == 6
    assert {failure.status for failure in coverage.failed} == {""} and found.metrics[0].cases == 18


def test_other_protocols_are_refused_with_a_remedy(make_results: MakeResults) -> None:
    base, head = make_results("a"), make_results("b")
    rewrite(head, lambda table: table.assign(protocol_id=table["protocol_id"].where(table["metric"] != "m_ld", "p2")))
    found = compared(base, head)
    assert "m_ld" not in verdicts(found)
    (refusal,) = found.refused
    assert "m_ld on d/test/self" in refusal.what and "p1 in a, p2 in b" in refusal.why and "score" in refusal.why
    with pytest.raises(CannotTell, match="other protocols"):
        compared(base, head, metrics=["m_ld"])


def test_a_metric_that_is_gone_is_lost_coverage_and_a_new_one_is_not(make_results: MakeResults) -> None:
    base, head = make_results("a"), make_results("b", metrics=("f_ld", "psnr"))
    found = compared(base, head)
    (coverage,) = found.coverage
    assert (coverage.verdict, coverage.base, coverage.head, found.verdict) == ("worse", 72, 48, "worse")
    (gone,) = coverage.gone
    assert (gone.metrics, gone.scores, gone.why) == (("m_ld",), 24, "no scores in b: it was not computed there")
    back = compared(head, base)
    assert back.verdict == "same" and "no scores in b" in back.refused[0].why and not back.coverage[0].gone
    assert compared(base, head, metrics=["f_ld"]).verdict == "same"
    full = make_results("c")
    rewrite(
        full,
        lambda t: t.assign(
            status=t["status"].where(t["metric"] != "m_ld", "weights_missing"),
            value=t["value"].where(t["metric"] != "m_ld"),
        ),
    )
    assert "its weights are missing" in compared(base, full).coverage[0].gone[0].why


def test_a_metric_that_the_suite_no_longer_knows_does_not_vanish(make_results: MakeResults) -> None:
    base, head, both = make_results("a"), make_results("b", metrics=("f_ld", "psnr")), make_results("c")
    for space in (base, both):
        rewrite(space, lambda table: table.assign(metric=table["metric"].replace("m_ld", "m_ld_of_old")))
    (gone,) = compared(base, head).coverage[0].gone
    assert gone.metrics == ("m_ld_of_old",) and gone.scores == 24
    kept = compared(base, both)
    assert kept.verdict == "unclear" and "has no metric of that name" in kept.refused[0].why


def test_a_case_set_that_is_gone_is_lost_coverage_whatever_else_was_won(make_results: MakeResults) -> None:
    base, head = make_results("a", fails={"s0-0", "s0-1"}), make_results("b")
    other = CaseSet.parse("d/test/cross")
    for path in (base.scores_table, lambda cases, _: base.cases_table(cases)):
        path(other, "viseme").parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path(CASES, "viseme"), path(other, "viseme"))
    (coverage,) = compared(base, head).coverage
    assert coverage.verdict == "worse" and len(coverage.recovered) == 2 and coverage.asked == 48
    assert [(each.what, each.scores) for each in coverage.gone] == [("viseme on d/test/cross", 66)]
    assert compared(base, head, case_sets=["d/test/self"]).coverage[0].verdict == "better"
    back = compared(head, base)
    assert not back.coverage[0].gone and "only a has scores there" in back.refused[0].why


@pytest.mark.parametrize("asked", [(), ("viseme", "folder")])
def test_a_model_that_is_gone_is_lost_coverage(make_results: MakeResults, asked: tuple[str, ...]) -> None:
    base, head = make_results("a"), make_results("b")
    make_results("a", model="folder", fails={"s0-0"})
    found = compared(base, head, models=asked)
    kept, gone = found.coverage
    assert (kept.verdict, gone.model, gone.verdict, found.verdict) == ("same", "folder", "worse", "worse")
    assert (gone.base, gone.head, gone.asked, gone.gone[0].scores) == (69, 0, 24, 69)
    back = compared(head, base, models=asked)
    assert back.verdict == "same" and back.refused[0].what == "folder"


def test_no_common_case_and_no_common_model_cannot_be_told(make_results: MakeResults) -> None:
    base, other = make_results("a"), make_results("b")
    rewrite(other, lambda table: table.assign(case="x" + table["case"]))
    with pytest.raises(CannotTell, match="no case of viseme in common"):
        compared(base, other)
    with pytest.raises(CannotTell, match="no model in common: a has viseme, c has folder"):
        compared(base, make_results("c", model="folder"))
    with pytest.raises(BenchError, match="Did you mean 'viseme'"):
        compared(base, base, models=["visem"])


def test_one_speaker_and_one_clip(make_results: MakeResults) -> None:
    found = compared(
        make_results("a", speakers=1, clips=8), make_results("b", speakers=1, clips=8, worse={"m_ld": 0.05}, seed=2)
    )
    assert verdicts(found)["m_ld"] == "worse" and "one speaker" in found.metrics[0].note
    single = compared(make_results("c", speakers=1, clips=1), make_results("d", speakers=1, clips=1, seed=2))
    assert set(verdicts(single).values()) == {"unclear"} and "one case" in single.metrics[0].note


def test_equal_and_undefined_values_end_in_words(make_results: MakeResults) -> None:
    base, head = make_results("a"), make_results("b")
    for space, value in ((base, 1.0), (head, 2.0)):
        rewrite(
            space,
            lambda table, value=value: table.assign(value=np.where(table["metric"] == "m_ld", value, table["value"])),
        )
    rewrite(head, lambda table: table.assign(value=table["value"].mask(table["metric"] == "f_ld", float("nan"))))
    found = compared(base, head)
    assert verdicts(found) == {"m_ld": "worse", "psnr": "same"}
    assert found.coverage[0].verdict == "worse"
    assert {failure.detail for failure in found.coverage[0].failed} == {"not a finite number"}


def test_a_damaged_table_is_named(make_results: MakeResults) -> None:
    base, head = make_results("a"), make_results("b")
    path = head.scores_table(CASES, "viseme")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CannotTell, match=r"viseme\.parquet cannot be read"):
        compared(base, head)
    path.write_bytes(b"")
    with pytest.raises(CannotTell, match=r"viseme\.parquet cannot be read"):
        compared(base, head)
    write_table(path, pd.DataFrame({"case": ["x"]}), {"case": "str"})
    with pytest.raises(CannotTell, match="version"):
        compared(base, head)
    base.cases_table(CASES).write_bytes(b"PAR1")
    with pytest.raises(CannotTell, match=r"self\.parquet cannot be read"):
        compared(base, base)


def test_corpus_metrics_are_paired_by_replicates_of_the_same_draws(make_results: MakeResults) -> None:
    random = np.random.default_rng(0)
    shared = 5 + random.normal(size=200)
    base = make_results("a", corpus=(5.0, shared))
    head = make_results("b", corpus=(6.0, shared + 1 + 0.05 * random.normal(size=200)))
    row = next(row for row in compared(base, head).metrics if row.metric == "pose_fd")
    assert (row.verdict, row.scope) == ("worse", "d/test/self") and row.high - row.low < 0.5
    alone = make_results("c", corpus=(6.0, shared[:100]))
    row = next(row for row in compared(base, alone).metrics if row.metric == "pose_fd")
    assert row.verdict == "unclear" and "replicates" in row.note


def test_strata_name_where_it_got_worse(make_results: MakeResults) -> None:
    happy = {f"s{speaker}-{clip}" for speaker in range(6) for clip in (0, 2)}
    found = compared(make_results("a"), make_results("b", worse={"m_ld": 0.05}, only=happy, seed=2))
    by_emotion = {row.stratum: row for row in found.strata if (row.kind, row.metric) == ("emotion", "m_ld")}
    assert by_emotion["happy"].low > 0.02 and abs(by_emotion["sad"].difference) < 0.01
    of_speakers = [row for row in found.strata if (row.kind, row.metric) == ("speaker", "m_ld")]
    assert len(of_speakers) == 6 and all(np.isnan(row.low) and row.cases == 4 for row in of_speakers)


def test_rows_and_seeds_do_not_depend_on_the_order_of_files(make_results: MakeResults) -> None:
    base, head = make_results("a"), make_results("b", worse={"m_ld": 0.01}, seed=2)
    first = compared(base, head)
    rewrite(head, lambda table: table.sample(frac=1, random_state=0))
    write_table(head.cases_table(CASES), pd.read_parquet(head.cases_table(CASES)).iloc[::-1], CASE_COLUMNS)
    again = compared(base, head)
    for one, two in zip(first.metrics, again.metrics, strict=True):
        assert (one.metric, one.verdict) == (two.metric, two.verdict)
        np.testing.assert_allclose((one.low, one.high, one.p_value), (two.low, two.high, two.p_value), rtol=1e-9)


def test_speakers_that_agree_by_chance_claim_no_certainty(tmp_path: Path) -> None:
    from bench.compare.differences import differences

    base = np.zeros((6, 1))
    head = np.array([[1.0], [0.0], [1.0], [0.0], [0.0], [1.0]])
    (found,) = differences(base, head, np.array(["a", "a", "b", "b", "c", "c"], object), 0)
    assert found.difference.value == 0.5 and not found.difference.known
    assert np.isnan(statistics.detectable(found.difference))
