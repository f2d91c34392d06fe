"""Which block the next rater gets: the one that fewest raters have, so that a study fills evenly however it is left."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence

Held = tuple[str, str, int]
"""Of a rater who came before: block, status, and when last seen (seconds)."""


def least_given(blocks: Sequence[str], held: Iterable[Held], now: int, patience: int) -> str:
    """The block for a new rater.

    A block counts as given to raters who finished it and to those seen within `patience` seconds; an abandoned or withdrawn one is
    free again. Among equals those with fewest finished come first, then chance decides.
    """
    finished: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for block, status, seen in held:
        if status == "finished":
            finished[block] += 1
        if status == "finished" or (status == "active" and now - seen < patience):
            given[block] += 1
    fewest = min((given[block], finished[block]) for block in blocks)
    return secrets.choice([block for block in blocks if (given[block], finished[block]) == fewest])


def complete(blocks: Sequence[str], planned: int, held: Iterable[Held]) -> bool:
    """Whether as many raters as planned have finished, and every block has been finished by someone."""
    finished = [block for block, status, _ in held if status == "finished"]
    return len(finished) >= planned and set(finished) >= set(blocks)
