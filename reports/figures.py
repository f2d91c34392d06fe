"""Figures for papers and slides: colour-blind safe, readable in print, one style. PNG and PDF through `to_bytes`.

Every function draws what the tables hold and returns a matplotlib figure, or None where there is nothing to draw.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.data import Context, ReportData, within
from reports.figure_labels import label_rows, metric_title, model_name, pen, present_models, row_height, with_values
from reports.figure_style import INK, MUTED, RULE, headline, panels, style, to_bytes
from reports.palette import Look, looks
from reports.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion", "curves", "distributions", "emotion_bars", "intensity_response", "intervals", "to_bytes"]

POSE = ("pitch", "yaw", "roll")


def intervals(data: ReportData, context: Context, metrics: Sequence[str]) -> Figure | None:
    """Dot and whisker: each metric's value and interval by model, with a line at the ground truth."""
    here = within(data.summary, context)
    here = here[here["status"] == "ok"]
    models, metrics = present_models(data, here), with_values(here, metrics)
    if not metrics:
        return None
    look = looks(data.models, data.reference)
    with style():
        figure, axes = panels(len(metrics), 1.75, row_height(models), columns=4)
        headline(figure, f"{context.label}: value and 95 % interval")
        for index, (axis, metric) in enumerate(zip(axes, metrics, strict=True)):
            rows = here[here["metric"] == metric].set_index("model")
            for y, model in enumerate(models):
                if model not in rows.index:
                    continue
                value, low, high = (number(rows[part][model]) for part in ("value", "low", "high"))
                colour = look[model].colour or INK
                if low is not None and high is not None:
                    axis.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="round")
                if value is not None:
                    axis.plot([value], [y], "o", color=colour, markersize=4.5)
                    if model == data.reference:
                        axis.axvline(value, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
            label_rows(axis, data, models, first=index % 4 == 0)
            axis.set_title(metric_title(data, metric))
    return figure


def distributions(data: ReportData, context: Context, metrics: Sequence[str]) -> Figure | None:
    """One dot a case, a box from quartile to quartile and a bar at the median, for each metric by model."""
    here = within(data.scores, context)
    here = here[(here["status"] == "ok") & here["value"].notna()]
    models, metrics = present_models(data, here), with_values(here, metrics)
    if not metrics:
        return None
    look = looks(data.models, data.reference)
    with style():
        figure, axes = panels(len(metrics), 1.75, row_height(models), columns=4)
        headline(figure, f"{context.label}: scores of all cases")
        for index, (axis, metric) in enumerate(zip(axes, metrics, strict=True)):
            groups = dict(list(here[here["metric"] == metric].groupby("model", sort=False)["value"]))
            for y, model in enumerate(models):
                if model in groups:
                    values = groups[model].to_numpy(dtype=float)
                    _strip(axis, y, values[np.isfinite(values)], look[model], seed=f"{metric}/{model}")
            label_rows(axis, data, models, first=index % 4 == 0)
            axis.set_title(metric_title(data, metric))
    return figure


def emotion_bars(data: ReportData, context: Context, classifier: str) -> Figure | None:
    """How often each asked emotion is recognised, by model."""
    here = _seen(data, context, classifier)
    if here.empty:
        return None
    hit = (here["asked"] == here["predicted"]).groupby([here["asked"], here["model"]], sort=False).mean().unstack()
    emotions, models = sorted(hit.index), present_models(data, here)
    look = looks(data.models, data.reference)
    with style():
        across = max(4.0, 0.16 * len(emotions) * (len(models) + 1.5))
        figure, (axis,) = panels(1, across, 2.1, columns=1, left=0.55, right=2.0)
        headline(figure, f"{context.label}: recognised emotion, {classifier}")
        width = 0.82 / max(1, len(models))
        for j, model in enumerate(models):
            places = np.arange(len(emotions)) - 0.41 + (j + 0.5) * width
            bars: dict[str, Any] = {"color": look[model].colour or INK, "hatch": look[model].hatch}
            bars |= {"edgecolor": "white", "linewidth": 0.4}
            shares = hit[model].reindex(emotions).to_numpy(dtype=float)
            axis.bar(places, shares, width, label=model_name(data, model), **bars)
        axis.set_xticks(range(len(emotions)), emotions)
        axis.set_ylim(0, 1)
        axis.set_ylabel("share recognised")
        axis.grid(visible=False, axis="x")
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)
    return figure


