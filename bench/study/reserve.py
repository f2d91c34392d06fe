"""Pairs that are no test: attention checks and practice, on clips that the test does not use where there are such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.errors import BenchError
from bench.study.candidates import Candidate
from bench.study.plan import HEARD, StudyPlan
from reports.study.schema import PairKind

POOL = 4
"""Different pairs of one check, so that raters who talk have not all seen the same."""

TRUE, SPOILED = "/clip", "/late"
"""What checks show, in place of a model; no model can have such a name."""

SAID = {TRUE: "ground-truth", SPOILED: "broken-sound"}
"""Whose the study file says that they are."""


@dataclass(frozen=True)
class Extra:
    """One such pair.

    Attributes:
        kind: see `reports.study.schema.Pair`. case: number of the candidate. first, second: a model, `TRUE` or `SPOILED`.
        expected, judged_by: see `reports.study.schema.Pair`.
    """

    kind: PairKind
    case: int
    first: str
    second: str
    expected: Literal["", "first", "second", "tie", "left", "right"] = ""
    judged_by: tuple[str, ...] = ()


def reserve(
    plan: StudyPlan, cases: Sequence[Candidate], used: set[int], comparisons: Sequence[tuple[str, str]],
    rng: np.random.Generator,
) -> tuple[list[list[Extra]], list[Extra]]:  # fmt: skip
    """The pools of checks, one for each check of a block, and the practice pairs.

    Practice begins with a spoiled clip, whose answer is known, where the questions can tell it; the others are pairs of
    models.

    Args:
        cases: all candidates. used: numbers of those in the test.

    Raises:
        BenchError: a broken sound is asked for and no case has sound.
    """
    order = rng.permutation(len(cases)).tolist()
    line = [number for number in order if number not in used] + [number for number in order if number in used]
    judged_by = tuple(name for name in plan.questions if name in HEARD)
    loud = [number for number in line if cases[number].sound]
    if "broken-sound" in plan.checks and not loud:
        raise BenchError("no case has sound that could be broken: leave broken-sound out of --checks")
    taken = 0

    def following(among: Sequence[int]) -> int:
        nonlocal taken
        taken += 1
        return among[(taken - 1) % len(among)]

    practice = []
    for number in range(plan.practice):
        if number == 0 and judged_by and loud:
            practice.append(Extra("practice", following(loud), TRUE, SPOILED, "first", judged_by))
        else:
            one, other = comparisons[number % len(comparisons)]
            practice.append(Extra("practice", following(line), one, other))
    pools = []
    for kind in plan.checks:
        pool = []
        for number in range(min(POOL, len(cases))):
            if kind == "broken-sound":
                pool.append(Extra(kind, following(loud), TRUE, SPOILED, "first", judged_by))
            elif kind == "identical":
                # Where ties are not allowed no answer is right, and none counts against anybody.
                pool.append(Extra(kind, following(line), TRUE, TRUE, "tie" if plan.ties else ""))
            else:
                pool.append(Extra(kind, following(line), TRUE, TRUE, "right" if number % 2 else "left"))
        pools.append(pool)
    return pools, practice
