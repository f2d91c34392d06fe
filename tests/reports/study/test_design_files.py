"""The study file: what was written is read, and what is wrong with it is said with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.study.files import StudyError, read_study, study_text
from reports.study.schema import Study, fingerprint


@pytest.fixture
def small() -> dict[str, Any]:
    """A study of one pair and one block, as its file holds it."""
    side = {"model": "a", "media": "1.mp4", "sha256": "0" * 64}
    return {
        "study": "lips", "seed": 0, "criterion": "all", "models": {"a": "1", "b": "1"}, "raters": 1,
        "questions": [{"question": "overall"}],
        "pairs": [{"pair": "p", "case": "c", "cases": "d/test/self", "first": side, "second": {**side, "model": "b"}, "seconds": 2.4}],
        "blocks": [{"block": "k", "code": "X", "trials": [{"trial": "t", "pair": "p", "left": "first"}]}],
    }  # fmt: skip


def written(path: Path, data: Any) -> Path:
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data), encoding="utf-8")
    return path


def test_what_was_written_is_read_and_keeps_its_fingerprint(small: dict[str, Any], tmp_path: Path) -> None:
    study = Study.model_validate({**small, "criterion": "größte Uneinigkeit: 1/3"})
    written(tmp_path / "study.yaml", study_text(study))
    assert read_study(tmp_path) == study
    assert fingerprint(read_study(tmp_path)) == fingerprint(study)


def test_any_edit_changes_the_fingerprint(small: dict[str, Any]) -> None:
    before = fingerprint(Study.model_validate(small))
    small["pairs"][0]["emotion"] = "happy"
    assert fingerprint(Study.model_validate(small)) != before


BROKEN: dict[str, tuple[Any, str]] = {
    "no YAML": ("{a: [", "not valid YAML"),
    "a list": ("[]", "it must be a mapping"),
    "unknown key": ({"rater": 3}, "unknown key 'rater'. Did you mean 'raters'"),
    "unknown key of a block": (
        {"blocks": [{"block": "k", "code": "X", "trials": [], "trails": []}]},
        "unknown key 'blocks.0.trails'. Did you mean 'trials'",
    ),
    "wrong value": ({"layout": "stacked"}, "layout: input should be 'side-by-side' or 'sequential'"),
    "another format": ({"format": 2}, "format: input should be 1"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_refused_with_the_place(fault: str, small: dict[str, Any], tmp_path: Path) -> None:
    change, said = BROKEN[fault]
    with pytest.raises(StudyError, match=said):
        read_study(written(tmp_path / "study.yaml", change if isinstance(change, str) else {**small, **change}))


def test_ids_are_there_once_and_lead_somewhere(small: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="the pair p is there twice"):
        read_study(written(tmp_path / "study.yaml", {**small, "pairs": small["pairs"] * 2}))
    small["blocks"][0]["trials"][0]["pair"] = "q"
    with pytest.raises(StudyError, match="trial t of block k shows the pair q, which is not there"):
        read_study(written(tmp_path / "study.yaml", small))


def test_an_absent_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="space-bench study design"):
        read_study(tmp_path)
