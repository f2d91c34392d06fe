"""All recorded versions on one page: the trend of each metric with its intervals, marked where the verdict turned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from reports.compare import wording
from reports.compare.data import Word
from reports.templating import render, source
from reports.wording import ARROWS, decimals, fixed

Turn = Word | Literal["first"]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 150, 58, 22, 26


@dataclass(frozen=True)
class Point:
    """One record of one metric: value with its 95 % interval (NaN where there is none), and the verdict against the
    record before (``first`` where there is none). `why`: what there is to say about the verdict."""

    record: str
    when: str
    version: str
    value: float
    low: float
    high: float
    cases: int
    verdict: str
    why: str = ""


@dataclass(frozen=True)
class Trend:
    """One metric of one model over the records, oldest first."""

    model: str
    metric: str
    title: str
    unit: str
    better: str
    points: tuple[Point, ...]

    @property
    def heading(self) -> str:
        return " ".join(
            part for part in (self.title, ARROWS[self.better], f"({self.unit})" if self.unit else "") if part
        )

    @property
    def turned(self) -> tuple[Point, ...]:
        """Records at which it got better or worse."""
        return tuple(point for point in self.points if point.verdict in ("better", "worse"))


@dataclass(frozen=True)
class History:
    trends: tuple[Trend, ...]


def history_page(history: History) -> str:
    """The page as HTML text: no script, drawings inline. Metrics that turned come first."""
    models = list(dict.fromkeys(trend.model for trend in history.trends))
    trends = {
        model: sorted((each for each in history.trends if each.model == model), key=lambda trend: not trend.turned)
        for model in models
    }
    return render(
        "history.html.j2", models=models, trends=trends, chart=chart, verdict=_shown, number=_number,
        style=source("base.css", "compare.css"),
    )  # fmt: skip


def _shown(word: str) -> str:
    return "first record" if word == "first" else wording.verdict(word)  # type: ignore[arg-type]


def _number(trend: Trend, value: float) -> str:
    return wording.value(value, decimals([abs(point.value) for point in trend.points]))


def chart(trend: Trend) -> Markup:
    """Values over records with their intervals; a sign above each record at which the verdict turned."""
    bounds = [
        bound
        for point in trend.points
        for bound in (point.value, point.low, point.high)
        if math.isfinite(bound)
    ]  # fmt: skip
    low, high = min(bounds), max(bounds)
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = (WIDTH - LEFT - 20) / max(1, len(trend.points) - 1)

    def x(number: int) -> float:
        return LEFT + 10 + step * number if len(trend.points) > 1 else (LEFT + WIDTH) / 2

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    places = decimals([abs(value) for value in (low, high)])
    line = " ".join(f"{x(number):.1f},{y(point.value):.1f}" for number, point in enumerate(trend.points))
    parts = [
        f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(trend.heading)} over records">',
        *(f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{fixed(value, places)}</text>' for value in (low, high)),
        f'<polyline class="line" points="{line}"/>',
    ]  # fmt: skip
    for number, point in enumerate(trend.points):
        place = f"{x(number):.1f}"
        parts.append(
            f'<g class="{escape(point.verdict)}"><title>{escape(point.record)}: {escape(_shown(point.verdict))}</title>'
        )
        if math.isfinite(point.low) and math.isfinite(point.high):
            parts.append(
                f'<line class="reach" x1="{place}" x2="{place}" y1="{y(point.low):.1f}" y2="{y(point.high):.1f}"/>'
            )
        parts.append(f'<circle class="dot" cx="{place}" cy="{y(point.value):.1f}" r="4"/>')
        if point.verdict in ("better", "worse"):
            sign = wording.SIGNS["better" if point.verdict == "better" else "worse"]
            parts.append(f'<text class="sign" x="{place}" y="14" text-anchor="middle">{sign}</text>')
        parts.append("</g>")
    for number in {0, len(trend.points) - 1}:
        anchor = "start" if number == 0 else "end"
        when = escape(trend.points[number].when[:10])
        parts.append(f'<text x="{x(number):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{when}</text>')
    return Markup("".join(map(str, parts)) + "</svg>")
