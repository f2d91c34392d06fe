"""The whole design of a study from numbers: trials, repeats, checks and practice of every block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reports.study.design.balance import Balance, measure
from reports.study.design.cases import spread_cases
from reports.study.design.comparisons import groups, spread_comparisons
from reports.study.design.order import Trial, check_places, ordered, place_repeats
from reports.study.design.sides import choose_sides
from reports.study.files import StudyError


@dataclass(frozen=True)
class Slot:
    """One trial of a block.

    Attributes:
        kind: what it is for. number: of the pair among those of its kind (a repeat among the tests).
        left: whether the first video of the pair is on the left.
    """

    kind: Literal["practice", "test", "repeat", "check"]
    number: int
    left: bool


@dataclass(frozen=True)
class Design:
    """What everybody sees.

    Attributes:
        pairs: ``(comparison, case)`` of the test pairs. blocks: of each rater, in order. balance: how even it is.
    """

    pairs: tuple[Trial, ...]
    blocks: tuple[tuple[Slot, ...], ...]
    balance: Balance


def design_blocks(
    models: Sequence[str], comparisons: Sequence[tuple[int, int]], cases: Sequence[Sequence[int]], raters: int, trials: int,
    repeats: int = 0, checks: Sequence[Sequence[int]] = (), practice: int = 0, seed: int = 0,
) -> Design:  # fmt: skip
    """Design the blocks of a study. The same arguments give the same design.

    Args:
        models: names. comparisons: pairs of them, as places in that list. cases: of each comparison, as numbers; equally
            many. raters: number of blocks. trials: test trials of a block.
        repeats: trials of each block that come again, sides swapped, at least half a block later.
        checks: of each check of a block the pairs from which it is drawn in turn: the case (as a number) of each. Pairs
            are counted through over all checks. practice: pairs with which every block begins.

    Raises:
        StudyError: the design would be unconnected or unbalanced; says what to change.
    """
    _refuse(models, comparisons, cases, raters, trials, repeats, checks)
    rng = np.random.default_rng(seed)
    counts = spread_comparisons(comparisons, len(models), raters, trials, rng)
    drawn = spread_cases(counts, cases, rng)
    blocks = []
    for block in drawn:
        order = ordered(block, len(comparisons), rng)
        blocks.append([block[spot] for spot in order])
    sides = choose_sides(blocks, comparisons, rng)
    pairs = tuple((comparison, case) for comparison, each in enumerate(cases) for case in each)
    number = {pair: spot for spot, pair in enumerate(pairs)}
    first_of = np.concatenate([[0], np.cumsum([len(pool) for pool in checks])]).astype(int).tolist()
    made: list[tuple[Slot, ...]] = []
    in_order: list[list[Trial]] = []
    for rater, (block, left) in enumerate(zip(blocks, sides, strict=True)):
        placed = place_repeats(range(len(block)), block, len(comparisons), repeats, rng)
        in_order.append([block[spot] for spot, _ in placed])
        slots = [
            Slot("repeat" if again else "test", number[block[spot]], bool(left[spot]) != again)
            for spot, again in placed
        ]
        pool_of = rng.permutation(len(checks)).tolist()
        chosen = [rater % len(checks[pool]) for pool in pool_of]
        cases_of = [checks[pool][spot] for pool, spot in zip(pool_of, chosen, strict=True)]
        places = check_places([case for _, case in in_order[-1]], cases_of, rng)
        for at, pool, spot in reversed(list(zip(places, pool_of, chosen, strict=True))):
            slots.insert(at, Slot("check", first_of[pool] + spot, bool(rng.integers(2))))
        shown_first = [Slot("practice", spot, bool(rng.integers(2))) for spot in range(practice)]
        made.append(tuple(shown_first + slots))
    return Design(pairs, tuple(made), measure(blocks, sides, in_order, comparisons, len(models)))


def _refuse(
    models: Sequence[str], comparisons: Sequence[tuple[int, int]], cases: Sequence[Sequence[int]], raters: int, trials: int,
    repeats: int, checks: Sequence[Sequence[int]],
) -> None:  # fmt: skip
    count, part = groups(comparisons, len(models))
    if count > 1:
        apart = [" and ".join(name for name, of in zip(models, part, strict=True) if of == one) for one in range(count)]
        raise StudyError(
            f"the design is not connected: nothing compares {' with '.join(apart)}. Add a model pair that joins them, or make "
            "two studies."
        )
    if min(map(len, cases)) != max(map(len, cases)):
        names = [
            f"{models[one]} and {models[other]} {len(each)}"
            for (one, other), each in zip(comparisons, cases, strict=True)
        ]
        raise StudyError(f"the design is not balanced: {', '.join(names)} cases. Take as many of each with --take.")
    pairs = sum(map(len, cases))
    if not pairs:
        raise StudyError("there is no case to show")
    if trials > pairs:
        raise StudyError(
            f"{trials} trials a rater, but there are only {pairs} pairs of clips, and nobody should see one twice: take "
            f"--trials-a-rater {pairs} or more cases"
        )
    if raters * trials < pairs:
        fewer = raters * trials // len(comparisons)
        raise StudyError(
            f"the design is not balanced: {raters} raters with {trials} trials each cannot see all {pairs} pairs of clips. Take "
            f"{-(-pairs // trials)} raters or more" + (f", or --take {fewer} cases or fewer." if fewer else ".")
        )
    if repeats > (trials + 1) // 2:
        raise StudyError(f"{repeats} repeats of {trials} trials: at most half can come again half a block later")
    if len(checks) > trials:
        raise StudyError(f"{len(checks)} checks among {trials} trials: there must be a trial before each check")