def confusion(data: ReportData, context: Context, classifier: str) -> Figure | None:
    """Asked emotion (rows) against recognised emotion (columns), each row summing to one, a panel a model."""
    here = _seen(data, context, classifier)
    if here.empty:
        return None
    asked, predicted = sorted(set(here["asked"])), sorted(set(here["asked"]) | set(here["predicted"]))
    models = present_models(data, here)
    with style():
        width = max(1.6, 0.24 * len(predicted))
        figure, axes = panels(len(models), width, max(1.2, 0.24 * len(asked)) + 0.3, columns=4, left=0.95)
        headline(figure, f"{context.label}: asked (down) and recognised (across) emotion, {classifier}")
        for index, (axis, model) in enumerate(zip(axes, models, strict=True)):
            rows = here[here["model"] == model]
            shares = pd.crosstab(rows["asked"], rows["predicted"], normalize="index")
            grid = shares.reindex(columns=predicted, fill_value=0.0).reindex(index=asked).to_numpy(dtype=float)
            axis.imshow(grid, vmin=0, vmax=1, cmap="Blues", aspect="auto")
            for (i, j), share in np.ndenumerate(np.nan_to_num(grid)):
                if share >= 0.005:
                    shade = "white" if share > 0.55 else INK
                    axis.text(j, i, f"{100 * share:.0f}", ha="center", va="center", fontsize=6, color=shade)
            axis.set_xticks(range(len(predicted)), [name[:3] for name in predicted])
            axis.set_yticks(range(len(asked)), asked if index % 4 == 0 else [""] * len(asked))
            axis.grid(visible=False)
            axis.set_title(model_name(data, model))
    return figure


def intensity_response(data: ReportData, context: Context, classifier: str) -> Figure | None:
    """Mean probability of the asked emotion against the intensity that was asked for, a line a model."""
    rows = response(data, context, classifier)
    if rows.empty:
        return None
    look = looks(data.models, data.reference)
    with style():
        figure, (axis,) = panels(1, 3.6, 2.2, columns=1, left=0.55, right=2.0)
        headline(figure, f"{context.label}: response to asked intensity, {classifier}")
        for model in present_models(data, rows):
            line = rows[rows["model"] == model]
            style_of = {**pen(look[model]), "markersize": 4}
            axis.plot(line["intensity"], line["probability"], label=model_name(data, model), **style_of)
        axis.set_ylim(0, 1)
        axis.set_xlabel("asked intensity")
        axis.set_ylabel("probability of the asked emotion")
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)
    return figure


def response(data: ReportData, context: Context, classifier: str) -> pd.DataFrame:
    """Mean probability of the asked emotion by ``model`` and ``intensity``; empty unless two intensities were asked."""
    cases = within(data.cases, context)[["case", "intensity"]].dropna()
    rows = _seen(data, context, classifier).merge(cases, on="case")
    if rows["intensity"].nunique() < 2:
        return rows.iloc[:0]
    rows = rows.astype({"intensity": float, "probability": float})
    return rows.groupby(["model", "intensity"])["probability"].mean().reset_index()


def curves(data: ReportData, context: Context, case: str) -> Figure | None:
    """Lip aperture over the loudness of the sound, and head pose, of every model over one case's time."""
    here = within(data.curves, context)
    here = here[here["case"] == case]
    if here.empty:
        return None
    look = looks(data.models, data.reference)
    sound = data.envelopes[data.envelopes["case"] == case]
    with style():
        figure, axes = panels(4, 5.6, 0.85, columns=1, left=0.55, right=1.5)
        headline(figure, f"{context.label}: {case}")
        if len(sound):
            loudness = sound["loudness"].to_numpy(dtype=float)
            top = float(np.nanmax(here["aperture"].to_numpy(dtype=float), initial=0.0)) or 1.0
            peak = float(np.nanmax(loudness, initial=0.0)) or 1.0
            axes[0].fill_between(sound["time"].to_numpy(dtype=float), loudness / peak * top, color=RULE, linewidth=0)
        for axis, column in zip(axes, ("aperture", *POSE), strict=True):
            for model in present_models(data, here):
                rows = here[here["model"] == model].sort_values("time")
                front = {"zorder": 3, "linewidth": 1.6} if model == data.reference else {}
                style_of = {**pen(look[model]), "marker": "", **front}
                times, values = (rows[name].to_numpy(dtype=float) for name in ("time", column))
                axis.plot(times, values, label=model_name(data, model), **style_of)
            opened = "lip aperture (iod)" + (", loudness in grey" if len(sound) else "")
            axis.set_title(opened if column == "aperture" else f"{column} (°)")
            axis.margins(x=0)
        axes[-1].set_xlabel("seconds")
        axes[0].legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0)
    return figure


def _seen(data: ReportData, context: Context, classifier: str) -> pd.DataFrame:
    here = within(data.emotions, context)
    return here[here["classifier"] == classifier]


def _strip(axis: Axes, y: int, values: np.ndarray[Any, np.dtype[np.float64]], look: Look, seed: str) -> None:
    colour = look.colour or INK
    jitter = np.random.default_rng(zlib.crc32(seed.encode())).uniform(-0.26, 0.26, len(values))
    # Thousands of dots are pictures, not shapes: keeps the PDF small.
    axis.scatter(values, y + jitter, s=5, color=colour, alpha=0.35, linewidths=0, rasterized=len(values) > 200)
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    axis.plot([low, high], [y, y], color=colour, linewidth=4.5, alpha=0.45, solid_capstyle="butt")
    axis.plot([middle, middle], [y - 0.3, y + 0.3], color=INK, linewidth=1.3)
