"""Verdicts on made-up series, and what the page says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.validity.catalogue import DAMAGES, damage
from bench.validity.expectations import departs, expectations, expected, load, undeclared, weakly_as_expected
from bench.validity.figure import few_colours, response_curves
from bench.validity.measure import CLEAN, Measured
from bench.validity.response import (
    Response,
    Verdict,
    judge,
    rank_correlation,
    response,
    smallest_told,
    worst_step_back,
)
from bench.validity.subjects import PUPPET, Subject
from bench.validity.words import sentence, smallest_row, unscored, verdict_row, with_interval
from metrics import registry
from metrics.base import Labels, Status, Unscorable
from metrics.statistics import Interval
from reports.figure_style import to_bytes

SPEAKERS = 8
curves = st.lists(st.floats(-10, 10), min_size=1, max_size=8).map(np.array)
levels = st.lists(st.tuples(st.booleans(), st.sampled_from([-1.0, 1.0])), min_size=1, max_size=7)


@given(curves)
def test_the_worst_step_back_is_the_largest_fall_in_order(curve: np.ndarray) -> None:
    first, second = worst_step_back(curve)
    falls = [a - b for i, a in enumerate(curve) for b in curve[i + 1 :]]
    assert first <= second
    assert curve[first] - curve[second] == max([0.0, *falls])


@given(curves)
def test_a_curve_that_never_falls_has_no_step_back_and_ranks_in_order(curve: np.ndarray) -> None:
    rising = np.sort(curve)
    assert worst_step_back(rising) == (0, 0)
    assert rank_correlation(rising) >= 0
    if len(set(rising)) == len(rising) > 1:
        assert rank_correlation(rising) == pytest.approx(1.0)
        assert rank_correlation(rising[::-1]) == pytest.approx(-1.0)


@given(levels)
def test_from_the_smallest_level_on_all_are_told_alike(series: list[tuple[bool, float]]) -> None:
    told, signs = [each for each, _ in series], [sign for _, sign in series]
    place = smallest_told(told, signs)
    if place is None:
        assert not told[-1]
    else:
        assert all(told[place:]) and len(set(signs[place:])) == 1
        assert place == 0 or not told[place - 1] or signs[place - 1] != signs[-1]


@given(levels, st.booleans())
def test_the_verdict_follows_the_strongest_level_that_is_told(series: list[tuple[bool, float]], step: bool) -> None:
    told, signs = [each for each, _ in series], [sign for _, sign in series]
    found = judge(False, told, signs, step)
    seen = [sign for each, sign in series if each]
    if not seen:
        assert found is Verdict.SILENT
    elif seen[-1] < 0:
        assert found is Verdict.BETTER
    else:
        assert found is (Verdict.UNEVEN if step else Verdict.WORSE)


def _response(
    name: str, metric: str, means: Sequence[float | None], spread: float = 0.1, count: int = SPEAKERS
) -> Response:
    """The response to made-up values: a mean a level (the clip itself is 0), every clip off it by chance."""
    asked, random = damage(name), np.random.default_rng(5)
    subjects = tuple(Subject(PUPPET, f"clip{i}", Labels(speaker=f"s{i}"), Path("clip.mp4"), None) for i in range(count))
    outcomes = {CLEAN: (0.0,) * count}
    for level, mean in zip(asked.levels, means, strict=True):
        gone = Unscorable(Status.NO_FACE, "no face")
        values = [gone if mean is None else mean + spread * x for x in random.standard_normal(count)]
        outcomes[name, level] = tuple(values)
    found = response(Measured(PUPPET, subjects, {metric: outcomes}, {}), registry.get(metric), asked)
    assert found is not None
    return found


def test_a_metric_that_follows_the_damage_gets_worse_and_says_from_where_on() -> None:
    found = _response("blur", "blur", [0.0, 0.02, 1.0, 2.0])
    assert found.verdict is Verdict.WORSE and found.smallest == 2 and found.rho > 0.7
    assert not departs(found)
    assert verdict_row(found.metric, [[found]]) == ("Blur ↓", "▼")
    assert smallest_row(found.metric, [[found]])[1] == "σ 2 px"


def test_where_more_is_better_the_direction_turns() -> None:
    assert _response("blur", "psnr", [-1, -2, -3, -4]).verdict is Verdict.WORSE
    wrong = _response("blur", "psnr", [1, 2, 3, 4])
    assert wrong.verdict is Verdict.BETTER and wrong.rho == pytest.approx(-1)
    assert departs(wrong) and "must get worse; it gets better (σ 4 px: +3.96" in sentence(wrong)


def test_a_step_back_counts_only_beyond_chance() -> None:
    real, chance = _response("blur", "blur", [1, 3, 2, 4]), _response("blur", "blur", [1, 3.0, 2.98, 4])
    assert real.verdict is Verdict.UNEVEN and real.back.value == pytest.approx(1, abs=0.2)
    assert "steps back by 1 [0.96, 1.2] on the way" in sentence(real)
    assert chance.verdict is Verdict.WORSE


def test_an_interval_that_does_not_exist_is_a_dash() -> None:
    assert with_interval(Interval(-0.194, float("nan"), float("nan"), 0.95)) == "-0.194 [–]"
    assert with_interval(Interval(1.5, -0.25, 2.0, 0.95)) == "+1.5 [-0.25, +2]"


def test_noise_is_silent_and_the_same_number_is_unchanged() -> None:
    silent = _response("blur", "psnr", [0, 0, 0, 0])
    assert silent.verdict is Verdict.SILENT and silent.smallest is None and "no level can be told" in sentence(silent)
    assert _response("blur", "psnr", [0, 0, 0, 0], spread=0).verdict is Verdict.UNCHANGED


def test_a_damage_that_takes_the_value_away_is_listed() -> None:
    lost = _response("blur", "m_ld", [0.5, 1, 2, None])
    assert lost.verdict is Verdict.WORSE and [level.level for level in lost.levels] == [0.5, 1, 2]
    assert "| M-LD | blur | puppet | σ 4 px: none |" in unscored([lost])
    gone = _response("blur", "psnr", [None] * 4)
    assert gone.verdict is Verdict.NO_VALUE and departs(gone) and "it has no value" in sentence(gone)


def test_a_right_response_that_few_clips_hide_is_told_apart_from_none() -> None:
    found = _response("blur", "psnr", [0, 0, 0, 0], spread=3, count=3)
    hidden, absent = replace(found, rho=0.9), replace(found, rho=0.2)
    assert found.verdict is Verdict.SILENT
    assert departs(hidden) and departs(absent)
    assert weakly_as_expected(hidden) and not weakly_as_expected(absent)


def test_one_clip_gives_no_verdict() -> None:
    found = _response("blur", "psnr", [-1, -2, -3, -4], count=1)
    assert found.verdict is Verdict.FEW and not departs(found) and found.levels[-1].effect.value < -3


def test_a_damage_that_was_not_done_has_no_response() -> None:
    empty = Measured(PUPPET, (), {"psnr": {CLEAN: ()}}, {})
    assert response(empty, registry.get("psnr"), damage("blur")) is None


def test_curves_are_drawn_for_what_moves_only() -> None:
    moved, still = _response("blur", "blur", [1, 2, 3, 4]), _response("blur", "psnr", [0, 0, 0, 0], spread=0)
    figure = response_curves("title", [moved, still])
    assert figure is not None and len(figure.axes) == 1
    assert figure.axes[0].lines[0].get_xdata() == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    png = to_bytes(figure, "png")
    assert few_colours(png).startswith(b"\x89PNG") and len(few_colours(png)) < len(png)
    assert response_curves("title", [still]) is None


def test_the_declared_expectations_name_what_there_is() -> None:
    found = expectations()
    assert found["pose_yaw", "yaw"] == "worse" and found["m_ld", "sound late"] == "hold"
    assert expected("pose_yaw", damage("pitch")) == "may"
    assert {name for _, name in found} <= {each.name for each in DAMAGES}
    hear = {"audio", "phonemes"}
    for metric, name in found:
        if name.startswith("sound") and found[metric, name] == "worse":
            assert hear & set(registry.get(metric).needs), metric
    assert registry.get("pose_yaw") not in undeclared(list(registry.all_metrics().values()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {metrics: [psnrr]}", "unknown metric 'psnrr'. Did you mean 'psnr'"),
        ("- {metrics: [psnr], worse: [blurr]}", "unknown damage 'blurr'. Did you mean 'blur'"),
        ("- {metrics: [psnr]}\n- {metrics: [psnr]}", "stands in two entries"),
        ("- {metrics: [psnr], worse: [pictures], hold: [blur]}", "must get worse and must hold under blur"),
        ("- {metrics: [psnr], wors: [blur]}", "wors"),
        ("psnr: worse", "a list of entries"),
    ],
)
def test_a_wrong_expectation_is_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "expectations.yaml"
    path.write_text(text)
    with pytest.raises(BenchError) as error:
        load(path)
    assert message in str(error.value)
