"""What a comparison of two versions says, as plain facts. Whoever compares fills this in; this room only shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Word = Literal["better", "same", "worse", "unclear"]
WORDS: tuple[Word, ...] = ("worse", "unclear", "better", "same")
"""In the order in which they are listed: what needs attention first."""


@dataclass(frozen=True)
class MetricRow:
    """One metric of one model in both versions, on the cases that both have. NaN where a number is not known.

    Attributes:
        model: as shown (``a -> b`` where two models are compared). scope: a case set, or ``all case sets``.
        better: lower or higher. base, head: means. difference: head minus base, with its 95 % interval low, high.
        p_value: two-sided, adjusted over the comparison; same_p: of equivalence within the margin, adjusted too.
        margin: what does not matter; margin_from: where it comes from.
        cases, speakers: behind the difference. effect: Cohen's d_z over clips. worse_share: of clips that got worse.
        wilcoxon, permutation: p-values over speakers, not adjusted. detectable: what would be seen in 4 of 5 such
        comparisons. note: what else a reader must know.
    """

    model: str
    metric: str
    title: str
    unit: str
    better: str
    scope: str
    verdict: Word
    base: float
    head: float
    difference: float
    low: float
    high: float
    p_value: float
    same_p: float
    margin: float
    margin_from: str
    cases: int
    speakers: int
    effect: float
    worse_share: float
    wilcoxon: float
    permutation: float
    detectable: float
    note: str = ""


@dataclass(frozen=True)
class Failure:
    """A case that has a score on one side only. `status`: on the other; empty if it was not asked there at all."""

    case_set: str
    case: str
    metrics: tuple[str, ...]
    status: str
    detail: str


@dataclass(frozen=True)
class Refusal:
    """Something that was not compared, why, and what to do.

    Attributes:
        side: which of both has scores of it. metrics: names, where it is about some only. scores: how many the base has, where
            it alone has any.
    """

    what: str
    why: str
    side: Literal["base", "head", "both"]
    metrics: tuple[str, ...] = ()
    scores: int = 0


@dataclass(frozen=True)
class CoverageRow:
    """How many of the scores that one version has the other has too.

    Attributes:
        asked: cases that either side was asked. base, head: scores (case x metric) of the compared metrics and of `gone`.
        failed: cases with scores that only the base has. recovered: that only the head has.
        gone: what only the base has as a whole: a case set, a metric on a case set, or the model.
    """

    model: str
    verdict: Word
    asked: int
    base: int
    head: int
    failed: tuple[Failure, ...]
    recovered: tuple[Failure, ...]
    gone: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class StratumRow:
    """The difference within a part of the cases; described, never tested for a verdict. Bounds are NaN for one speaker."""

    model: str
    metric: str
    title: str
    kind: str
    stratum: str
    base: float
    head: float
    difference: float
    low: float
    high: float
    cases: int
    speakers: int
    worsening: float


@dataclass(frozen=True)
class RegressedCase:
    """A case that got worse.

    Attributes:
        worsening: mean over metrics of the worsening in standard deviations of the base's clips.
        worst: (title of metric, base, head) of the metrics that moved most.
        videos: file by ``base`` and ``head``, where there is one.
    """

    model: str
    case_set: str
    case: str
    worsening: float
    worst: tuple[tuple[str, float, float], ...]
    videos: Mapping[str, Path]


@dataclass(frozen=True)
class Comparison:
    """Everything that a comparison shows. `refused`: but for what is gone, which is lost coverage."""

    base: str
    head: str
    metrics: tuple[MetricRow, ...]
    coverage: tuple[CoverageRow, ...]
    strata: tuple[StratumRow, ...]
    regressed: tuple[RegressedCase, ...]
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> Word:
        """Of everything: worse if a metric or coverage is, else better if a metric is, else same if all are and no metric
        that both have was refused, else unclear."""
        found = {row.verdict for row in self.metrics}
        if "worse" in found or any(row.verdict == "worse" for row in self.coverage):
            return "worse"
        if "better" in found:
            return "better"
        return "same" if found == {"same"} and not self.incomparable else "unclear"

    @property
    def incomparable(self) -> tuple[Refusal, ...]:
        """What both sides have scores of, and yet cannot be compared."""
        return tuple(each for each in self.refused if each.side == "both")

    def count(self, word: Word) -> int:
        """How many metrics have that verdict."""
        return sum(row.verdict == word for row in self.metrics)
