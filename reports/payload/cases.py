"""The cases of a context as columns."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.payload.encoding import coded, rounded

NUMBERS = ("intensity", "seconds", "angle")
TEXTS = ("speaker", "emotion", "level")


def cases_table(cases: pd.DataFrame) -> dict[str, Any]:
    """``count`` and ``columns``: names as they stand, labels coded, numbers with None where there is none."""
    names = {name: {"values": [str(value) for value in cases[name]]} for name in ("case", "clip")}
    return {
        "count": len(cases),
        "columns": {
            **names,
            **{name: coded(cases[name]) for name in TEXTS},
            **{name: rounded(cases[name], 4) for name in NUMBERS},
        },
    }
