"""Which video stands on the left: every model as often left as right, in every block and on the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

_MODEL, _COMPARISON, _PAIR, _CHANCE = 0.5, 1.0, 2.0, 0.01
"""What past imbalance of a model, of a comparison and of a pair of clips counts when sides are chosen; chance decides the rest."""


def choose_sides(
    blocks: Sequence[Sequence[tuple[int, int]]], comparisons: Sequence[tuple[int, int]], rng: np.random.Generator
) -> list[NDArray[np.bool_]]:
    """For each trial whether the first model of its comparison is on the left.

    In every block each model is left as often as right, or once more or less where its trials are odd in number. Such
    sides always exist (an Euler tour through the trials, models being its stations, gives them), and they are the integer
    points of a network whose incidence matrix is totally unimodular: a linear program finds those that mend past
    imbalance best.

    Args:
        blocks: ``(comparison, case)`` of the trials. comparisons: pairs of models, as places in their list.
    """
    models = 1 + max(max(pair) for pair in comparisons)
    ends = np.array(comparisons)
    of_model, of_comparison = np.zeros(models), np.zeros(len(comparisons))
    of_pair: dict[tuple[int, int], int] = {}
    sides = []
    for block in blocks:
        which = np.array([comparison for comparison, _ in block])
        first, second = ends[which, 0], ends[which, 1]
        seen = np.array([of_pair.get(pair, 0) for pair in block])
        cost = _MODEL * (of_model[first] - of_model[second]) + _COMPARISON * of_comparison[which] + _PAIR * seen
        left = _oriented(first, second, cost + _CHANCE * rng.normal(size=len(block)), models)
        sign = np.where(left, 1, -1)
        np.add.at(of_model, first, sign)
        np.add.at(of_model, second, -sign)
        np.add.at(of_comparison, which, sign)
        for pair, one in zip(block, sign.tolist(), strict=True):
            of_pair[pair] = of_pair.get(pair, 0) + one
        sides.append(left)
    return sides


def _oriented(
    first: NDArray[np.int64], second: NDArray[np.int64], cost: NDArray[np.float64], models: int
) -> NDArray[np.bool_]:
    """The cheapest sides; `cost` is that of the first model on the left, less that of the second."""
    trial = np.arange(len(first))
    flow = np.zeros((models, len(first)))
    flow[first, trial], flow[second, trial] = 1, -1
    # Left minus right of a model is 2 flow x - flow 1: between -1 and 1, and even where its trials are.
    at_right = flow.sum(axis=1)
    limits = LinearConstraint(flow, np.ceil((at_right - 1) / 2), np.floor((at_right + 1) / 2))
    return np.asarray(milp(cost, constraints=limits, bounds=Bounds(0, 1)).x > 0.5)
