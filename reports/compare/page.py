"""A comparison as one page: verdicts with their intervals drawn, coverage, regressed cases side by side, strata."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from reports.compare import wording
from reports.compare.data import WORDS, Comparison, MetricRow, StratumRow
from reports.templating import render, source

WIDTH, HEIGHT, EDGE = 190, 18, 6


def compare_page(found: Comparison, link: Callable[[Path], str]) -> str:
    """The page as HTML text. `link`: where the page finds a video file."""
    script = source("compare.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    models = list(dict.fromkeys(row.model for row in found.metrics))
    rows = {
        model: [row for word in WORDS for row in found.metrics if (row.model, row.verdict) == (model, word)]
        for model in models
    }
    strata: dict[tuple[str, str], list[StratumRow]] = {}
    for row in sorted(found.strata, key=_worst_first(found)):
        strata.setdefault((row.model, row.kind), []).append(row)
    return render(
        "compare.html.j2", found=found, headline=wording.headline(found), verdict=wording.verdict, w=wording, forest=forest,
        models=models, rows=rows, strata=strata, link=link, style=source("base.css", "compare.css"), script=script,
        script_hash=f"sha256-{digest}",
    )  # fmt: skip


def _worst_first(found: Comparison) -> Callable[[StratumRow], tuple[int, float]]:
    """Metrics in the order of their verdicts, strata by worsening."""
    place = {
        (row.model, row.metric): WORDS.index(row.verdict) * len(found.metrics) + number
        for number, row in enumerate(found.metrics)
    }
    return lambda row: (place.get((row.model, row.metric), len(place)), -row.worsening)


def forest(row: MetricRow) -> Markup:
    """The interval of a row as a drawing: 0 in the middle, worse to the right, the margin as a band."""
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return Markup("–")
    sign = 1 if row.better == "lower" else -1
    reach = max(abs(row.low), abs(row.high), row.margin) or 1.0
    middle, unit = WIDTH / 2, (WIDTH / 2 - EDGE) / reach

    def at(value: float) -> str:
        return f"{middle + sign * value * unit:.1f}"

    band = 2 * row.margin * unit
    return Markup(
        f'<svg class="forest verdict {row.verdict}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<rect class="margin" x="{middle - band / 2:.1f}" y="1" width="{band:.1f}" height="{HEIGHT - 2}"/>'
        f'<line class="zero" x1="{middle}" x2="{middle}" y1="0" y2="{HEIGHT}"/>'
        f'<line class="reach" x1="{at(row.low)}" x2="{at(row.high)}" y1="{HEIGHT / 2}" y2="{HEIGHT / 2}"/>'
        f'<circle class="dot" cx="{at(row.difference)}" cy="{HEIGHT / 2}" r="4"/></svg>'
    )
