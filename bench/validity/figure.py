"""Response curves: a panel a metric, a line a damage."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bench.validity.response import Response, Verdict
from metrics.base import ARROWS
from reports.figure_style import INK, MUTED, headline, panels, style
from reports.palette import DASHES, OKABE_ITO

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5
MARKERS = "osD^vP"
NUMBERS = 0.2
"""Inches at the left of a panel for the numbers of its own scale."""
TOLD = (Verdict.WORSE, Verdict.UNEVEN, Verdict.BETTER)


def response_curves(title: str, responses: Sequence[Response]) -> Figure | None:
    """Difference from the clip itself against the damage's level, with its 95 % interval; None where nothing is told.

    Levels are evenly spaced from the clip itself (0) to the strongest (1), for every damage has a unit of its own.

    Args:
        title: of the figure. responses: of one dataset and of the damages of one group. Metrics that tell none
            of them get no panel.
    """
    moved = [each for each in responses if each.verdict not in (Verdict.UNCHANGED, Verdict.NO_VALUE)]
    metrics = list(dict.fromkeys(each.metric.name for each in moved if each.verdict in TOLD))
    damages = list(dict.fromkeys(each.damage.name for each in responses))
    if not metrics:
        return None
    with style():
        figure, axes = panels(len(metrics), 1.4, 0.84, columns=COLUMNS, left=0.25, right=1.25)
        headline(figure, title)
        for axis, name in zip(axes, metrics, strict=True):
            box, room = axis.get_position(), NUMBERS / figure.get_figwidth()
            axis.set_position((box.x0 + room, box.y0, box.width - room, box.height))
            own = [each for each in moved if each.metric.name == name]
            for each in own:
                _line(axis, each, damages.index(each.damage.name))
            metric = own[0].metric
            unit = f" ({metric.unit})" if metric.unit else ""
            axis.set_title(f"{metric.title} {ARROWS[metric.better]}{unit}".replace("$", r"\$"), fontsize=6.5)
            axis.axhline(0, color=MUTED, linewidth=0.6)
            axis.set_xticks([0, 0.5, 1], ["0", "", "1"])
            axis.tick_params(labelsize=5.5)
            axis.locator_params(axis="y", nbins=4)
        handles: dict[str, Any] = {}
        for axis in axes:
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        labels = [each for each in dict.fromkeys(one.damage.title for one in responses) if each in handles]
        width = figure.get_figwidth()
        where: Any = (1 - 0.06 / width, 1 - 0.3 / figure.get_figheight())
        figure.legend(
            [handles[label] for label in labels], labels, loc="upper right", fontsize=6.5, bbox_to_anchor=where
        )
    return figure


def _line(axis: Axes, response: Response, number: int) -> None:
    levels = response.damage.levels
    places = np.array([0.0, *((levels.index(each.level) + 1) / len(levels) for each in response.levels)])
    values, low, high = (
        np.array([0.0, *(getattr(each.effect, part) for each in response.levels)]) for part in ("value", "low", "high")
    )
    colour = OKABE_ITO[number % (len(OKABE_ITO) - 1)] if number < len(OKABE_ITO) - 1 else INK
    dash = DASHES[number % len(DASHES)]
    pen: dict[str, Any] = {"dashes": dash} if dash else {}
    axis.plot(places, values, color=colour, marker=MARKERS[number % len(MARKERS)], markersize=2.4, linewidth=1.0,
              label=response.damage.title, **pen)  # fmt: skip
    axis.fill_between(places, low, high, color=colour, alpha=0.14, linewidth=0)


def few_colours(png: bytes) -> bytes:
    """The same picture with a palette: a third of the bytes in a repository."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()
