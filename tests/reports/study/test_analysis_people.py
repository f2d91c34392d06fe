"""Who is left out, which answers do not fit, whether people agree, and which metrics agree with them."""

from __future__ import annotations

import math
from dataclasses import replace

import krippendorff
import numpy as np
import pandas as pd
import pytest

from reports.study.analysis.agreement import intraclass, krippendorffs_alpha
from reports.study.analysis.analyse import analyse
from reports.study.analysis.answers import REASONS, counted, fit_answers
from reports.study.analysis.exclude import check_results, exclude
from reports.study.analysis.metrics import Metric, MetricValues, metric_agreement
from reports.study.analysis.output import render
from reports.study.files import StudyError
from reports.study.schema import Exclusions, Question
from reports.study.simulate import People, simulate
from tests.reports.study.answered import RESAMPLING, STRENGTHS, answered, drawn, flipped


def test_every_answer_that_does_not_fit_is_listed_with_its_reason() -> None:
    study, made = answered()
    good, raters = made.answers, list(made.raters)
    mine = [answer for answer in good if answer.rater == raters[0].rater]
    theirs = next(answer for answer in good if answer.block != mine[0].block)
    raters[1] = raters[1].model_copy(update={"status": "withdrawn"})
    strange = [
        mine[0].model_copy(update={"study": "0" * 64}),
        mine[1].model_copy(update={"rater": "nobody"}),
        theirs.model_copy(update={"rater": mine[0].rater}),
        mine[2].model_copy(update={"trial": "forged"}),
        mine[3].model_copy(update={"question": "smell"}),
        mine[4].model_copy(update={"choice": ""}),
        mine[5],
    ]
    offered = study.model_copy(update={"questions": (Question(question="overall"),)})
    found = fit_answers(study, [*good, *strange], raters)
    reasons = found.problems["reason"].value_counts().to_dict()
    withdrawn = sum(answer.rater == raters[1].rater for answer in good)
    assert reasons == {
        "other_study": 1, "unknown_rater": 1, "foreign_trial": 2, "unknown_question": 1, "no_choice": 1, "twice": 1,
        "withdrawn": withdrawn,
    }  # fmt: skip
    assert len(found.choices) == len(good) - withdrawn and found.withdrawn == 1
    assert set(reasons) <= set(REASONS)
    with pytest.raises(StudyError, match="edited after they came in"):
        fit_answers(offered, good, raters)


def test_a_tie_that_was_not_offered_and_a_wrong_place_are_listed() -> None:
    study, made = answered(ties=False)
    answers = [
        made.answers[0].model_copy(update={"choice": "tie"}),
        made.answers[1].model_copy(update={"number": 40}),
        *made.answers[2:],
    ]
    found = fit_answers(study, answers, made.raters)
    assert sorted(found.problems["reason"]) == ["out_of_order", "tie_not_offered"]
    assert len(found.choices) == len(answers) - 1


def test_careless_raters_are_found_and_others_stay() -> None:
    study, made = answered(People(STRENGTHS, careless=0.3), seed=3)
    found = exclude(study, fit_answers(study, made.answers, made.raters))
    assert made.careless and found.out == set(made.careless)
    assert set(found.counts) == {"checks_missed", "fastest_seconds", "one_side"}


def test_a_rule_that_the_study_does_not_have_leaves_nobody_out() -> None:
    study, made = answered(People(STRENGTHS, careless=0.3, unfinished=0.3), seed=3)
    answers = fit_answers(study, made.answers, made.raters)
    none = study.model_copy(update={"exclusions": Exclusions(checks_missed=-1)})
    assert exclude(none, answers).out == set() and exclude(none, answers).counts == {}
    complete = study.model_copy(update={"exclusions": Exclusions(checks_missed=-1, complete=True)})
    assert exclude(complete, answers).out == {rater.rater for rater in made.raters if rater.status == "active"} != set()


def test_a_check_is_judged_by_the_questions_that_it_speaks_of() -> None:
    study, made = answered()
    two = (study.questions[0], Question(question="motion", ties=True))
    pairs = tuple(
        pair.model_copy(update={"judged_by": ("overall",)} if pair.kind != "test" else {}) for pair in study.pairs
    )
    wide = study.model_copy(update={"questions": two, "pairs": pairs})
    choices = fit_answers(study, made.answers, made.raters).choices
    also = choices.assign(question="motion", chosen="second", side="right")
    assert not check_results(wide, pd.concat([choices, also]))["missed"].any()
    assert check_results(wide.model_copy(update={"pairs": study.pairs}), pd.concat([choices, also]))["missed"].all()


