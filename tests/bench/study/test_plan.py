"""The plan of a study: options and file say the same, and mistakes have a place and a remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.errors import BenchError
from bench.study.plan import make_plan

BASE: dict[str, Any] = {"name": "lips", "models": ["a", "b", "c"]}


def test_what_is_given_goes_before_what_the_file_says(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(yaml.safe_dump({**BASE, "raters": 30, "exclusions": {"checks_missed": 0}}))
    plan = make_plan({"raters": 40}, file)
    assert (plan.raters, plan.name, plan.exclusions.checks_missed) == (40, "lips", 0)
    assert plan == make_plan({**BASE, "raters": 40, "exclusions": {"checks_missed": 0}})


def test_model_pairs_have_three_ways() -> None:
    def pairs(said: str) -> list[tuple[str, str]]:
        return make_plan({**BASE, "model_pairs": said}).comparisons()

    assert pairs("all") == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs("against:b") == [("b", "a"), ("b", "c")]
    assert pairs("a:b, c:b") == [("a", "b"), ("c", "b")]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("against:d", "unknown model 'd'"), ("most", "neither all, nor against:MODEL"), ("a:b,b:a", "'b:a' .* is there twice"),
        ("a:a", "with itself"), ("a:", "unknown model ''"),
    ],
)  # fmt: skip
def test_wrong_model_pairs_are_refused(said: str, reason: str) -> None:
    with pytest.raises(BenchError, match=reason):
        make_plan({**BASE, "model_pairs": said}).comparisons()


REFUSED: dict[str, dict[str, Any]] = {
    "unknown key 'rater'. Did you mean 'raters'": {"rater": 3},
    "unknown key 'exclusions.checks'. Did you mean 'checks_missed'": {"exclusions": {"checks": 3}},
    "unknown question 'lipsync'. Did you mean 'lip-sync'": {"questions": ["lipsync"]},
    "'overall' is there twice": {"questions": ["overall", "overall"]},
    "'a' is there twice": {"models": ["a", "a"]},
    "models: list should have at least 2 items": {"models": ["a"]},
    "it names a folder": {"name": "../lips"},
    "raters and effect exclude each other": {"raters": 3, "effect": 0.6},
    "free text alone compares nothing": {"questions": ["free-text"]},
    "broken sound can be told by": {"questions": ["head-motion"]},
    "choose: input should be 'stratified', 'random' or 'disagreement'": {"choose": "best"},
    "not of the form dataset/split/protocol": {"cases": ["puppet"]},
    "raters: input should be greater than or equal to 1": {"raters": 0},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_wrong_key_or_value_is_refused_with_its_place(reason: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(yaml.safe_dump({**BASE, **REFUSED[reason]}))
    with pytest.raises(BenchError, match=reason.replace(".", r"\.")):
        make_plan({}, file)


@pytest.mark.parametrize(
    ("text", "reason"), [("{a: [", "not valid YAML"), ("- a", "must be a mapping"), ("{}", "name is missing")]
)
def test_a_file_that_is_no_plan_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(text)
    with pytest.raises(BenchError, match=reason):
        make_plan({}, file)
    with pytest.raises(BenchError, match="cannot read"):
        make_plan({}, tmp_path / "absent.yaml")
