"""What the classifiers see in the videos of a context."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.data import Context, ReportData, classifiers, grouped, within
from reports.figures import response


def emotions(data: ReportData, context: Context) -> list[dict[str, Any]]:
    """Of each classifier: counts of asked against recognised by model, and the response to asked intensity."""
    here = within(data.emotions, context)
    return [
        {"classifier": name, **_confusion(here[here["classifier"] == name]), "response": _response(data, context, name)}
        for name in classifiers(here)
    ]


def _confusion(rows: pd.DataFrame) -> dict[str, Any]:
    asked = sorted(set(rows["asked"]))
    predicted = sorted(set(rows["asked"]) | set(rows["predicted"]))
    counts = {}
    for (model,), part in grouped(rows, ("model",)):
        matrix = pd.crosstab(part["asked"], part["predicted"])
        counts[model] = matrix.reindex(index=asked, columns=predicted, fill_value=0).to_numpy().tolist()
    return {"asked": asked, "predicted": predicted, "counts": counts}


def _response(data: ReportData, context: Context, classifier: str) -> dict[Any, list[list[float]]]:
    rows = response(data, context, classifier)
    return {
        model: [
            [float(f"{x:.4g}"), float(f"{y:.4g}")] for x, y in zip(part["intensity"], part["probability"], strict=True)
        ]
        for (model,), part in grouped(rows, ("model",))
    }
