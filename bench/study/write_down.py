"""A design with names and media: the study as its file says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.study.candidates import Candidate
from bench.study.media import Clip
from bench.study.names import Names
from bench.study.plan import QUESTIONS, StudyPlan
from bench.study.reserve import SAID, SPOILED, TRUE, Extra
from bench.study.size import Size
from reports.study.design import Design, Slot
from reports.study.schema import Block, Pair, Question, Side, Study, Trial


@dataclass(frozen=True)
class Draft:
    """A study without names and media.

    Attributes:
        plan: what was asked for. cases: all candidates; others speak of them by number. comparisons: pairs of models.
        design: who sees what. checks, practice: pairs that are no test, in the order in which `design` counts them.
        criterion: how cases were chosen, in a sentence.
    """

    plan: StudyPlan
    cases: Sequence[Candidate]
    comparisons: Sequence[tuple[str, str]]
    design: Design
    checks: Sequence[Extra]
    practice: Sequence[Extra]
    criterion: str

    def extras(self) -> list[Extra]:
        """All pairs of videos: tests, checks, practice."""
        tests = [Extra("test", case, *self.comparisons[comparison]) for comparison, case in self.design.pairs]
        return [*tests, *self.checks, *self.practice]

    def shown(self) -> set[int]:
        """Numbers of the cases that appear."""
        return {extra.case for extra in self.extras()}

    def seconds_a_rater(self) -> float:
        """Estimated time for the longest block: playing once, and (assumed) 4 s a choice and 20 s a free text."""
        asked = sum(4 if QUESTIONS[name] == "choice" else 20 for name in self.plan.questions)
        plays = 2 if self.plan.layout == "sequential" else 1
        lists: dict[str, Sequence[int]] = {
            "test": [case for _, case in self.design.pairs], "check": [extra.case for extra in self.checks],
            "practice": [extra.case for extra in self.practice],
        }  # fmt: skip
        lists["repeat"] = lists["test"]
        return max(
            sum(plays * _seconds(self.cases[lists[slot.kind][slot.number]]) + asked for slot in block)
            for block in self.design.blocks
        )


def _seconds(case: Candidate) -> float:
    return case.shortest() / case.fps


def clips_of(draft: Draft, names: Names) -> list[Clip]:
    """Every video that the study shows, once."""
    shown = {(extra.case, show) for extra in draft.extras() for show in (extra.first, extra.second)}
    if draft.plan.reference:
        shown |= {(number, TRUE) for number in draft.shown()}
    clips = []
    for number, show in sorted(shown):
        case = draft.cases[number]
        clips.append(Clip(
            _media(case, show, names), case.videos.get(show, case.clip),
            f"video of {SAID.get(show, show)} for case {case.case} of {case.cases}", case.shortest(), case.fps, case.width,
            case.height, case.sound, late=show == SPOILED,
        ))  # fmt: skip
    return clips


def study_of(
    draft: Draft, size: Size, versions: Mapping[str, str], names: Names, hashes: Mapping[str, str], results: str
) -> Study:
    """The study.

    Args:
        versions: of the models. hashes: sha256 of the media by name. results: where the videos came from, for people.
    """
    plan = draft.plan
    extras = draft.extras()
    pairs = [_pair(draft, number, extra, names, hashes) for number, extra in enumerate(extras)]
    begin = {"test": 0, "repeat": 0, "check": len(draft.design.pairs), "practice": len(extras) - len(draft.practice)}
    blocks = []
    for rater, slots in enumerate(draft.design.blocks):
        trials = tuple(
            _trial(slot, pairs[begin[slot.kind] + slot.number].pair, names.of("trial", rater, place))
            for place, slot in enumerate(slots)
        )
        blocks.append(Block(block=names.of("block", rater), code=names.code(rater), trials=trials))
    questions = tuple(
        Question(question=name, kind=QUESTIONS[name], ties=plan.ties and QUESTIONS[name] == "choice", required=QUESTIONS[name] == "choice")
        for name in plan.questions
    )  # fmt: skip
    return Study(
        study=plan.name, seed=plan.seed, results=results, criterion=draft.criterion, layout=plan.layout, reference=plan.reference,
        questions=questions, models=dict(versions), raters=size.raters, power=size.sentence,
        balance=draft.design.balance.sentence(), compared=tuple(draft.comparisons), exclusions=plan.exclusions,
        pairs=tuple(pairs), blocks=tuple(blocks),
    )  # fmt: skip


def _pair(draft: Draft, number: int, extra: Extra, names: Names, hashes: Mapping[str, str]) -> Pair:
    case = draft.cases[extra.case]
    sides = []
    for show in (extra.first, extra.second):
        media = _media(case, show, names)
        sides.append(Side(model=SAID.get(show, show), media=media, sha256=hashes[media]))
    longest = max(case.lengths.get(show, case.frames) for show in (extra.first, extra.second))
    return Pair(
        pair=names.of("pair", number), kind=extra.kind, case=case.case, cases=case.cases, speaker=case.speaker,
        emotion=case.emotion, level=case.level, first=sides[0], second=sides[1],
        reference=_media(case, TRUE, names) if draft.plan.reference else "", seconds=case.shortest() / case.fps,
        expected=extra.expected, judged_by=extra.judged_by, cut=longest - case.shortest(),
    )  # fmt: skip


def _trial(slot: Slot, pair: str, name: str) -> Trial:
    return Trial(trial=name, pair=pair, left="first" if slot.left else "second", repeat=slot.kind == "repeat")


def _media(case: Candidate, show: str, names: Names) -> str:
    return names.of("media", case.cases, case.case, show) + ".mp4"
