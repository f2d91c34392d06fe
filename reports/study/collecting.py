"""Codes that raters or a collecting server gave back, made into answers; what is not taken is counted, each with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from reports.study.answering import fault_of
from reports.study.codes import PATTERN, Packet, Refused, answer_of, block_key, decode, rater_of
from reports.study.schema import Answer, Rater, Study, fingerprint

Cause = Literal["damaged", "foreign", "forged", "malformed", "doubled", "no code"]
_ORDER = ("active", "finished", "withdrawn")


@dataclass
class Collected:
    """What came together.

    Attributes:
        answers, raters: the rows of the tables. refused: for each thing not taken its cause, its place (``file:line``) and
            the reason. repeated: answers that came again as they were, as a page does that never heard of their arrival.
    """

    answers: list[Answer] = field(default_factory=list)
    raters: list[Rater] = field(default_factory=list)
    refused: list[tuple[Cause, str, str]] = field(default_factory=list)
    repeated: int = 0

    def counts(self) -> Counter[str]:
        return Counter(cause for cause, _, _ in self.refused)


def collect(study: Study, salt: str, lines: Iterable[tuple[str, str]]) -> Collected:
    """Read codes wherever they stand: alone in a line, in JSON lines as posted by the page, in a cell of a CSV file.

    Args:
        lines: place and text of each line. The order does not matter, except that of two raters' worth of blocks under one
            name the first is kept.
    """
    found = Collected()
    mark = fingerprint(study)
    keys = {block.block: block_key(salt, block.block) for block in study.blocks}
    pending: list[tuple[str, str, Packet]] = []
    for place, text in lines:
        codes = PATTERN.findall(text)
        if not codes and text.strip():
            found.refused.append(("no code", place, f"no code in this line: {text.strip()[:40]!r}"))
        for code in codes:
            try:
                pending.append((place, *decode(code, keys, mark)))
            except Refused as error:
                found.refused.append((error.kind, place, str(error)))
    _merge(study, salt, pending, found)
    return found


def _merge(study: Study, salt: str, packets: list[tuple[str, str, Packet]], found: Collected) -> None:
    places = {block.block: {trial.trial: number for number, trial in enumerate(block.trials)} for block in study.blocks}
    questions = {question.question: question for question in study.questions}
    raters: dict[str, Rater] = {}
    answers: dict[tuple[str, str, str], Answer] = {}
    for place, block, packet in packets:
        row = rater_of(packet, block, salt)
        known = raters.get(row.rater)
        if known is not None and known.block != block:
            reason = f"rater {row.rater[:8]} has answered block {known.block} already"
            found.refused.append(("doubled", place, reason))
            continue
        if known is None or _ORDER.index(row.status) >= _ORDER.index(known.status):
            raters[row.rater] = row
        for said in packet.answers:
            number = places[block].get(said.trial)
            fault = fault_of(said, questions) if number is not None else f"trial {said.trial!r} is not in block {block}"
            if fault or number is None:
                found.refused.append(("malformed", place, fault))
                continue
            answer = answer_of(said, packet.study, row.rater, block, number)
            kept = answers.setdefault((row.rater, said.trial, said.question), answer)
            if kept is answer:
                continue
            if kept == answer:
                found.repeated += 1
            else:
                reason = f"rater {row.rater[:8]} has answered {said.question} of trial {said.trial} already"
                found.refused.append(("doubled", place, reason))
    found.raters = [_left(row) for row in sorted(raters.values(), key=lambda row: row.rater)]
    gone = {row.rater for row in found.raters if row.status == "withdrawn"}
    kept_answers = (answer for answer in answers.values() if answer.rater not in gone)
    found.answers = sorted(kept_answers, key=lambda answer: (answer.rater, answer.number))


def _left(row: Rater) -> Rater:
    """Of one who withdrew only that remains."""
    if row.status != "withdrawn":
        return row
    return Rater(study=row.study, rater=row.rater, block=row.block, status="withdrawn")