def test_alpha_is_the_librarys_and_does_not_depend_on_names() -> None:
    answers = drawn(answers=500).drop_duplicates(["rater", "pair"])
    code = {"first": 0.0, "second": 1.0, "tie": 2.0}
    rows = (
        answers.assign(code=answers["chosen"].map(code)).pivot(index="rater", columns="pair", values="code").to_numpy()
    )
    mirrored = np.hstack([rows, np.where(rows == 2, 2.0, 1 - rows)])
    expected = krippendorff.alpha(reliability_data=mirrored, level_of_measurement="nominal")
    found = krippendorffs_alpha(answers, RESAMPLING)
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.low < found.value < found.high
    same = krippendorffs_alpha(flipped(answers, (answers["pair"] > "c5").to_numpy()), RESAMPLING)
    assert same.value == pytest.approx(found.value, abs=1e-9)


def test_the_library_gives_its_published_example() -> None:
    """Krippendorff (2011), nominal: three coders, 15 units."""
    counts = [
        [1, 0, 0, 0], [0, 0, 0, 0], [0, 2, 0, 0], [2, 0, 0, 0], [0, 0, 2, 0], [0, 0, 2, 1], [0, 0, 0, 3], [1, 0, 1, 0],
        [0, 2, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0], [0, 0, 2, 0], [0, 0, 2, 0], [0, 0, 0, 0], [0, 0, 1, 1],
    ]  # fmt: skip
    assert krippendorff.alpha(value_counts=counts, level_of_measurement="nominal") == pytest.approx(0.691, abs=5e-4)


def test_alpha_is_one_where_all_agree_and_none_where_nobody_can() -> None:
    answers = drawn(ties=0.0)
    answers["pair"] = answers["clip"]
    answers["chosen"] = "first"
    assert krippendorffs_alpha(answers, RESAMPLING).value == pytest.approx(1)
    answers["pair"] = [f"{number}" for number in range(len(answers))]
    assert math.isnan(krippendorffs_alpha(answers, RESAMPLING).value)


def test_intraclass_correlations_find_who_differs() -> None:
    alike = People({}, rater_sd=0.0, clip_sd=0.0, ties=0.0)
    found = []
    for people in (alike, replace(alike, rater_sd=1.5), replace(alike, clip_sd=1.5)):
        study, _ = answered()
        made = simulate(study, people, 64, seed=2)
        found.append(intraclass(counted(fit_answers(study, made.answers, made.raters).choices)))
    assert np.abs(found[0]).max() < 0.06
    assert found[1][0] > 0.15 > found[1][1] + 0.05 and found[2][1] > 0.15 > found[2][0] + 0.05


GOOD, BAD = Metric("good", "Good", "", "higher"), Metric("bad", "Bad", "", "lower")
NOISE, CORPUS = Metric("noise", "Noise", "", "higher"), Metric("fid", "FID", "", "lower", corpus=True)


def invented_values(study_pairs: dict[str, tuple[str, str]]) -> MetricValues:
    """A metric that knows the models' strengths, the same with its sign lost, and noise with gaps."""
    random = np.random.default_rng(0)
    rows = []
    for number, (pair, models) in enumerate(study_pairs.items()):
        one, two = (STRENGTHS[model] + 0.1 * random.normal() for model in models)
        rows += [("good", pair, one, two), ("bad", pair, one, two)]
        rows.append(("noise", pair, random.normal(), float("nan") if number % 3 == 0 else random.normal()))
    models = pd.DataFrame(
        [("fid", model, -value) for model, value in STRENGTHS.items()], columns=["metric", "model", "value"]
    )
    return MetricValues(
        (GOOD, BAD, NOISE, CORPUS), pd.DataFrame(rows, columns=["metric", "pair", "first", "second"]), models
    )


