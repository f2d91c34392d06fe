"""All words of the page, from one file a language. A word that is missing or unknown is refused by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from reports.study.files import StudyError, read_checked
from reports.study.schema import Question, Strict

FOLDER = Path(__file__).parent / "page"
ID = re.compile(r"^[a-z][a-z0-9_-]{0,39}$")


class Screening(Strict):
    """A question before the study; options: words by id, in the order shown. The id of the chosen one is what is stored."""

    question: str
    label: str = Field(min_length=1)
    options: dict[str, str] = Field(min_length=2)

    @field_validator("question")
    @classmethod
    def _id(cls, value: str) -> str:
        if not ID.match(value):
            raise ValueError("an id is lower-case letters, digits, - and _")
        return value


class Start(Strict):
    """Consent and screening. `contact` is shown where a contact was named, ``{contact}`` in it is replaced."""

    title: str
    paragraphs: tuple[str, ...] = Field(min_length=1)
    contact: str
    agree: str
    go: str
    preview: str
    screening_title: str
    choose: str


class Headphones(Strict):
    """The headphone check; ``{round}`` and ``{rounds}`` in `prompt`, ``{number}`` in `option` are replaced."""

    title: str
    intro: str
    play: str
    prompt: str
    option: str
    passed: str
    again: str
    failed: str
    retry: str
    go_on: str


class Trial(Strict):
    """Words around the videos; ``{number}`` and ``{count}`` in `progress`, ``{side}`` in `instruction` are replaced."""

    practice: str
    practice_intro: str
    progress: str
    play: str
    playing: str
    replay: str
    watch_first: str
    reference: str
    instruction: str
    next: str
    keys: str
    keys_ties: str
    feedback_right: str
    feedback_wrong: str
    loading: str
    media_failed: str
    retry: str
    optional: str


class Sides(Strict):
    """The names of what is chosen."""

    left: str
    right: str
    tie: str


class Withdraw(Strict):
    """Leaving, with all answers erased."""

    button: str
    title: str
    text: str
    confirm: str
    stay: str
    done: str


class End(Strict):
    """The last page. `code` goes with a completion code, `answers_code` with answers that the rater has to carry."""

    title: str
    text: str
    code: str
    copy_code: str = Field(alias="copy")
    copied: str
    leave: str
    submit: str
    sending: str
    answers_code: str


class Errors(Strict):
    """What can go wrong, said to a rater."""

    old_browser: str
    insecure: str
    full: str
    taken: str
    withdrawn: str
    unknown_block: str
    changed: str
    offline: str
    refused: str
    retry: str
    no_script: str


class Texts(Strict):
    """A file of texts.

    Attributes:
        language: BCP 47 tag. direction: of writing. title: of the page; it names no model and no study. questions: words by
            the id of a question of the study. side_by_side, sequential: names of the two videos in each layout.
    """

    language: str = Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    direction: Literal["ltr", "rtl"] = "ltr"
    title: str
    skip: str
    start: Start
    screening: tuple[Screening, ...] = ()
    headphones: Headphones
    trial: Trial
    questions: dict[str, str]
    side_by_side: Sides
    sequential: Sides
    withdraw: Withdraw
    end: End
    errors: Errors


def shipped() -> list[str]:
    """The languages that come with the suite."""
    return sorted(path.name.split(".")[1] for path in FOLDER.glob("texts.*.yaml"))


def read_texts(named: str, asked: Iterable[Question]) -> Texts:
    """The texts of a language that is shipped, or of a file.

    Args:
        named: ``en``, ``de`` or the path of a YAML file. asked: the study's questions; each needs its words.

    Raises:
        StudyError: no such language or file, no YAML, or a text that is missing, empty or unknown, by its name.
    """
    path = FOLDER / f"texts.{named}.yaml" if named in shipped() else Path(named)
    languages = ", ".join(shipped())
    texts = read_checked(
        path, Texts, f"Name a language ({languages}) or a file like texts.en.yaml.", "texts.en.yaml has it"
    )
    if empty := list(_empty(texts.model_dump(), "")):
        raise StudyError(f"{path}: {empty[0]} is empty; every text needs its words")
    for question in asked:
        if question.question not in texts.questions:
            name = question.question
            raise StudyError(f"{path}: questions.{name} is missing: the study asks it and has no words for it")
    return texts


def _empty(value: Any, place: str) -> Iterable[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _empty(part, f"{place}.{name}" if place else str(name))
    elif isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            yield from _empty(part, f"{place}.{number}")
    elif not str(value).strip():
        yield place
