"""How even a design is, in numbers and in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reports.study.design.comparisons import groups
from reports.study.design.order import Trial, alike


@dataclass(frozen=True)
class Balance:
    """Of the test trials, repeats left out where nothing else is said.

    Attributes:
        pair_shown, comparison_shown: fewest and most times that a pair of clips, a comparison was shown.
        side_in_block, side_overall: largest difference of left and right of any model within a block, and in all.
        side_of_pair: the same of the first video of any pair of clips. case_in_block: most times a case stands in a block.
        connected: blocks whose comparisons connect all models. blocks: how many there are.
        neighbours: how often the same case, or the same of several comparisons, comes twice in a row; repeats too.
        efficiency: average variance of the differences between two models in a design of as many trials that shows all
            comparisons equally often and in which sides cancel, over that of this design; from 0 to 1.
        attainable: the efficiency that the asked comparisons can have at most, if all are shown equally often.
    """

    pair_shown: tuple[int, int]
    comparison_shown: tuple[int, int]
    side_in_block: int
    side_overall: int
    side_of_pair: int
    case_in_block: int
    connected: int
    blocks: int
    neighbours: int
    efficiency: float
    attainable: float

    def sentence(self) -> str:
        """For people."""
        low, high = self.pair_shown
        often = f"{low}" if low == high else f"{low} or {high}" if high == low + 1 else f"{low} to {high}"
        return (
            f"{self.connected} of {self.blocks} blocks connect all models; every pair of clips is shown {often} times; how often a "
            f"model is on the left and how often on the right differs by at most {self.side_in_block} within a block and by "
            f"{self.side_overall} in all; a clip is shown at most {self.case_in_block} times in a block; the same clip or the same "
            f"models come twice in a row {self.neighbours} times; efficiency {self.efficiency:.3f} of a balanced design over all "
            f"pairs of models, where {self.attainable:.3f} is the most that these pairs allow"
        )


def measure(
    blocks: Sequence[Sequence[Trial]],
    sides: Sequence[NDArray[np.bool_]],
    in_order: Sequence[Sequence[Trial]],
    comparisons: Sequence[tuple[int, int]],
    models: int,
) -> Balance:
    """The balance of a design.

    Args:
        blocks: ``(comparison, case)`` of the test trials. sides: whether the first model stands left. in_order: tests and
            repeats as they are shown.
        comparisons: pairs of models, as places in their list. models: how many there are.
    """
    ends = np.array(comparisons)
    shown: Counter[Trial] = Counter()
    of_pair: Counter[Trial] = Counter()
    of_model = np.zeros((len(blocks), models), dtype=np.int64)
    counts = np.zeros(len(comparisons), dtype=np.int64)
    connected = case_in_block = 0
    for number, (block, left) in enumerate(zip(blocks, sides, strict=True)):
        which = np.array([comparison for comparison, _ in block])
        sign = np.where(left, 1, -1)
        np.add.at(of_model[number], ends[which, 0], sign)
        np.add.at(of_model[number], ends[which, 1], -sign)
        np.add.at(counts, which, 1)
        connected += groups([comparisons[spot] for spot in np.unique(which)], models)[0] == 1
        case_in_block = max(case_in_block, *Counter(case for _, case in block).values())
        shown.update(block)
        for trial, one in zip(block, sign.tolist(), strict=True):
            of_pair[trial] += one
    neighbours = sum(alike(one, other, len(comparisons)) for row in in_order for one, other in pairwise(row))
    return Balance(
        pair_shown=(min(shown.values()), max(shown.values())), comparison_shown=(int(counts.min()), int(counts.max())),
        side_in_block=int(np.abs(of_model).max()), side_overall=int(np.abs(of_model.sum(axis=0)).max()),
        side_of_pair=max(map(abs, of_pair.values())), case_in_block=case_in_block, connected=connected, blocks=len(blocks),
        neighbours=neighbours, efficiency=efficiency(comparisons, counts, models, of_model.sum(axis=0)),
        attainable=efficiency(comparisons, np.ones(len(comparisons)), models),
    )  # fmt: skip


def efficiency(
    comparisons: Sequence[tuple[int, int]],
    counts: NDArray[np.int64] | NDArray[np.float64],
    models: int,
    left: NDArray[np.int64] | None = None,
) -> float:
    """Of paired comparisons between models of like strength, against all pairs of models equally often.

    The information of a Bradley-Terry model at equal strengths is a quarter of the Laplacian of the graph of comparisons,
    and the average variance of a difference between two models grows as the trace of its pseudo-inverse. All pairs equally
    often is the best that a number of trials can do. A preference for one side, estimated beside the strengths, costs what
    `left` says. Source: Bailey and Cameron, Using graphs to find the best block designs, arXiv 1111.3768, sections 3 and 4.

    Args:
        counts: trials of each comparison. left: times that each model stood left, less those that it stood right.

    Returns:
        From 0 (not connected) to 1.
    """
    laplacian = np.zeros((models, models))
    for (one, other), count in zip(comparisons, counts, strict=True):
        laplacian[[one, other], [one, other]] += count
        laplacian[[one, other], [other, one]] -= count
    total = float(np.sum(counts))
    if left is not None:
        laplacian -= np.outer(left, left) / total
    values = np.linalg.eigvalsh(laplacian)[1:]
    if values[0] < 1e-9 * total:
        return 0.0
    balanced = 2 * total / (models - 1)
    return min(1.0, float((models - 1) / np.sum(1 / values) / balanced))
