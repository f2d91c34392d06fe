"""Which clips stand for a comparison in which block: every pair of clips equally often, no clip twice if it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from reports.study.design.comparisons import Counts


def spread_cases(
    counts: Counts, cases: Sequence[Sequence[int]], rng: np.random.Generator
) -> list[list[tuple[int, int]]]:
    """Give every trial its case.

    Within a comparison the least shown cases come first, so that they differ by at most 1 over the whole design. Within a
    block a case stands as seldom as that allows, and over all blocks cases keep step: a maximum flow from comparisons to
    cases whose capacities grow until all trials find a place.

    Args:
        counts: ``(blocks, comparisons)`` from `spread_comparisons`. cases: of each comparison, numbers from 0; no
            comparison stands in a block more often than it has cases.

    Returns:
        For each block ``(comparison, case)`` of its trials, in no order; none twice in a block.
    """
    given = [np.array(each, dtype=np.int64) for each in cases]
    shown = [np.zeros(len(each), dtype=np.int64) for each in given]
    share = np.bincount(np.concatenate(given)) / sum(map(len, given))
    of_case = np.zeros(len(share), dtype=np.int64)
    blocks = []
    for wanted in counts:
        total = int(wanted.sum())
        demands = [
            demand
            for comparison in np.flatnonzero(wanted)
            for demand in _demands(
                int(comparison), int(wanted[comparison]), shown[comparison], of_case[given[comparison]], total, rng
            )
        ]
        due = np.ceil(share * (of_case.sum() + total) - 1e-9).astype(np.int64) - of_case
        placed = _flow(demands, [given[demand.comparison][demand.spots] for demand in demands], due, total, rng)
        block = []
        for number, at in placed:
            comparison, spot = demands[number].comparison, demands[number].spots[at]
            shown[comparison][spot] += 1
            block.append((comparison, int(given[comparison][spot])))
        np.add.at(of_case, [case for _, case in block], 1)
        blocks.append(block)
    return blocks


@dataclass(frozen=True)
class _Demand:
    """So many trials of a comparison, on cases (places in its list) that were shown equally often until now."""

    comparison: int
    amount: int
    spots: NDArray[np.int64]


def _demands(
    comparison: int, wanted: int, shown: Counts, of_case: Counts, total: int, rng: np.random.Generator
) -> Iterator[_Demand]:
    """All of the least shown cases, or as many as are wanted of them; then of the next."""
    for level in np.unique(shown):
        if not wanted:
            return
        spots = np.flatnonzero(shown == level)
        spots = spots[np.lexsort((rng.random(len(spots)), of_case[spots]))]
        amount = min(wanted, len(spots))
        # Among as many as the block has trials there is always a free one: more need not be looked at.
        yield _Demand(comparison, amount, spots if amount == len(spots) else spots[:total])
        wanted -= amount


def _flow(
    demands: Sequence[_Demand], cases: Sequence[NDArray[np.int64]], due: Counts, total: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """``(demand, place among its cases)`` of each trial: source - demands - cases - sink, one trial a way between.

    `cases` are those of each demand, as numbers; `due` is how often each case should be shown in this block.
    """
    known, column = np.unique(np.concatenate(cases), return_inverse=True)
    # Which of many maximum flows is found depends on the order of the nodes: let chance choose it.
    node = 1 + len(demands) + rng.permutation(len(known))
    sink = 1 + len(demands) + len(known)
    of_demand = np.repeat(np.arange(len(demands)), [len(each) for each in cases])
    ways = 1 + of_demand, node[column]
    fair = -(-total // len(due))
    for leniency in range(2 * total + int(np.ptp(due))):
        room_of_case = np.clip(due[known] + (leniency + 1) // 2, 0, fair + leniency // 2)
        tails = np.concatenate([np.zeros(len(demands), np.int64), ways[0], node])
        heads = np.concatenate([1 + np.arange(len(demands)), ways[1], np.full(len(known), sink)])
        room = np.concatenate([[demand.amount for demand in demands], np.ones(len(column)), room_of_case])
        network = csr_matrix((room.astype(np.int32), (tails, heads)), shape=(sink + 1, sink + 1))
        found = maximum_flow(network, 0, sink)
        if found.flow_value == total:
            break
    used = np.asarray(found.flow[ways[0], ways[1]]).ravel() > 0
    begins = np.concatenate([[0], np.cumsum([len(each) for each in cases])])
    return [(int(of_demand[way]), int(way - begins[of_demand[way]])) for way in np.flatnonzero(used)]
