"""What a rater's page is told of a block: which files to play, what to ask, and nothing of models, cases or checks."""

from __future__ import annotations

from typing import Any, Literal

from reports.study.schema import Block, Pair, Study, Trial


def sheet(study: Study, block: Block, fingerprint: str) -> dict[str, Any]:
    """The block as JSON-able data: ``study`` (the fingerprint), ``block``, ``layout``, ``questions`` and ``trials``.

    A trial has the files ``left`` and ``right`` (of the screen, or first and second in time), ``reference`` (or empty),
    ``seconds``, ``practice`` with ``feedback`` (the right side, of practice alone) and the questions that it is ``judged_by``,
    and ``instruction`` (the side that it says to press). The answers that other checks expect stay here.
    """
    pairs = {pair.pair: pair for pair in study.pairs}
    return {
        "study": fingerprint,
        "block": block.block,
        "layout": study.layout,
        "questions": [question.model_dump() for question in study.questions],
        "trials": [_trial(trial, pairs[trial.pair]) for trial in block.trials],
    }


def media_of(study: Study) -> dict[str, str]:
    """Every file below ``media/`` that a page plays, with its sha256; empty for a reference, of which the study states none."""
    found: dict[str, str] = {}
    for pair in study.pairs:
        if pair.reference:
            found.setdefault(pair.reference, "")
        for side in (pair.first, pair.second):
            found[side.media] = side.sha256
    return found


def _trial(trial: Trial, pair: Pair) -> dict[str, Any]:
    left, right = (pair.first, pair.second) if trial.left == "first" else (pair.second, pair.first)
    practice = pair.kind == "practice"
    return {
        "trial": trial.trial,
        "left": left.media,
        "right": right.media,
        "reference": pair.reference,
        "seconds": pair.seconds,
        "practice": practice,
        "feedback": _side(pair, trial) if practice else "",
        "judged_by": list(pair.judged_by) if practice else [],
        "instruction": pair.expected if pair.kind == "instructed" else "",
    }


def _side(pair: Pair, trial: Trial) -> Literal["", "left", "right", "tie"]:
    if pair.expected in ("first", "second"):
        return "left" if pair.expected == trial.left else "right"
    return pair.expected  # type: ignore[return-value]  # what remains of its words is "", tie, left and right
