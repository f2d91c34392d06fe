"""Which models meet in which block: every block connected, every comparison equally often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from reports.study.files import StudyError

Counts = NDArray[np.int64]


def groups(comparisons: Sequence[tuple[int, int]], models: int) -> tuple[int, NDArray[np.int32]]:
    """How many parts the graph of comparisons falls into, and the part of each model, ``(models,)``."""
    ends = np.array(comparisons, dtype=np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(models, models))
    count, part = connected_components(graph, directed=False)
    return int(count), part


def spread_comparisons(
    comparisons: Sequence[tuple[int, int]], models: int, blocks: int, trials: int, rng: np.random.Generator
) -> Counts:
    """How often each comparison stands in each block.

    A block has every comparison ``trials // len(comparisons)`` times and some once more, the least used first. Where there
    are more comparisons than trials it has a spanning tree of the models (as much of one as it has trials for) and the
    least used beside it.

    Args:
        comparisons: pairs of models, as places in their list; connected. models: how many there are.

    Returns:
        ``(blocks, comparisons)``; rows sum to `trials`, columns differ by at most 1.

    Raises:
        StudyError: blocks cannot be connected and comparisons equally frequent at once.
    """
    every, rest = divmod(trials, len(comparisons))
    extra = np.zeros((blocks, len(comparisons)), dtype=np.int64)
    used = np.zeros(len(comparisons), dtype=np.int64)
    for block in extra:
        order = np.lexsort((rng.random(len(comparisons)), used))
        chosen = order[:rest] if every else _connected(comparisons, models, rest, order)
        block[chosen] = 1
        used += block
    if not every:
        _even_out(extra, comparisons, models)
    counts = extra + every
    if np.ptp(counts.sum(axis=0)) > 1:
        raise StudyError(
            f"blocks of {trials} trials that connect all models cannot show all {len(comparisons)} comparisons equally often; "
            f"take --trials-a-rater {len(comparisons)} or more, or other --model-pairs"
        )
    return counts


def _connected(comparisons: Sequence[tuple[int, int]], models: int, trials: int, order: Counts) -> Counts:
    """The first of `order` that make a spanning tree, filled up with the first of the others."""
    ends = np.array(comparisons)[order]
    weights = np.arange(1, len(order) + 1)
    place = {(int(a), int(b)): spot for spot, (a, b) in enumerate(ends)}
    tree = minimum_spanning_tree(coo_matrix((weights, (ends[:, 0], ends[:, 1])), shape=(models, models))).tocoo()
    inside = sorted(place[int(a), int(b)] for a, b in zip(tree.row, tree.col, strict=True))[:trials]
    outside = [spot for spot in range(len(order)) if spot not in set(inside)]
    return order[inside + outside[: trials - len(inside)]]


def _even_out(extra: Counts, comparisons: Sequence[tuple[int, int]], models: int) -> None:
    """Swap an often used comparison for a rarely used one where the block falls into no more parts by it."""
    used = extra.sum(axis=0)
    while np.ptp(used) > 1:
        swap = _swap(extra, used, comparisons, models)
        if swap is None:
            return
        block, often, rarely = swap
        extra[block, often], extra[block, rarely] = 0, 1
        used[often] -= 1
        used[rarely] += 1


def _swap(
    extra: Counts, used: Counts, comparisons: Sequence[tuple[int, int]], models: int
) -> tuple[int, int, int] | None:
    for often in np.flatnonzero(used == used.max()):
        for rarely in np.flatnonzero(used < used.max() - 1):
            for block in np.flatnonzero((extra[:, often] == 1) & (extra[:, rarely] == 0)):
                after = extra[block].copy()
                after[often], after[rarely] = 0, 1
                if _parts(after, comparisons, models) <= _parts(extra[block], comparisons, models):
                    return int(block), int(often), int(rarely)
    return None


def _parts(block: Counts, comparisons: Sequence[tuple[int, int]], models: int) -> int:
    return groups([comparisons[spot] for spot in np.flatnonzero(block)], models)[0]
