"""What all figures share: fonts, sizes, grids of panels, and how they become bytes. Imports matplotlib."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1e23"
MUTED = "#5b6470"
RULE = "#d5d9df"
LEAST_WIDTH = 5.2
"""Inches that a headline and a key take."""
LETTER = 0.08
"""Inches of a letter of a headline at its full size."""
LABEL_LETTER = 0.065
"""Inches of a letter of a row's label, on the wide side."""

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": 7.5,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.2,
    # Text stays text in the PDF, as publishers ask. One weight only: embedding a second costs more than the drawing.
    "pdf.fonttype": 42,
}


@contextmanager
def style() -> Iterator[None]:
    """The suite's look, for as long as a figure is drawn and saved; the caller's own settings come back."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        yield


def panels(
    count: int, width: float, height: float, columns: int, left: float = 1.3, right: float = 0.15, bottom: float = 0.45,
    between: float = 0.22, gap: float = 0.62,
) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """A figure of `count` panels of ``width`` × ``height`` inches, with room around for labels.

    Args:
        left, right, bottom: inches at the edges. between, gap: inches between panels across and down.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = max(1, min(columns, count))
    down = max(1, math.ceil(count / across))
    top = 0.62
    full_width = max(LEAST_WIDTH, left + across * width + (across - 1) * between + right)
    full_height = top + down * height + (down - 1) * gap + bottom
    figure = Figure(figsize=(full_width, full_height))
    FigureCanvasAgg(figure)
    axes = []
    for index in range(count):
        row, column = divmod(index, across)
        x = left + column * (width + between)
        y = full_height - top - (row + 1) * height - row * gap
        axes.append(figure.add_axes((x / full_width, y / full_height, width / full_width, height / full_height)))
    return figure, axes


def headline(figure: Figure, title: str) -> None:
    """The title of a whole figure, at its upper left; in smaller letters where it is longer than the figure is wide."""
    width, height = figure.get_figwidth(), figure.get_figheight()
    size = 10.5 * min(1.0, (width - 0.24) / (LETTER * len(title)))
    figure.text(0.12 / width, 1 - 0.1 / height, title, fontsize=size, va="top")


def to_bytes(figure: Figure, kind: Literal["png", "pdf"]) -> bytes:
    """The figure as a file; the same figure gives the same bytes (no dates inside)."""
    out = io.BytesIO()
    metadata: dict[str, Any] = {"CreationDate": None, "Producer": None} if kind == "pdf" else {"Software": None}
    with style():
        figure.savefig(out, format=kind, dpi=160, facecolor="white", metadata=metadata)
    return out.getvalue()
