"""The table of correlations as a matrix, and an order of metrics in which those that go together stand side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def matrix(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """A column of the table of correlations as metrics by metrics, in order of appearance."""
    names = list(dict.fromkeys(rows["metric"]))
    return rows.pivot(index="metric", columns="other", values=name).reindex(index=names, columns=names)


def leaf_order(r: NDArray[np.float64]) -> list[int]:
    """Indices of the rows of a correlation matrix ``(m, m)`` as the leaves of a tree.

    Average linkage of ``1 - |r|``, turned so that neighbours are alike (Bar-Joseph, Gifford and Jaakkola 2001). What is
    undefined counts as unrelated.
    """
    if len(r) < 3:
        return list(range(len(r)))
    # Half a second that a report without correlations need not pay.
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - np.abs(np.nan_to_num((r + r.T) / 2))
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(np.maximum(distance, 0), checks=False), method="average", optimal_ordering=True)
    return [int(leaf) for leaf in leaves_list(tree)]
