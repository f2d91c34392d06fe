"""Which cases a study shows: spread over strata, drawn by chance, or where metrics disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from bench.study.candidates import Candidate
from bench.study.plan import Allocation


def random_cases(cases: Sequence[Candidate], take: int, rng: np.random.Generator) -> list[Candidate]:
    """`take` of the cases, each as likely as another."""
    return [cases[spot] for spot in sorted(rng.permutation(len(cases))[:take])]


def stratified_cases(
    cases: Sequence[Candidate], take: int, allocation: Allocation, rng: np.random.Generator
) -> list[Candidate]:
    """`take` of the cases, as even over emotion, level and speaker as can be.

    Strata are the combinations of case set, speaker, emotion and level that there are. One by one the case is taken whose
    stratum lags furthest behind its share; among such strata the one whose speaker, emotion and level lag furthest; else
    chance decides. So with fewer cases than strata speakers, emotions and levels are still even.

    Args:
        allocation: ``equal``: every stratum, speaker, emotion and level has the same share as others of its kind;
            ``proportional``: a share as large as among the cases.
    """
    traits = [_traits(case) for case in cases]
    size = Counter(trait for each in traits for trait in each)
    kinds = Counter(kind for kind, _ in size)
    share = {
        trait: count / len(cases) if allocation == "proportional" else 1 / kinds[trait[0]]
        for trait, count in size.items()
    }
    taken: Counter[tuple[str, str]] = Counter()
    left: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for spot in rng.permutation(len(cases)).tolist():
        left.setdefault(traits[spot], []).append(spot)
    chosen: list[int] = []
    while left and len(chosen) < take:
        # Rounded: equal shares must not be told apart by the last bit of a product.
        lag = {trait: round(share[trait] * (len(chosen) + 1) - taken[trait], 9) for trait in share}
        best = max(left, key=lambda each: (lag[each[0]], sum(lag[trait] for trait in each[1:])))
        chosen.append(left[best].pop())
        taken.update(best)
        if not left[best]:
            del left[best]
    return [cases[spot] for spot in sorted(chosen)]


def _traits(case: Candidate) -> tuple[tuple[str, str], ...]:
    """Kind and value: the stratum first, then what it is made of."""
    parts = [("speaker", case.speaker), ("emotion", case.emotion), ("level", case.level), ("cases", case.cases)]
    return ("stratum", "\0".join(value for _, value in parts)), *parts


def spread_sentence(cases: Sequence[Candidate]) -> str:
    """How many of the chosen cases each speaker, emotion and level has."""
    said = []
    for name in ("speaker", "emotion", "level"):
        counts = Counter(value for case in cases if (value := getattr(case, name)))
        if counts:
            low, high = min(counts.values()), max(counts.values())
            plural = name if len(counts) == 1 else name + "s"
            said.append(f"{len(counts)} {plural} with {low if low == high else f'{low} to {high}'} cases each")
    return ", ".join(said) or "no labels to stratify by"
