"""Whether an answer fits the question that it claims to answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from reports.study.schema import Question


class Given(Protocol):
    """What was said to one question."""

    @property
    def question(self) -> str: ...
    @property
    def choice(self) -> str: ...
    @property
    def text(self) -> str: ...


def fault_of(said: Given, questions: Mapping[str, Question]) -> str:
    """Why it does not fit; empty if it does. questions: those of the study, by id."""
    question = questions.get(said.question)
    if question is None:
        return f"the study does not ask {said.question[:40]!r}"
    if question.kind == "text":
        return "" if said.text.strip() and not said.choice else f"{said.question} is answered in words"
    if not said.choice or said.text:
        return f"{said.question} is answered by a choice"
    return "" if question.ties or said.choice != "tie" else f"{said.question} has no tie"
