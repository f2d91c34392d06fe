"""One colour and one dash a model, the same in figures and on the page, told apart by the colour-blind and in print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from reports.data import records

# Okabe and Ito, "Color Universal Design" (2008), darkest first: the light ones need a dark page to stand out.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
DASHES = ((), (4.0, 2.0), (1.5, 1.5), (6.0, 2.0, 1.5, 2.0))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "////", "....", "xxxx", "----", "\\\\\\\\", "oo")


@dataclass(frozen=True)
class Look:
    """How a model is drawn. `colour` is None for the ground truth, which is drawn in the colour of the text.

    Attributes:
        dash: lengths of strokes and gaps, empty for a solid line. marker, hatch: as matplotlib names them.
    """

    colour: str | None
    dash: tuple[float, ...]
    marker: str = "o"
    hatch: str = ""


def looks(models: pd.DataFrame, reference: str) -> Mapping[str, Look]:
    """A look for every model; colours go to competing models first.

    Dashes change from model to model too, out of step with colours: who sees no colours, or prints in grey, tells lines of
    the same dash by how dark they are. Bars have hatches, points have markers.
    """
    names = [row.model for row in records(models) if row.kind != "sanity"]
    names += [row.model for row in records(models) if row.kind == "sanity" and row.model != reference]
    found = {reference: Look(None, (), "*")}
    for index, name in enumerate(name for name in names if name != reference):
        colour = index % len(OKABE_ITO)
        found[name] = Look(OKABE_ITO[colour], DASHES[index % len(DASHES)], MARKERS[colour], HATCHES[colour])
    return found
