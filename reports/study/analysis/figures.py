"""Figures of an analysis: dots with their 95 % intervals, in the style of all figures of this suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from reports.figure_style import INK, MUTED, headline, panels, style
from reports.palette import OKABE_ITO
from reports.study.analysis.analyse import Analysis
from reports.study.analysis.estimates import Estimate
from reports.study.analysis.preferences import Preference
from reports.wording import ARROWS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_METRICS = 40
Rows = Sequence[tuple[str, Estimate]]


def figures(found: Analysis) -> Mapping[str, tuple[str, Figure]]:
    """By name: what it shows, in words, and the figure; only those that have something to show."""
    drawn: dict[str, tuple[str, Figure]] = {}
    rates = _by_question(found.rates)
    rows = {question: [(_pair(each), each.rate) for each in part] for question, part in rates.items()}
    drawn["preferences"] = (
        "How often the first of two models was preferred",
        _percent("Preferred, % of answers", rows),
    )
    strengths = {
        each.question: list(each.strengths.items()) for each in found.scores if found.scores_of(each.question) is each
    }
    if strengths:
        drawn["scores"] = ("Log-strength of each model", _strengths(found, strengths))
    if found.strata:
        drawn["strata"] = ("The same within parts of the clips", _strata(found.strata))
    if any(np.isfinite(each.kendall.value) for each in found.metrics):
        drawn["metrics"] = ("Which metrics agree with people", _metrics(found))
    return drawn


def _by_question(rates: Sequence[Preference]) -> dict[str, list[Preference]]:
    found: dict[str, list[Preference]] = {}
    for each in rates:
        found.setdefault(each.question, []).append(each)
    return found


def _pair(each: Preference) -> str:
    return f"{each.model} over {each.other}"


def _percent(title: str, rows: Mapping[str, Rows], columns: int = 3) -> Figure:
    scaled = {
        question: [(name, Estimate(*(100 * part for part in (e.value, e.low, e.high)))) for name, e in part]
        for question, part in rows.items()
    }
    figure, axes = _forest(title, scaled, 50.0, columns)
    for axis in axes:
        axis.set_xlim(0, 100)
    return figure


def _strengths(found: Analysis, rows: Mapping[str, Rows]) -> Figure:
    colours = {model: OKABE_ITO[place % len(OKABE_ITO)] for place, model in enumerate(found.study.models)}
    return _forest("Log-strength of each model", rows, 0.0, 3, colours)[0]


def _strata(rates: Sequence[Preference]) -> Figure:
    rows: dict[str, list[tuple[str, Estimate]]] = {}
    for each in rates:
        several = f"{each.question}: " if len({one.question for one in rates}) > 1 else ""
        rows.setdefault(f"{several}{_pair(each)}", []).append((f"{each.kind} {each.stratum}", each.rate))
    return _percent("Preferred within parts of the clips, %", rows)


def _metrics(found: Analysis) -> Figure:
    known = [each for each in found.metrics if np.isfinite(each.kendall.value)]
    # All panels in the order of the first question, so that a metric is found in the same line.
    order = list(dict.fromkeys(each.metric.metric for each in known))
    rows: dict[str, Rows] = {}
    for question in dict.fromkeys(each.question for each in known):
        by_name = {each.metric.metric: each for each in known if each.question == question}
        rows[question] = [
            (f"{by_name[name].metric.title} {ARROWS[by_name[name].metric.better]}", by_name[name].kendall)
            for name in order[:MOST_METRICS] if name in by_name
        ]  # fmt: skip
    which = f", the best {MOST_METRICS} of {len(order)}" if len(order) > MOST_METRICS else ""
    return _forest(f"Kendall's τ-b with people{which}", rows, 0.0, 3)[0]


def _forest(
    title: str, rows: Mapping[str, Rows], nothing: float, columns: int, colours: Mapping[str, str] | None = None
) -> tuple[Figure, list[Axes]]:
    """A panel a key; rows that all panels share are named once a line of panels."""
    names = list(dict.fromkeys(name for part in rows.values() for name, _ in part))
    place = {name: number for number, name in enumerate(names)}
    with style():
        left = min(3.2, 0.35 + 0.062 * max(len(name) for name in names))
        figure, axes = panels(len(rows), 2.1, max(0.5, 0.19 * len(names)), columns, left=left)
        headline(figure, title)
        known = [
            bound for part in rows.values() for _, e in part for bound in (e.value, e.low, e.high) if np.isfinite(bound)
        ]
        low, high = min([nothing, *known]), max([nothing, *known])
        for number, (axis, (key, part)) in enumerate(zip(axes, rows.items(), strict=True)):
            axis.axvline(nothing, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
            for name, each in part:
                colour = (colours or {}).get(name, OKABE_ITO[0])
                if np.isfinite(each.low) and np.isfinite(each.high):
                    axis.plot(
                        [each.low, each.high], [place[name]] * 2, color=colour, linewidth=1.6, solid_capstyle="round"
                    )
                axis.plot([each.value], [place[name]], "o", color=colour, markersize=4.5)
            shown = [_short(name) for name in names] if number % columns == 0 else [""] * len(names)
            axis.set_yticks(range(len(names)), shown, color=INK)
            axis.set_ylim(len(names) - 0.4, -0.6)
            axis.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
            axis.grid(visible=False, axis="y")
            axis.set_title(_short(key, 40), fontsize=8)
    return figure, axes


def _short(name: str, most: int = 46) -> str:
    """One line, with dollar signs as they are: names come from outside, and matplotlib reads mathematics between two."""
    flat = " ".join(name.split()).replace("$", r"\$")
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
