"""Which clips stand for a comparison in which block: every pair of clips equally often, no clip twice if it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from reports.study.design.comparisons import Counts

_AGAIN, _CHANCE = 1000.0, 0.01
"""What it costs to show a case once more than it must be in a block, beside once in all blocks (1); chance decides the rest."""


def spread_cases(
    counts: Counts, cases: Sequence[Sequence[int]], rng: np.random.Generator
) -> list[list[tuple[int, int]]]:
    """Give every trial its case.

    Within a comparison the least shown cases come first, so that they differ by at most 1 over the whole design. Within a
    block a case stands as seldom as that allows, and over all blocks cases keep step.

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
        # A case that more comparisons have is due more often.
        ahead = of_case - share * of_case.sum()
        demands = [
            demand
            for comparison in np.flatnonzero(wanted)
            for demand in _demands(
                int(comparison), int(wanted[comparison]), shown[comparison], ahead[given[comparison]], total, rng
            )
        ]
        must = -(-total // np.count_nonzero(share))
        placed = _placed(demands, [given[demand.comparison][demand.spots] for demand in demands], ahead, must, rng)
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
    comparison: int, wanted: int, shown: Counts, ahead: NDArray[np.float64], total: int, rng: np.random.Generator
) -> Iterator[_Demand]:
    """All of the least shown cases, or as many as are wanted of them; then of the next."""
    for level in np.unique(shown):
        if not wanted:
            return
        spots = np.flatnonzero(shown == level)
        spots = spots[np.lexsort((rng.random(len(spots)), ahead[spots]))]
        amount = min(wanted, len(spots))
        # Among as many as the block has trials there is always a free one: more need not be looked at.
        yield _Demand(comparison, amount, spots if amount == len(spots) else spots[:total])
        wanted -= amount


def _placed(
    demands: Sequence[_Demand], cases: Sequence[NDArray[np.int64]], ahead: NDArray[np.float64], must: int,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:  # fmt: skip
    """``(demand, place among its cases)`` of each trial: the cheapest flow from demands to cases.

    A way from a demand to a case takes one trial. A case takes `must` trials at the price of being ahead of the others,
    and more at `_AGAIN` for the first, twice that for the second. A linear program finds the flow; its corners
    are whole numbers, as a network's always are.

    Args:
        cases: of each demand, as numbers. ahead: ``(all cases,)`` times that a case was shown beyond its share. must: as often
            a case stands in a block if all stand there equally often.
    """
    known, column = np.unique(np.concatenate(cases), return_inverse=True)
    of_demand = np.repeat(np.arange(len(demands)), [len(each) for each in cases])
    ways = len(column)
    tiers = 1 + int(np.bincount(column).max())
    room = np.ones(tiers)
    room[0] = must
    costs = [_CHANCE * rng.random(ways), *(ahead[known] + _AGAIN * tier for tier in range(tiers))]
    bounds = np.concatenate([np.ones(ways), np.repeat(room, len(known))])
    # Rows: what leaves each demand; what comes to a case less what its tiers take.
    rows = [of_demand, len(demands) + column, *(len(demands) + np.arange(len(known)) for _ in range(tiers))]
    columns = [np.arange(ways), np.arange(ways), ways + np.arange(tiers * len(known))]
    signs = np.concatenate([np.ones(2 * ways), -np.ones(tiers * len(known))])
    network = csr_matrix((signs, (np.concatenate(rows), np.concatenate(columns))))
    sums = np.concatenate([[demand.amount for demand in demands], np.zeros(len(known))])
    found = milp(np.concatenate(costs), constraints=LinearConstraint(network, sums, sums), bounds=Bounds(0, bounds))
    begins = np.concatenate([[0], np.cumsum([len(each) for each in cases])])
    return [(int(of_demand[way]), int(way - begins[of_demand[way]])) for way in np.flatnonzero(found.x[:ways] > 0.5)]
