"""How a metric answers a damage that grows: direction, steps backwards, and the smallest level that it can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from bench.summary import CORPUS_REPLICATES, REPLICATES
from bench.validity.catalogue import REENCODED, Damage
from bench.validity.measure import CLEAN, Condition, Measured
from metrics import statistics
from metrics.base import Metric, Unscorable
from metrics.statistics import Interval


class Verdict(StrEnum):
    """What a metric does under one damage. For a descriptive metric "worse" reads "rises" and "better" "falls"."""

    UNCHANGED = "unchanged"
    """The very same number at every level: the metric does not look at what the damage changes."""
    SILENT = "silent"
    """No level can be told from chance."""
    WORSE = "worse"
    UNEVEN = "uneven"
    """Worse at its strongest, but with a step backwards on the way that is more than chance."""
    BETTER = "better"
    """The damaged clip gets the better number."""
    NO_VALUE = "no value"
    """On the clips themselves, or under this damage."""
    FEW = "too few clips"
    """There are values, and no interval at any level: one clip, or a distance that one clip does not have."""


@dataclass(frozen=True)
class Level:
    """A metric at one level of a damage.

    Attributes:
        level: of the damage. effect: paired difference from the clip itself. beyond: from the floor (`Response`).
        clips: how many have a value, of how many asked.
    """

    level: float
    effect: Interval
    beyond: Interval
    clips: int
    asked: int

    @property
    def told(self) -> bool:
        """Whether the interval of the difference from the floor leaves out 0."""
        return bool(self.beyond.low > 0 or self.beyond.high < 0)


@dataclass(frozen=True)
class Response:
    """One metric under one damage on one dataset.

    Attributes:
        clean: the metric on the clips themselves. levels: from the weakest; those without any value are left out.
        rho: Spearman correlation of level and value, the clip itself included, positive where more damage is worse.
        back: the largest step towards better between any two levels in order; 0 where there is none. Its interval.
        verdict: in a word. smallest: the first level from which on all are told, or None.
    """

    metric: Metric
    damage: Damage
    dataset: str
    clean: float
    levels: tuple[Level, ...]
    rho: float
    back: Interval
    verdict: Verdict
    smallest: float | None

    @property
    def strongest(self) -> Level:
        return self.levels[-1]


def orientation(metric: Metric) -> float:
    """-1 where more is better: times a difference it is positive where things got worse."""
    return -1.0 if metric.better == "higher" else 1.0


def response(measured: Measured, metric: Metric, damage: Damage) -> Response | None:
    """The response of one metric to one damage; None where the damage was not done on this dataset.

    What is written is encoded again, and an exact comparison with the clip itself sees that first. So a damage to
    pictures has to be told from the clip that was only re-encoded: that is its floor.
    """
    outcomes = measured.outcomes[metric.name]
    done = [level for level in damage.levels if (damage.name, level) in outcomes]
    if not done:
        return None
    plain = damage.sound_only or damage.name == REENCODED or (REENCODED, 1) not in outcomes
    compare = _Comparison(metric, outcomes, [subject.labels.speaker for subject in measured.subjects])
    levels = [compare.level(damage, level, CLEAN if plain else (REENCODED, 1)) for level in done]
    known = tuple(level for level in levels if np.isfinite(level.effect.value))
    clean = compare.value(CLEAN)
    if not known or not np.isfinite(clean):
        none = Interval(float("nan"), float("nan"), float("nan"), 0.95)
        return Response(metric, damage, measured.dataset, clean, known, float("nan"), none, Verdict.NO_VALUE, None)
    sign = orientation(metric)
    curve = np.array([0.0, *(sign * level.effect.value for level in known)])
    first, second = worst_step_back(curve)
    conditions = [CLEAN, *((damage.name, level.level) for level in known)]
    back = compare.difference(conditions[second], conditions[first])
    told = [level.told for level in known]
    signs = [float(np.sign(sign * level.beyond.value)) for level in known]
    same = compare.unchanged(damage, [level.level for level in known])
    verdict = judge(same, told, signs, step_is_real=second > first and (back.low > 0 or back.high < 0))
    if verdict is Verdict.SILENT and not any(np.isfinite(level.beyond.low) for level in known):
        verdict = Verdict.FEW
    place = smallest_told(told, signs)
    return Response(
        metric, damage, measured.dataset, clean, known, rank_correlation(curve), back, verdict,
        None if place is None else known[place].level,
    )  # fmt: skip


def judge(unchanged: bool, told: Sequence[bool], signs: Sequence[float], step_is_real: bool) -> Verdict:
    """The verdict from the levels in order.

    Args:
        unchanged: whether no number moved at all. told: whether a level can be told from the floor.
        signs: 1 where it is worse than the floor, -1 where better. step_is_real: whether a step back is more than chance.
    """
    if unchanged:
        return Verdict.UNCHANGED
    place = max((index for index, each in enumerate(told) if each), default=None)
    if place is None:
        return Verdict.SILENT
    if signs[place] < 0:
        return Verdict.BETTER
    return Verdict.UNEVEN if step_is_real else Verdict.WORSE


def smallest_told(told: Sequence[bool], signs: Sequence[float]) -> int | None:
    """The first level from which on every one is told, all in the direction of the strongest; None if the last is not."""
    place = None
    for index in reversed(range(len(told))):
        if not told[index] or signs[index] != signs[-1]:
            break
        place = index
    return place


def worst_step_back(curve: NDArray[np.float64]) -> tuple[int, int]:
    """The places ``i < j`` between which the curve falls most; ``(0, 0)`` for one that never falls."""
    peak, worst = 0, (0, 0)
    for place in range(1, len(curve)):
        if curve[place] > curve[peak]:
            peak = place
        if curve[peak] - curve[place] > curve[worst[0]] - curve[worst[1]]:
            worst = (peak, place)
    return worst


def rank_correlation(curve: NDArray[np.float64]) -> float:
    """Spearman correlation of a curve with its places; 0 for one that is constant."""
    if np.ptp(curve) == 0:
        return 0.0
    return float(spearmanr(np.arange(len(curve)), curve).statistic)


class _Comparison:
    """Conditions of one metric compared clip by clip, on those that both have."""

    def __init__(self, metric: Metric, outcomes: Mapping[Condition, tuple[Any, ...]], speakers: Sequence[str]) -> None:
        self.metric, self.outcomes, self.speakers = metric, outcomes, speakers
        self.weights = statistics.bootstrap_weights(speakers, CORPUS_REPLICATES if metric.corpus else REPLICATES)

    def level(self, damage: Damage, level: float, floor: Condition) -> Level:
        here = (damage.name, level)
        asked = sum(not missing(outcome) for outcome in self.outcomes[CLEAN])
        clips = sum(not missing(outcome) for outcome in self.outcomes[here])
        return Level(level, self.difference(CLEAN, here), self.difference(floor, here), clips, asked)

    def value(self, condition: Condition) -> float:
        values = [outcome for outcome in self.outcomes[condition] if not missing(outcome)]
        return float(self.metric.aggregate(values, np.ones(len(values)))) if values else float("nan")

    def difference(self, first: Condition, second: Condition) -> Interval:
        """Second minus first."""
        pairs = [
            index
            for index, outcomes in enumerate(zip(self.outcomes[first], self.outcomes[second], strict=True))
            if not any(missing(outcome) for outcome in outcomes)
        ]
        if pairs and all(_same(self.outcomes[first][index], self.outcomes[second][index]) for index in pairs):
            # Exactly nothing, also where resampling would cost much or a mean of two would differ in its last bit.
            return Interval(0.0, 0.0, 0.0, 0.95, len(pairs))
        one, two = ([self.outcomes[condition][index] for index in pairs] for condition in (first, second))
        speakers = [self.speakers[index] for index in pairs]
        weights = self.weights[:, pairs]
        return statistics.paired_difference(self.metric.aggregate, one, two, speakers, weights).interval

    def unchanged(self, damage: Damage, levels: Sequence[float]) -> bool:
        """Whether every clip that has a value has the clean one, bit for bit."""
        clean = self.outcomes[CLEAN]
        return all(
            _same(before, after)
            for level in levels
            for before, after in zip(clean, self.outcomes[damage.name, level], strict=True)
            if not missing(before) and not missing(after)
        )


def missing(outcome: Any) -> bool:
    """Whether a clip has no value: a recorded reason, or a damage that was not done to it."""
    return outcome is None or isinstance(outcome, Unscorable)


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, tuple):
        return all(_same(one, two) for one, two in zip(first, second, strict=True))
    return np.array_equal(first, second)
