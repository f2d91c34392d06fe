"""The words of the page come from one file; what is wrong with it is said by the name of the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.study.files import StudyError
from reports.study.schema import Question
from reports.study.texts import FOLDER, read_texts, shipped

ASKED = (Question(question="lip-sync"), Question(question="free-text", kind="text"))


def _english() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "texts.en.yaml").read_text(encoding="utf-8"))


def _read(path: Path, data: dict[str, Any]) -> str:
    """The complaint about a file with these texts."""
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(StudyError) as error:
        read_texts(str(path), ASKED)
    return str(error.value)


def test_every_shipped_language_has_every_text_and_the_same_placeholders() -> None:
    def holes(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: holes(part) for name, part in value.items()}
        return sorted(part.split("}")[0] for part in str(value).split("{")[1:])

    languages = {name: read_texts(name, ASKED) for name in shipped()}
    assert {"en", "de"} <= set(languages)
    english = languages["en"].model_dump()
    for texts in languages.values():
        other = texts.model_dump()
        for part in ("headphones", "trial", "end", "errors", "withdraw"):
            assert holes(other[part]) == holes(english[part]), (texts.language, part)
        assert [item.question for item in texts.screening] == [item.question for item in languages["en"].screening]
        assert set(texts.questions) == set(languages["en"].questions)


def test_a_missing_text_is_refused_by_name(tmp_path: Path) -> None:
    data = _english()
    del data["trial"]["replay"]
    assert "trial.replay is missing" in _read(tmp_path / "t.yaml", data)


def test_an_unknown_text_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    data = _english()
    data["trial"]["repaly"] = data["trial"].pop("replay")
    assert "unknown key 'trial.repaly'. Did you mean 'replay'?" in _read(tmp_path / "t.yaml", data)
    data = _english()
    data["screening"][0]["lable"] = "x"
    assert "Did you mean 'label'?" in _read(tmp_path / "t.yaml", data)


def test_an_empty_text_and_a_question_without_words_are_refused(tmp_path: Path) -> None:
    data = _english()
    data["errors"]["full"] = " "
    assert "errors.full is empty" in _read(tmp_path / "t.yaml", data)
    data = _english()
    del data["questions"]["lip-sync"]
    assert "questions.lip-sync is missing: the study asks it" in _read(tmp_path / "t.yaml", data)


@pytest.mark.parametrize("text", ["- a\n- list", "a: [", "language: 'x y'"])
def test_what_is_no_file_of_texts_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(StudyError) as error:
        read_texts(str(path), ASKED)
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(StudyError, match=r"klingon.*Name a language \(.*en"):
        read_texts("klingon", ASKED)
