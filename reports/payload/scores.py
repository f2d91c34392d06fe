"""Scores of all cases: a chunk a metric, models by cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.payload.encoding import Chunks, float_bytes


def scores(rows: pd.DataFrame, models: Sequence[str], cases: Sequence[str], chunks: Chunks) -> dict[str, str]:
    """Id of the chunk of each metric that has a value of some case, in order of appearance.

    Args:
        rows: score rows of one context. Its chunk holds ``(models, cases)`` float32 in the order given, NaN where there
            is no value.
    """
    valid = (rows["status"] == "ok").to_numpy() & rows["value"].notna().to_numpy()
    known = rows[valid & rows["case"].isin(cases).to_numpy()]
    metric, metrics = pd.factorize(known["metric"])
    matrix = np.full((len(metrics), len(models), len(cases)), np.nan)
    places = (
        metric,
        pd.Index(models).get_indexer(pd.Index(known["model"])),
        pd.Index(cases).get_indexer(pd.Index(known["case"])),
    )
    matrix[places] = known["value"].to_numpy(dtype=np.float64)
    return {
        str(name): chunks.add(float_bytes(values))
        for name, values in zip(metrics, matrix, strict=True)
        if np.isfinite(values).any()
    }