def test_metrics_are_told_apart_by_how_they_agree_with_people() -> None:
    study, made = answered(People({"one": 1.5, "two": 0.0, "three": -1.5}, rater_sd=0.1, clip_sd=0.1))
    tests = {pair.pair: (pair.first.model, pair.second.model) for pair in study.pairs if pair.kind == "test"}
    found = analyse(study, made.answers, made.raters, invented_values(tests), RESAMPLING)
    rows = {row.metric.metric: row for row in found.metrics}
    assert [row.metric.metric for row in found.metrics] == ["good", "noise", "bad"]
    # It knows the models and nothing of their clips.
    assert rows["good"].within.low < 0 < rows["good"].within.high
    assert rows["good"].kendall.low > 0.2 and rows["good"].kendall.adjusted < 0.01
    assert rows["bad"].spearman.value == pytest.approx(-rows["good"].spearman.value)
    assert rows["bad"].accuracy.value == pytest.approx(1 - rows["good"].accuracy.value)
    assert rows["noise"].pairs < rows["noise"].asked == rows["good"].pairs == len(tests)
    assert rows["noise"].kendall.low < 0 < rows["noise"].kendall.high
    (level,) = found.models
    assert level.spearman == pytest.approx(1.0) and set(level.values) == set(study.models)


def test_metrics_do_not_depend_on_which_video_is_called_the_first() -> None:
    answers = drawn(answers=250)
    names = {pair: tuple(pair.split("/")[1:]) for pair in answers["pair"]}
    values = invented_values(names)
    one = metric_agreement("overall", answers, values, RESAMPLING)
    swapped = {pair for number, pair in enumerate(names) if number % 2}
    table = values.values.copy()
    rows = table["pair"].isin(swapped)
    table.loc[rows, ["first", "second"]] = table.loc[rows, ["second", "first"]].to_numpy()
    other = flipped(answers, answers["pair"].isin(swapped).to_numpy())
    two = metric_agreement("overall", other, replace(values, values=table), RESAMPLING)
    for a, b in zip(one, two, strict=True):
        assert a.within.value == pytest.approx(b.within.value, nan_ok=True, abs=1e-6)
        assert a.metric == b.metric and a.kendall.low == pytest.approx(b.kendall.low, nan_ok=True, abs=1e-6)


def test_few_pairs_have_no_correlation() -> None:
    study, made = answered()
    kept = counted(fit_answers(study, made.answers, made.raters).choices)
    few = kept[kept["pair"].isin(sorted(set(kept["pair"]))[:4])]
    values = invented_values(dict.fromkeys(few["pair"], ("one", "two")))
    assert all(
        math.isnan(row.kendall.value) and row.pairs <= 4 for row in metric_agreement("overall", few, values, RESAMPLING)
    )


@pytest.mark.parametrize(
    ("kind", "remark", "fit"),
    [
        ("one rater", "only one rater", ""),
        ("all ties", "", "every answer is a tie"),
        ("one never met", "three is in the study file, but no answer is about it", ""),
        ("all left", "", "one side was chosen always"),
        ("all agree", "", "one never lost to the others"),
    ],
)
def test_unusual_answers_are_shown_with_what_they_lack(kind: str, remark: str, fit: str) -> None:
    study, _ = answered()
    study = study.model_copy(update={"exclusions": Exclusions(checks_missed=-1)})
    made = simulate(study, People(STRENGTHS), 16, 1)
    trials = {trial.trial: trial for block in study.blocks for trial in block.trials}
    pairs = {pair.pair: pair for pair in study.pairs}
    answers = []
    for answer in made.answers:
        trial = trials[answer.trial]
        models = [side.model for side in (pairs[trial.pair].first, pairs[trial.pair].second)]
        better = "first" if models[0] == "one" or models[1] == "three" else "second"
        choice = {"all ties": "tie", "all left": "left"}.get(kind, answer.choice)
        if kind == "all agree":
            choice = "left" if trial.left == better else "right"
        if not (
            (kind == "one rater" and answer.rater != made.raters[0].rater)
            or (kind == "one never met" and "three" in models)
        ):
            answers.append(answer.model_copy(update={"choice": choice}))
    constant = pd.DataFrame(
        [("good", pair.pair, 1.0, 1.0) for pair in study.pairs], columns=["metric", "pair", "first", "second"]
    )
    values = MetricValues((GOOD,), constant, pd.DataFrame(columns=["metric", "model", "value"]))
    found = analyse(study, answers, made.raters, values, RESAMPLING)
    assert not remark or any(told.startswith(remark) for told in found.remarks)
    assert (found.scores[0].note or found.scores[0].refused).startswith(fit)
    assert math.isnan(found.metrics[0].kendall.value) and found.metrics[0].pairs == found.metrics[0].asked
    files = dict(render(found))
    assert b"nan" not in files["index.html"] and b"NaN" not in files["summary.json"]
