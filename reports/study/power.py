"""How many raters: the power of a preference test when answers of one rater, and about one clip, are alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy.stats import nct, t

from reports.study.files import StudyError

MOST_RATERS = 10_000


@dataclass(frozen=True)
class Plan:
    """What the power of one comparison of two models depends on.

    The share of preferences p is estimated over raters and clips that are both drawn from many, and tested against one
    half. Its variance is ``p (1 - p) (rater_icc / raters + clip_icc / cases + (1 - rater_icc - clip_icc) / answers)``; power
    is that of a t-test with as many degrees of freedom as there are raters or clips, whichever are fewer, less one.
    Sources: Westfall, Kenny and Judd, Statistical power and optimal design in experiments in which samples of participants
    respond to samples of stimuli, Journal of Experimental Psychology: General 143 (2014), for the variance; Cameron and
    Miller, A practitioner's guide to cluster-robust inference, Journal of Human Resources 50 (2015), for the degrees.

    Attributes:
        raters: who are analysed. trials: of this comparison that a rater sees; may be less than 1. cases: on which it is
            shown.
        rater_icc, clip_icc: share of the variance of an answer that lies between raters, between clips.
        ties: share of answers that are ties and count for neither. alpha: of the two-sided test, for all comparisons.
        comparisons: among which `alpha` is shared (Bonferroni).
    """

    raters: int
    trials: float
    cases: int
    rater_icc: float = 0.05
    clip_icc: float = 0.10
    ties: float = 0.0
    alpha: float = 0.05
    comparisons: int = 1

    @property
    def answers(self) -> float:
        """Answers that are no ties, to this comparison."""
        return self.raters * self.trials * (1 - self.ties)

    def _parts(self) -> tuple[tuple[float, float], ...]:
        """Variance of the mean over that of one answer, by its source, and how many units give it."""
        raters = _even_units(self.raters, self.trials * (1 - self.ties))
        cases = _even_units(self.cases, self.answers / self.cases)
        rest = 1 - self.rater_icc - self.clip_icc
        return (self.rater_icc / raters, raters), (self.clip_icc / cases, cases), (rest / self.answers, self.answers)

    @property
    def effective(self) -> float:
        """As many independent answers would tell as much."""
        return 1 / sum(share for share, _ in self._parts())

    def power(self, preference: float) -> float:
        """The chance to tell `preference` (a share above one half) from one half."""
        parts = [(share, units) for share, units in self._parts() if share > 0]
        total = sum(share for share, _ in parts)
        freedom = min(units for _, units in parts) - 1
        if freedom <= 0:
            return 0.0
        error = math.sqrt(preference * (1 - preference) * total)
        least = t.isf(self.alpha / self.comparisons / 2, freedom)
        return float(nct.sf(least, freedom, (preference - 0.5) / error))

    def smallest(self, power: float = 0.8) -> float:
        """The smallest preference that is told with this power; 1 where even that is not."""
        low, high = 0.5, 1.0 - 1e-6
        if self.power(high) < power:
            return 1.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if self.power(middle) >= power else (middle, high)
        return high


def _even_units(units: int, each: float) -> float:
    """How many units of equal size give as much variance as `units` that have ``floor(each)`` or one more."""
    whole, part = math.floor(each), each - math.floor(each)
    return units * each**2 / (whole**2 * (1 - part) + (whole + 1) ** 2 * part)


def raters_needed(plan: Plan, preference: float, power: float = 0.8) -> int:
    """The fewest raters (whatever `plan` says of them) who tell the preference with this power.

    Raises:
        StudyError: no number of raters does, because there are too few cases; says how many would do.
    """
    if not 0.5 < preference < 1:
        raise StudyError(f"--effect is a share of preferences above 0.5 and below 1, e.g. 0.65, not {preference:g}")
    if (found := _fewest(plan, preference, power)) is not None:
        return found
    cases = plan.cases
    while cases < 100_000 and _fewest(replace(plan, cases=cases), preference, power) is None:
        cases = math.ceil(cases * 1.1)
    raise StudyError(
        f"no number of raters can tell a preference of {preference:.0%} on {plan.cases} cases: clips differ too much (clip ICC "
        f"{plan.clip_icc:g}). About {cases} cases would do; or look for a larger --effect, or name --raters yourself."
    )


def _fewest(plan: Plan, preference: float, power: float) -> int | None:
    low, high = 1, 2
    while replace(plan, raters=high).power(preference) < power:
        low, high = high, 2 * high
        if high > 2 * MOST_RATERS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if replace(plan, raters=middle).power(preference) >= power else (middle, high)
    return high


def power_sentence(plan: Plan, preference: float) -> str:
    """For the paper: the power to tell `preference`, and what it rests on."""
    shared = f", shared among {plan.comparisons} comparisons by Bonferroni" if plan.comparisons > 1 else ""
    ties = f", {plan.ties:.0%} of answers being ties" if plan.ties else ""
    return (
        f"{plan.raters} raters with {plan.trials:.3g} trials a comparison on {plan.cases} clips tell a preference of "
        f"{preference:.1%} from 50% with a power of {plan.power(preference):.0%} (two-sided t-test, alpha {plan.alpha:g}{shared}; "
        f"raters and clips both random, intraclass correlations {plan.rater_icc:g} and {plan.clip_icc:g}{ties}; "
        f"{plan.answers:.0f} answers are worth {plan.effective:.0f} independent ones)"
    )
