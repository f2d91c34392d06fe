"""A study as one readable file (``study.yaml``), and an answer to it. Every part of a study speaks through these.

Words: a *pair* is two videos of the same case. A *trial* is a pair as one rater sees it, with a side for each video. A
*block* is the list of trials of one rater. Ids that reach a rater (pairs, trials, blocks, media) are random and say
nothing about a model.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = 1

Layout = Literal["side-by-side", "sequential"]
PairKind = Literal["test", "practice", "broken-sound", "identical", "instructed"]
Choice = Literal["left", "right", "tie"]
CHECKS: tuple[PairKind, ...] = ("broken-sound", "identical", "instructed")


class Strict(BaseModel):
    """Unknown keys are errors, and nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(Strict):
    """What is asked about a pair.

    Attributes:
        question: its id, by which the page finds its words in the file of texts. kind: ``choice`` is answered by left,
            right or, with `ties`, tie; ``text`` by free words. required: a trial is not done without it.
    """

    question: str
    kind: Literal["choice", "text"] = "choice"
    ties: bool = False
    required: bool = True


class Side(Strict):
    """One video of a pair: whose it is, the file below ``media/`` (a random name), and that file's sha256."""

    model: str
    media: str
    sha256: str


class Pair(Strict):
    """Two videos of one case.

    Attributes:
        speaker, emotion, level: labels of the case's clip, the strata of the analysis; empty where unknown.
        reference: file below ``media/`` of the true clip, where it is shown; empty otherwise.
        expected: the right answer of a check (``first`` or ``second`` video, ``tie``, or the side ``left`` or ``right``
            that an instruction names); empty for a pair without one.
        judged_by: questions whose answers `expected` speaks of; empty: all that are answered by a choice. (Of a clip with
            a broken sound nothing can be said about head motion.)
        cut: frames taken off the longer video, so that both end together.
    """

    pair: str
    kind: PairKind = "test"
    case: str
    cases: str
    speaker: str = ""
    emotion: str = ""
    level: str = ""
    first: Side
    second: Side
    reference: str = ""
    seconds: float = Field(gt=0)
    expected: Literal["", "first", "second", "tie", "left", "right"] = ""
    judged_by: tuple[str, ...] = ()
    cut: int = Field(0, ge=0)


class Trial(Strict):
    """A pair in a block. left: which video stands on the left (or comes first). repeat: the rater saw this pair before."""

    trial: str
    pair: str
    left: Literal["first", "second"]
    repeat: bool = False


class Block(Strict):
    """What one rater sees, in order. code: what the page shows at the end, for a recruiting service."""

    block: str
    code: str
    trials: tuple[Trial, ...]


class Exclusions(Strict):
    """Rules fixed before the first answer, by which `space-bench study analyse` leaves raters out.

    Attributes:
        checks_missed: more missed attention checks than this. checks_missed of -1: no rule.
        consistency: a smaller share of repeated pairs answered alike. fastest_seconds: a median time of answering,
            after the videos have ended, below this. one_side: a larger share of one side among choices without tie.
        complete: a rater who did not finish is left out.
    """

    checks_missed: int = 1
    consistency: float = 0.0
    fastest_seconds: float = 0.0
    one_side: float = 1.0
    complete: bool = False


class Study(Strict):
    """The whole study.

    Attributes:
        study: its name. models: name and version of each model. results: where the videos came from, for people.
        raters: how many were planned. power: why so many, in a sentence. criterion: how cases were chosen, in a sentence.
        balance: how even the design is, in a sentence. compared: the pairs of models between which people choose. Checks
        and practice may show models that `models` lacks: the true clip (``ground-truth``) and spoiled ones.
    """

    format: Literal[1] = FORMAT
    study: str
    seed: int
    results: str = ""
    criterion: str
    layout: Layout = "side-by-side"
    reference: bool = False
    questions: tuple[Question, ...]
    models: dict[str, str]
    raters: int
    power: str = ""
    balance: str = ""
    compared: tuple[tuple[str, str], ...] = ()
    exclusions: Exclusions = Exclusions()
    pairs: tuple[Pair, ...]
    blocks: tuple[Block, ...]


def fingerprint(study: Study) -> str:
    """sha256 of all that the study says: answers name it, so that an edited study no longer fits them."""
    canonical = json.dumps(study.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class Answer(Strict):
    """One answer to one question of one trial: a row of ``answers.csv``.

    Attributes:
        study: `fingerprint` of the study file that it was given to. rater: hash with the study's salt, never a name.
        key: random, made by the page: the same answer sent twice is one answer. number: place of the trial in the
            rater's block, from 0. choice: side of the screen, empty for a text. seconds: from the end of the first full
            playing to the answer. plays: how often the videos were played to the end.
    """

    study: str
    rater: str
    block: str
    trial: str
    number: int = Field(ge=0)
    question: str
    choice: Literal["", "left", "right", "tie"] = ""
    text: str = ""
    seconds: float = Field(ge=0)
    plays: int = Field(ge=1)
    key: str


class Rater(Strict):
    """One rater: a row of ``raters.csv``. screening: the answers to the screening questions by id. headphones: passed."""

    study: str
    rater: str
    block: str
    status: Literal["active", "finished", "withdrawn"]
    language: str = ""
    headphones: bool | None = None
    screening: dict[str, str] = {}
