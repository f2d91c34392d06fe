"""Figures of what follows from the scores: differences between models, groups of cases, metrics that go together.

Every function returns a matplotlib figure, or None where there is nothing to draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.correlations import leaf_order, matrix
from reports.data import Context, ReportData, records, within
from reports.figure_labels import metric_title, model_name, pen, present_models, row_height, with_values
from reports.figure_style import INK, LABEL_LETTER, MUTED, RULE, headline, panels, style
from reports.palette import looks
from reports.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VERDICTS: Mapping[str, tuple[str, str, bool]] = {
    "better": ("^", "#0072B2", True), "worse": ("v", "#D55E00", True), "same": ("s", "#009E73", True),
    "unclear": ("o", MUTED, False),
}  # fmt: skip
"""Marker, colour and whether it is filled: shape alone says it in grey."""
MOST_PAIRS, MOST_LABELS, NUMBERED = 12, 12, 30


def differences(data: ReportData, context: Context, metrics: Sequence[str]) -> Figure | None:
    """Forest plot: each metric's paired difference between models with its interval, zero in the middle.

    Pairs of models that compete; with controls where nothing competes. Of many pairs, those of the first model.
    """
    here = within(data.differences, context)
    competing = set(data.models.loc[data.models["kind"] != "sanity", "model"])
    rivals = here[here["model"].isin(competing) & here["versus"].isin(competing)]
    here = rivals if len(rivals) else here
    pairs = list(dict.fromkeys(zip(here["model"], here["versus"], strict=True)))
    if len(pairs) > MOST_PAIRS:
        pairs = [pair for pair in pairs if pair[0] == pairs[0][0]][:MOST_PAIRS]
    metrics = with_values(here.assign(value=here["difference"]), metrics)
    if not metrics:
        return None
    with style():
        figure, axes = panels(len(metrics), 1.75, row_height(pairs), columns=4, left=2.1, bottom=0.75)
        headline(figure, f"{context.label}: paired differences, 95 % interval")
        for index, (axis, metric) in enumerate(zip(axes, metrics, strict=True)):
            rows = {(row.model, row.versus): row for row in records(here[here["metric"] == metric])}
            axis.axvline(0, color=INK, linewidth=0.8)
            for y, pair in enumerate(pairs):
                if pair in rows:
                    _difference(axis, y, rows[pair])
            axis.set_ylim(len(pairs) - 0.4, -0.6)
            names = [f"{model_name(data, model)} − {model_name(data, versus)}" for model, versus in pairs]
            axis.set_yticks(range(len(pairs)), names if index % 4 == 0 else [""] * len(pairs))
            axis.grid(visible=False, axis="y")
            axis.locator_params(axis="x", nbins=3)
            axis.set_title(metric_title(data, metric))
        _verdict_key(figure)
    return figure


def _difference(axis: Axes, y: int, row: Any) -> None:
    marker, colour, filled = VERDICTS[row.verdict]
    value, low, high = (number(each) for each in (row.difference, row.low, row.high))
    if value is None:
        return
    if low is not None and high is not None:
        axis.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="round")
    face = colour if filled else "white"
    axis.plot([value], [y], marker, color=colour, markerfacecolor=face, markersize=5)


def _verdict_key(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker=marker, color=colour, markerfacecolor=colour if filled else "white", label=word if word in ("same", "unclear") else f"the first is {word}")
        for word, (marker, colour, filled) in VERDICTS.items()
    ]  # fmt: skip
    figure.legend(handles=handles, loc="lower left", ncols=len(handles), bbox_to_anchor=(0.01, 0.0))


def strata(data: ReportData, context: Context, kind: str, metrics: Sequence[str]) -> Figure | None:
    """Mean and interval by group of cases, a panel a metric, for models that compete and the ground truth."""
    groups = within(data.groups, context)
    groups = groups[groups["kind"] == kind]
    labels = groups.drop_duplicates("place").sort_values("place")["label"].tolist()
    here = within(data.strata, context)
    shown = set(data.models.loc[data.models["kind"] != "sanity", "model"]) | {data.reference}
    here = here[(here["kind"] == kind) & here["model"].isin(shown)]
    metrics, models = with_values(here, metrics), present_models(data, here)
    if not metrics or len(labels) > MOST_LABELS:
        return None
    with style():
        figure, axes = panels(
            len(metrics), 2.3, 1.25, columns=3, left=0.6, right=1.7, between=0.55, gap=0.9, bottom=0.85
        )
        headline(figure, f"{context.label}: by {groups['title'].iloc[0].lower()}, mean and 95 % interval")
        for axis, metric in zip(axes, metrics, strict=True):
            rows = here[here["metric"] == metric]
            _groups_panel(axis, data, rows, models, labels)
            _limit(axis, rows)
            axis.set_title(metric_title(data, metric))
        axes[min(len(axes), 3) - 1].legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0)
        note = "Intervals that are longer than a panel are cut."
        figure.text(0.12 / figure.get_figwidth(), 0.08 / figure.get_figheight(), note, fontsize=7, color=MUTED)
    return figure


def _groups_panel(
    axis: Axes, data: ReportData, rows: pd.DataFrame, models: Sequence[str], labels: Sequence[str]
) -> None:
    """A column a group, the models side by side in it."""
    look, place = looks(data.models, data.reference), {label: index for index, label in enumerate(labels)}
    for model, aside in zip(models, np.linspace(-0.3, 0.3, len(models)) if len(models) > 1 else [0.0], strict=True):
        mine, drawn = rows[rows["model"] == model], pen(look[model])
        x = np.array([place[label] for label in mine["label"]]) + aside
        value, low, high = (mine[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
        axis.vlines(x, low, high, color=drawn["color"], linewidth=1.1)
        axis.plot(x, value, drawn["marker"], color=drawn["color"], markersize=4, label=model_name(data, model))
    turned: dict[str, Any] = {"rotation": 30, "ha": "right"} if len(labels) > 3 else {}
    axis.set_xticks(range(len(labels)), labels, **turned)
    axis.set_xlim(-0.5, len(labels) - 0.5)
    axis.grid(visible=False, axis="x")
    for edge in np.arange(len(labels) - 1) + 0.5:
        axis.axvline(edge, color=RULE, linewidth=0.5)


def _limit(axis: Axes, rows: pd.DataFrame) -> None:
    """Room for the values and as much again around: the interval of a group of two speakers would press the rest flat."""
    values = rows["value"].to_numpy(dtype=float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = (high - low) or abs(high) or 1.0
    ends = rows[["low", "high", "value"]].to_numpy(dtype=float)
    axis.set_ylim(
        max(float(np.nanmin(ends)), low - room) - 0.06 * room, min(float(np.nanmax(ends)), high + room) + 0.06 * room
    )


def correlation(data: ReportData, context: Context) -> Figure | None:
    """Rank correlations of all metrics, those that go together side by side; numbers where there is room for them."""
    here = within(data.correlation, context)
    if here["metric"].nunique() < 2:
        return None
    r = matrix(here, "r").astype(float)
    order = leaf_order(r.to_numpy())
    r = r.iloc[order, order]
    titles = _short_titles(data, list(r.index))
    side = max(2.2, (0.27 if len(r) <= NUMBERED else 0.16) * len(r))
    names = LABEL_LETTER * max(map(len, titles))
    with style():
        figure, (axis,) = panels(1, side, side, columns=1, left=0.15 + names, right=0.9, bottom=0.4 + names)
        headline(figure, f"{context.label}: rank correlation")
        picture = axis.imshow(r.to_numpy(), vmin=-1, vmax=1, cmap="PuOr_r")
        for (i, j), value in np.ndenumerate(r.to_numpy()):
            # A sign in every cell that matters: in grey both ends of the scale are dark.
            if i != j and np.isfinite(value):
                _cell(axis, i, j, float(value), len(r) <= NUMBERED)
        axis.set_xticks(range(len(r)), titles, rotation=90)
        axis.set_yticks(range(len(r)), titles)
        axis.grid(visible=False)
        axis.set_xlabel(
            f"in hundredths; means of {here['within'].iloc[0]} taken out"
            if len(r) <= NUMBERED
            else f"means of {here['within'].iloc[0]} taken out"
        )
        bar = figure.colorbar(picture, ax=axis, fraction=0.03, pad=0.02)
        bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


def _short_titles(data: ReportData, metrics: Sequence[str]) -> list[str]:
    """Without units, but where two would read alike."""
    short = [metric_title(data, metric).split(" (")[0] for metric in metrics]
    bare = [title.rstrip(" ↓↑") for title in short]
    return [
        short[place] if bare.count(bare[place]) == 1 else metric_title(data, metric)
        for place, metric in enumerate(metrics)
    ]


def _cell(axis: Axes, i: int, j: int, value: float, numbered: bool) -> None:
    words = (
        f"{100 * value:.0f}".replace("-", "−") if numbered else "−" if value <= -0.3 else "+" if value >= 0.3 else ""
    )
    axis.text(j, i, words, ha="center", va="center", fontsize=5.5, color="white" if abs(value) > 0.6 else INK)


def kinds(data: ReportData, context: Context) -> list[str]:
    """The kinds of groups of a context, in order of appearance; without speakers, whose names say nothing in print."""
    return [str(kind) for kind in pd.unique(within(data.groups, context)["kind"]) if kind != "speaker"]
