"""What has no score, compact enough for tens of thousands: an entry a case, model and reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.payload.encoding import coded
from reports.wording import why

# Neither is a failure of a case: one was never asked, the other is told once in a block of its own.
NOT_FAILURES = ("ok", "not_applicable", "weights_missing")
ENTRY = ["status", "model", "case", "detail"]


def failures(rows: pd.DataFrame, cases: Sequence[str]) -> dict[str, Any]:
    """Columns of entries, with the metrics that each cost.

    ``case`` is an index into `cases`, None for what concerns them all (the value of a corpus metric). ``metrics`` is
    coded like the other columns; each of its values is a list of names.
    """
    lost = rows[~rows["status"].isin(NOT_FAILURES)]
    lost = lost.assign(detail=lost["detail"].fillna("").astype(str))
    groups = lost.groupby(ENTRY, sort=False, dropna=False)
    entries = lost.loc[~lost.duplicated(ENTRY), ENTRY]
    # In which order names stand must not make two sets of metrics out of one.
    names, metrics = pd.factorize(lost["metric"])
    order = np.lexsort((names, groups.ngroup().to_numpy()))
    ends = np.cumsum(groups.size().to_numpy())[:-1]
    sets = [tuple(part.tolist()) for part in np.split(names[order], ends)] if len(lost) else []
    kinds = {found: code for code, found in enumerate(dict.fromkeys(sets))}
    places = pd.Index(cases).get_indexer(pd.Index(entries["case"])) if len(entries) else np.empty(0, int)
    return {
        "count": len(entries),
        "words": {status: why(status) for status in dict.fromkeys(entries["status"])},
        "columns": {
            "case": [place if place >= 0 else None for place in places.tolist()],
            **{name: coded(entries[name]) for name in ("model", "status", "detail")},
            "metrics": {
                "values": [[str(metrics[name]) for name in found] for found in kinds],
                "codes": [kinds[found] for found in sets],
            },
        },
    }
