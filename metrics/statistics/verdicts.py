"""Better, same, worse or unclear: the rule, stated before anything is looked at.

A difference is *told* if its adjusted two-sided p-value is below 0.05, and *equivalent* if both one-sided tests against
the margin (TOST, Schuirmann 1987) are, adjusted too. Benjamini and Hochberg (1995) adjust each of the two over all
metrics and models of a comparison.

| equivalent | told | larger than the margin | verdict |
| --- | --- | --- | --- |
| yes | any | any | same |
| no | yes | yes | worse or better, by its sign |
| no | yes | no | unclear: there is a difference, and whether it matters cannot be said |
| no | no | any | unclear |

Two exact cases need no test: no clip differs (same), or the margin is 0, where only the former is "same".
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from metrics.statistics.uncertainty import Uncertainty

ALPHA = 0.05
POWER = 0.8


class Verdict(StrEnum):
    """What a comparison says of one metric."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    UNCLEAR = "unclear"


def adjusted(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Benjamini-Hochberg over those that are numbers; NaN stays NaN and does not count."""
    found = np.asarray(p_values, np.float64)
    known = np.isfinite(found)
    result = np.full(found.shape, np.nan)
    if known.any():
        result[known] = stats.false_discovery_control(found[known])
    return result


def equivalence_p(difference: Uncertainty, margin: float) -> float:
    """TOST: small where the true difference lies within -margin..margin. 1 for a margin of 0 unless nothing differs."""
    if not difference.known:
        return float("nan")
    if difference.error == 0:
        return 0.0 if abs(difference.value) <= margin else 1.0
    if margin <= 0:
        return 1.0
    return max(difference.p_above(-margin), difference.p_below(margin))


def decide(worsening: Uncertainty, margin: float, told_p: float, same_p: float) -> Verdict:
    """The table of the module.

    Args:
        worsening: the difference, positive where things got worse. margin: what does not matter, at least 0.
        told_p, same_p: adjusted p-values of a difference and of equivalence.
    """
    if same_p < ALPHA:
        return Verdict.SAME
    if not told_p < ALPHA or abs(worsening.value) <= margin:
        return Verdict.UNCLEAR
    return Verdict.WORSE if worsening.value > 0 else Verdict.BETTER


def detectable(difference: Uncertainty) -> float:
    """The smallest true difference that one test at 0.05 would tell in 80 % of such comparisons; NaN where unknown."""
    return difference.error * _noncentrality(round(difference.degrees, 2)) if difference.known else float("nan")


@lru_cache(maxsize=1024)
def _noncentrality(degrees: float) -> float:
    reach = stats.t.ppf(1 - ALPHA / 2, degrees)
    return float(optimize.brentq(lambda shift: stats.nct.sf(reach, degrees, shift) - POWER, 0.1, 10 * reach))


def repeat_floor(values: Sequence[float]) -> float:
    """What two runs of one model differ by through their seeds, in 95 % of cases; NaN for fewer than two runs.

    Args:
        values: of one metric on the same cases, one a seed.
    """
    if len(values) < 2:
        return float("nan")
    deviation = float(np.std(values, ddof=1))
    return float(stats.t.ppf(0.975, len(values) - 1)) * deviation * float(np.sqrt(2))
