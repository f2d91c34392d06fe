"""Answers beside what was asked: each fits a trial of its rater's block, or is listed with the reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.study.files import StudyError
from reports.study.schema import Answer, Pair, Question, Rater, Study, Trial, fingerprint

REASONS: Mapping[str, str] = {
    "other_study": "given to another version of the study file",
    "unknown_rater": "the rater is not in raters.csv",
    "withdrawn": "the rater withdrew",
    "foreign_trial": "the trial is not in the rater's block",
    "unknown_question": "the study does not ask this question",
    "no_choice": "a choice was asked for and none given",
    "tie_not_offered": "a tie where the question offers none",
    "twice": "the rater had answered this question of this trial before",
    "out_of_order": "kept: the trial has another place in the block than the answer says",
}
"""Why an answer is listed. All but ``out_of_order`` leave it out."""

COLUMNS: Mapping[str, str] = {
    "rater": "str", "trial": "str", "pair": "str", "kind": "str", "clip": "str", "question": "str", "first": "str",
    "second": "str", "chosen": "str", "side": "str", "left": "str", "repeat": "bool", "seconds": "float64",
    "emotion": "str", "level": "str", "speaker": "str",
}  # fmt: skip
"""Of `Answers.choices`. chosen: ``first``, ``second`` (video of the pair) or ``tie``; side: the same as seen on the screen;
left: which video stood there; clip: case set and case."""


@dataclass(frozen=True)
class Answers:
    """What can be counted.

    Attributes:
        choices: one row an answered choice, `COLUMNS`. texts: ``rater, pair, question, text``, free words.
        problems: ``reason, rater, trial, question``, a row an answer that does not fit. raters: those who did not withdraw,
            by id. withdrawn: how many did.
    """

    choices: pd.DataFrame
    texts: pd.DataFrame
    problems: pd.DataFrame
    raters: Mapping[str, Rater]
    withdrawn: int


def fit_answers(study: Study, given: Sequence[Answer], raters: Sequence[Rater]) -> Answers:
    """Sort answers into those that fit and those that do not; of two for the same question the first counts.

    Raises:
        StudyError: there is no answer, or none that was given to this version of the study file.
    """
    if not given:
        raise StudyError(f"the study {study.study} has no answers yet: answers.csv has only its head")
    mark = fingerprint(study)
    if all(answer.study != mark for answer in given):
        raise StudyError(
            f"none of the {len(given)} answers was given to this study file: it was edited after they came in, or is "
            f"another study's. Put the study.yaml back that raters saw (its fingerprint begins with {given[0].study[:12]})."
        )
    known = {rater.rater: rater for rater in raters}
    questions = {question.question: question for question in study.questions}
    trials = {
        (block.block, trial.trial): (number, trial)
        for block in study.blocks
        for number, trial in enumerate(block.trials)
    }
    pairs = {pair.pair: pair for pair in study.pairs}
    seen: set[tuple[str, str, str]] = set()
    choices, texts, problems = [], [], []
    for answer in given:
        key = (answer.rater, answer.trial, answer.question)
        number, trial = trials.get((answer.block, answer.trial), (-1, None))
        reason = _misfit(answer, mark, known, questions, trial, key in seen)
        if not reason and number != answer.number:
            problems.append(("out_of_order", *key))
        if reason or trial is None:
            problems.append((reason, *key))
            continue
        seen.add(key)
        if questions[answer.question].kind == "text":
            texts.append((answer.rater, trial.pair, answer.question, answer.text))
        else:
            choices.append(_choice(answer, trial, pairs[trial.pair]))
    return Answers(
        pd.DataFrame(choices, columns=list(COLUMNS)).astype(dict(COLUMNS)),
        pd.DataFrame(texts, columns=["rater", "pair", "question", "text"], dtype=str),
        pd.DataFrame(problems, columns=["reason", "rater", "trial", "question"], dtype=str),
        {name: rater for name, rater in known.items() if rater.status != "withdrawn"},
        sum(rater.status == "withdrawn" for rater in known.values()),
    )


def _misfit(
    answer: Answer, mark: str, raters: Mapping[str, Rater], questions: Mapping[str, Question], trial: Trial | None,
    before: bool,
) -> str:  # fmt: skip
    """A key of `REASONS`, or nothing."""
    rater, question = raters.get(answer.rater), questions.get(answer.question)
    if answer.study != mark:
        return "other_study"
    if rater is None:
        return "unknown_rater"
    if rater.status == "withdrawn":
        return "withdrawn"
    if trial is None or rater.block != answer.block:
        return "foreign_trial"
    if question is None:
        return "unknown_question"
    if question.kind == "choice" and not answer.choice:
        return "no_choice"
    if question.kind == "choice" and answer.choice == "tie" and not question.ties:
        return "tie_not_offered"
    return "twice" if before else ""


def _choice(answer: Answer, trial: Trial, pair: Pair) -> tuple[object, ...]:
    right = "second" if trial.left == "first" else "first"
    chosen = {"left": trial.left, "right": right}.get(answer.choice, "tie")
    return (
        answer.rater, trial.trial, pair.pair, pair.kind, f"{pair.cases}/{pair.case}", answer.question, pair.first.model,
        pair.second.model, chosen, answer.choice, trial.left, trial.repeat, answer.seconds, pair.emotion, pair.level,
        pair.speaker,
    )  # fmt: skip


def counted(choices: pd.DataFrame) -> pd.DataFrame:
    """Answers that preferences are made of: to test pairs, seen for the first time."""
    return choices[(choices["kind"] == "test") & ~choices["repeat"]]
