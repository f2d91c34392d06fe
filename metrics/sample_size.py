"""How much a distance between distributions owes to the number of clips: its value for smaller sets, and for endless ones.

A Fréchet distance falls as clips are added, about in proportion to 1 / n (Chong and Forsyth, CVPR 2020, "Effectively unbiased
FID"), at another rate for every model: so two values at different n are not comparable, and at equal n hardly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metrics.frechet import CorpusAggregate


@dataclass(frozen=True)
class SizeEffect:
    """Attributes:
    clips: sizes of the random subsets. values: mean distance at each size. deviations: standard deviation over subsets.
    endless: intercept of the line through the values over 1 / n.
    """

    clips: tuple[int, ...]
    values: tuple[float, ...]
    deviations: tuple[float, ...]
    endless: float


def size_effect(
    aggregate: CorpusAggregate, samples: Sequence[Any], sizes: Sequence[int], repeats: int = 10, seed: int = 0
) -> SizeEffect:
    """Distance of random subsets of the clips, drawn without repetition.

    Args:
        aggregate: of a corpus metric. samples: what the metric gave for each clip. sizes: numbers of clips, two or more of them,
            each from 2 to the number of clips. repeats: subsets a size (all clips are taken once).

    Raises:
        ValueError: fewer than two sizes, or one that cannot be drawn.
    """
    chosen = sorted(set(sizes))
    if len(chosen) < 2 or chosen[0] < 2 or chosen[-1] > len(samples):
        raise ValueError(f"expected at least two sizes from 2 to {len(samples)} clips, got {list(sizes)}")
    random, evaluate = np.random.default_rng(seed), aggregate.prepare(samples)
    means, deviations = [], []
    for size in chosen:
        values = []
        for _ in range(1 if size == len(samples) else repeats):
            weights = np.zeros(len(samples))
            weights[random.permutation(len(samples))[:size]] = 1
            values.append(evaluate(weights))
        means.append(float(np.mean(values)))
        deviations.append(float(np.std(values)))
    _, endless = np.polyfit(1 / np.array(chosen), means, 1)
    return SizeEffect(tuple(chosen), tuple(means), tuple(deviations), float(endless))
