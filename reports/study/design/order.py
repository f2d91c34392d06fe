"""In which order a rater sees the trials: no clip and no comparison twice in a row, checks spread, repeats far away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

TRIES = 50
"""Orders drawn before the best of them is taken, where none is without neighbours that are alike."""

Trial = tuple[int, int]
"""Comparison and case."""


def alike(one: Trial, other: Trial, comparisons: int) -> bool:
    """Whether two trials should not be neighbours: the same case, or the same comparison where there are several."""
    return one[1] == other[1] or (comparisons > 1 and one[0] == other[0])


def ordered(trials: Sequence[Trial], comparisons: int, rng: np.random.Generator) -> list[int]:
    """A random order of the trials (their places) with as few neighbours alike as `TRIES` draws find."""
    best: list[int] = []
    fewest = len(trials) + 1
    for _ in range(TRIES):
        order, clashes = _drawn(trials, comparisons, rng)
        if clashes < fewest:
            best, fewest = order, clashes
        if not fewest:
            break
    return best


def _drawn(trials: Sequence[Trial], comparisons: int, rng: np.random.Generator) -> tuple[list[int], int]:
    left = rng.permutation(len(trials)).tolist()
    counts = Counter(comparison for comparison, _ in trials)
    order: list[int] = []
    clashes = 0
    while left:
        fitting = [spot for spot in left if not order or not alike(trials[order[-1]], trials[spot], comparisons)]
        clashes += not fitting
        # A comparison that makes up half of what is left must come now, or it will be its own neighbour.
        pressing = [spot for spot in fitting if 2 * counts[trials[spot][0]] > len(left)]
        spot = (pressing or fitting or left)[0]
        order.append(spot)
        left.remove(spot)
        counts[trials[spot][0]] -= 1
    return order, clashes


def place_repeats(
    order: Sequence[int], trials: Sequence[Trial], comparisons: int, repeats: int, rng: np.random.Generator
) -> list[tuple[int, bool]]:
    """Put `repeats` of the trials in again, at least half of the order after they were first seen.

    Args:
        order: places of the trials. repeats: at most half of them, rounded up.

    Returns:
        ``(place, whether it is a repeat)``.
    """
    best: dict[int, int] = {}
    fewest = repeats * len(order) + 1
    for _ in range(TRIES):
        after, clashes = _repeated(order, trials, comparisons, repeats, rng)
        if clashes < fewest:
            best, fewest = after, clashes
        if not fewest:
            break
    placed = []
    for spot, place in enumerate(order):
        placed.append((place, False))
        if spot in best:
            placed.append((order[best[spot]], True))
    return placed


def _repeated(
    order: Sequence[int], trials: Sequence[Trial], comparisons: int, repeats: int, rng: np.random.Generator
) -> tuple[dict[int, int], int]:
    """Which spot comes again after which, and how many neighbours are alike by that."""
    gap = len(order) // 2
    originals = sorted(rng.choice(len(order) - gap, size=repeats, replace=False).tolist())
    after: dict[int, int] = {}
    total = 0
    # The latest first: it has the fewest places to go to.
    for at in reversed(originals):
        free = [spot for spot in range(at + gap, len(order)) if spot not in after]
        trial = trials[order[at]]
        clashes = [
            sum(alike(trial, trials[order[near]], comparisons) for near in (spot, spot + 1) if near < len(order))
            for spot in free
        ]
        total += min(clashes)
        after[int(rng.choice([spot for spot, count in zip(free, clashes, strict=True) if count == min(clashes)]))] = at
    return after, total


def check_places(cases: Sequence[int], checks: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Before which trial each check stands: one in each of as many stretches of equal length, never before the first.

    Args:
        cases: of the trials in order. checks: the case of each check; a place beside the same case is avoided.

    Returns:
        For each check a place from 1 to ``len(cases)``, rising.
    """
    borders = np.linspace(1, len(cases) + 1, len(checks) + 1)
    places = []
    for case, low, high in zip(checks, borders[:-1], borders[1:], strict=True):
        stretch = list(range(int(low), max(int(low) + 1, int(high))))
        quiet = [spot for spot in stretch if case not in cases[spot - 1 : spot + 1]]
        places.append(int(rng.choice(quiet or stretch)))
    return places
