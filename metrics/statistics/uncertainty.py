"""From the replicates of a bootstrap over speakers to an interval that holds for three speakers too.

Percentiles of such replicates cannot reach beyond the most extreme speaker: with three speakers a nominal 95 % interval
covers 70 to 78 % (`python -m bench.benchmark_statistics` prints it). So the replicates give the standard error and the
skewness, Student's distribution the width:

- *Error.* The spread of the replicates is too small, by a factor that depends on the shares w of the speakers in the
  clips alone: the variance is divided by ``1 - Σ w²`` (for k equal speakers the well known ``k / (k - 1)``).
- *Degrees of freedom.* Satterthwaite's approximation for that variance, as Bell and McCaffrey (2002) and Imbens and
  Kolesár (2016) use it for few clusters: ``(1 - s)² / (s + s² - 2 q)`` with ``s = Σ w²``, ``q = Σ w³``. For k equal
  speakers it is k - 1; a speaker who has most of the clips brings it near 1. Both follow from the trace of a quadratic
  form in the speakers' means if the variance of a mean is inversely proportional to its number of clips.
- *Skewness.* Hall's (1992) monotone cubic of the studentized value, with the skewness of the replicates, which is that
  of the estimate. It needs no second bootstrap, so corpus metrics can have it too. It is damped by ``1 - 3 / (degrees + 1)``:
  the skewness of three speakers is noise, which the cubic would turn into p-values far too small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from metrics.base import FloatArray
from metrics.statistics.resampling import unit_of

MAX_UNDEFINED = 0.1
"""Share of replicates without a value (one clip has no Fréchet distance, say) above which there is no interval."""
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval. Bounds are NaN where there is none.

    Attributes:
        value: computed on all clips. low, high: bounds at `level`.
        units: how many speakers (or clips) were resampled; 0 if not told.
    """

    value: float
    low: float
    high: float
    level: float
    units: int = 0


@dataclass(frozen=True)
class Shares:
    """What the numbers of clips of the resampled units say about an error: see the module.

    Attributes:
        units: how many. factor: multiplies the spread of replicates. degrees: of freedom; 0 with one unit.
    """

    units: int
    factor: float
    degrees: float

    @property
    def damping(self) -> float:
        """What is believed of a skewness: nothing of that of three speakers, nearly all of that of a hundred; 0..1."""
        return max(0.0, 1 - 3 / (self.degrees + 1))

    @classmethod
    def of(cls, clusters: Sequence[str]) -> Shares:
        """Of the speakers of the clips ``n``; of the clips themselves where there is one speaker."""
        if len(clusters) == 0:
            return cls(0, float("nan"), 0.0)
        member, units = unit_of(clusters)
        return cls.of_sizes(np.bincount(member, minlength=units).astype(np.float64))

    @classmethod
    def of_sizes(cls, sizes: FloatArray) -> Shares:
        """Of units with so many clips each; those without clips do not count."""
        present = np.asarray(sizes, np.float64)
        present = present[present > 0]
        if len(present) < 2:
            return cls(len(present), float("nan"), 0.0)
        share = present / present.sum()
        second, third = float(np.sum(share**2)), float(np.sum(share**3))
        degrees = (1 - second) ** 2 / (second + second**2 - 2 * third)
        return cls(len(present), float(1 / np.sqrt(1 - second)), max(1.0, degrees))


@dataclass(frozen=True)
class Uncertainty:
    """A value with what is known of its error; intervals and tests follow from it and so never contradict each other.

    Attributes:
        error: standard error; NaN where nothing is known. skewness: of the estimate. degrees: of freedom.
        units: how many speakers (or clips) stand behind it.
    """

    value: float
    error: float
    skewness: float
    degrees: float
    units: int

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.value) and np.isfinite(self.error) and self.degrees > 0)

    def interval(self, level: float = LEVEL) -> Interval:
        """Two-sided.

        Raises:
            ValueError: the level is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ValueError(f"expected a level between 0 and 1, got {level}")
        if not self.known:
            return Interval(self.value, float("nan"), float("nan"), level, self.units)
        reach = float(stdtrit(self.degrees, (1 + level) / 2))
        low, high = (self.value - self.error * self._studentized(quantile) for quantile in (reach, -reach))
        return Interval(self.value, low, high, level, self.units)

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided p-value for a true value of `null`; NaN where nothing is known."""
        return min(1.0, 2 * min(self.p_above(null), self.p_below(null))) if self.known else float("nan")

    def p_above(self, null: float) -> float:
        """One-sided: small where the true value lies above `null`."""
        return float(stdtr(self.degrees, -self._symmetric(null))) if self.known else float("nan")

    def p_below(self, null: float) -> float:
        """One-sided: small where the true value lies below `null`."""
        return float(stdtr(self.degrees, self._symmetric(null))) if self.known else float("nan")

    def _symmetric(self, null: float) -> float:
        """How many errors the value is above `null`, its skewness taken out."""
        distance = self.value - null
        if self.error == 0:
            return 0.0 if distance == 0 else float(np.copysign(np.inf, distance))
        student, skewness = distance / self.error, self.skewness
        return student + skewness * student**2 / 3 + skewness**2 * student**3 / 27 + skewness / 6

    def _studentized(self, quantile: float) -> float:
        """The inverse of the cubic."""
        if abs(self.skewness) < 1e-6:
            return quantile
        return float(3 * (np.cbrt(1 + self.skewness * (quantile - self.skewness / 6)) - 1) / self.skewness)


def uncertainty(value: float, replicates: FloatArray, shares: Shares) -> Uncertainty:
    """What the replicates ``(B,)`` of a value say about its error.

    Nothing is known if the value is NaN, if over 10 % of the replicates have no value, or with one unit. Distances
    between distributions are larger in a resample, which holds fewer distinct clips; their interval lies around the
    value all the same, since the replicates give its width only.
    """
    found = np.asarray(replicates, dtype=np.float64)
    found = found[np.isfinite(found)]
    enough = len(found) > 0 and len(found) >= (1 - MAX_UNDEFINED) * len(replicates)
    if not np.isfinite(value) or not enough or shares.degrees == 0:
        return Uncertainty(value, float("nan"), 0.0, 0.0, shares.units)
    spread = float(np.std(found))
    if spread <= 1e-12 * max(abs(value), float(np.max(np.abs(found)))):
        # The mean of equal values differs from draw to draw by rounding only.
        return Uncertainty(value, 0.0, 0.0, shares.degrees, shares.units)
    # scipy.stats.skew is the same number at forty times the price, and a comparison asks for thousands.
    skewness = float(np.mean(((found - found.mean()) / spread) ** 3))
    return Uncertainty(value, spread * shares.factor, shares.damping * skewness, shares.degrees, shares.units)
