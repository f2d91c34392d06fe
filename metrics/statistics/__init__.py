"""How sure are we? One seeded bootstrap over speakers that every model and metric shares, and what is decided from it."""

from __future__ import annotations

from metrics.statistics.coverage import Coverage, coverage
from metrics.statistics.estimates import Difference, estimate, paired_difference, paired_uncertainty
from metrics.statistics.paired_tests import cohens_dz, permutation_p, wilcoxon_p
from metrics.statistics.resampling import (
    Aggregate,
    bootstrap_counts,
    bootstrap_weights,
    replicate_values,
    resampling_unit,
    sign_flips,
    unit_of,
)
from metrics.statistics.uncertainty import Interval, Shares, Uncertainty, uncertainty
from metrics.statistics.verdicts import Verdict, adjusted, decide, detectable, equivalence_p, repeat_floor

__all__ = [
    "Aggregate",
    "Coverage",
    "Difference",
    "Interval",
    "Shares",
    "Uncertainty",
    "Verdict",
    "adjusted",
    "bootstrap_counts",
    "bootstrap_weights",
    "cohens_dz",
    "coverage",
    "decide",
    "detectable",
    "equivalence_p",
    "estimate",
    "paired_difference",
    "paired_uncertainty",
    "permutation_p",
    "repeat_floor",
    "replicate_values",
    "resampling_unit",
    "sign_flips",
    "uncertainty",
    "unit_of",
    "wilcoxon_p",
]
