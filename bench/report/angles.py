"""How far heads turn: a label of cases, from the curves of the real clips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.compare.margins import TRUTH
from bench.report.results import CaseSetResults

AXES = ["pitch", "yaw", "roll"]


def angles(item: CaseSetResults) -> NDArray[np.float64]:
    """The largest turn of each case's true clip about any axis over its whole time, ``(cases,)`` degrees.

    NaN without curves of the real clip: no such row in the run, or no face found.
    """
    found = [model.curves for model in item.models if model.model == TRUTH and len(model.curves)]
    if not found:
        return np.full(len(item.table), np.nan)
    largest = found[0][AXES].abs().max(axis=1).groupby(found[0]["case"]).max()
    return largest.reindex(item.table["case"]).to_numpy(dtype=np.float64)
