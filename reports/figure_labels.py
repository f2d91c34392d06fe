"""What figures write beside what they draw: models, metrics, rows; and how a model's line is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.data import ReportData
from reports.figure_style import INK
from reports.palette import Look
from reports.wording import ARROWS, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def present_models(data: ReportData, rows: pd.DataFrame) -> list[str]:
    """Names of the models that these rows speak of, in the order of the models."""
    present = set(rows["model"])
    return [model for model in data.models["model"] if model in present]


def with_values(rows: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    """Those of the metrics that have a value in these rows."""
    finite = np.isfinite(pd.to_numeric(rows["value"], errors="coerce").to_numpy(dtype=float))
    scored = set(rows.loc[finite, "metric"])
    return [metric for metric in metrics if metric in scored]


def model_name(data: ReportData, model: str) -> str:
    """As it stands in a figure."""
    row = data.models[data.models["model"] == model].iloc[0]
    # A dollar sign would start a formula in matplotlib.
    return (text(row["title"]) or model).replace("$", r"\$")


def metric_title(data: ReportData, metric: str) -> str:
    """With the arrow that points to better, and the unit."""
    row = data.metrics[data.metrics["metric"] == metric].iloc[0]
    unit = f" ({text(row['unit'])})" if text(row["unit"]) else ""
    return f"{text(row['title']) or metric} {ARROWS.get(row['better'], '')}{unit}".replace("$", r"\$")


def row_height(rows: Sequence[object]) -> float:
    """Inches of a panel with a row for each of them."""
    return max(0.7, 0.2 * len(rows))


def label_rows(axis: Axes, data: ReportData, models: Sequence[str], first: bool) -> None:
    """A row a model from the top down, named in the first panel of a line only."""
    axis.set_ylim(len(models) - 0.4, -0.6)
    axis.set_yticks(range(len(models)), [model_name(data, model) for model in models] if first else [""] * len(models))
    axis.grid(visible=False, axis="y")
    axis.locator_params(axis="x", nbins=4)


def pen(look: Look) -> Mapping[str, Any]:
    """Colour, dashes and marker of a line."""
    return {"color": look.colour or INK, "linestyle": (0, look.dash) if look.dash else "solid", "marker": look.marker}
