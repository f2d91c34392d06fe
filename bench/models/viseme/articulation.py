"""What the mouth does for each sound: the table of the baseline, in units of effort.

Written from descriptions of English articulation, for this baseline alone; the synthetic dataset has a table of its
own, so that neither judges itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

CHANNELS = ("gap", "jaw", "spread", "round", "tuck", "press")


@dataclass(frozen=True)
class Shape:
    """A mouth, each channel from 0 (rest) to 1 (as far as speech goes).

    Attributes:
        gap: between the lips. jaw: drop of the chin. spread: corners apart. round: corners together, lips forward.
        tuck: lower lip under the upper teeth. press: lips rolled in.
        weight: how much the sound insists on its shape among its neighbours.
    """

    gap: float
    jaw: float
    spread: float = 0.0
    round: float = 0.0
    tuck: float = 0.0
    press: float = 0.0
    weight: float = 0.7

    @property
    def target(self) -> NDArray[np.float64]:
        """``(6,)``, in the order of `CHANNELS`."""
        return np.array(astuple(self)[: len(CHANNELS)])


_REST = Shape(0.0, 0.0, weight=0.8)
_BILABIAL = Shape(0.0, 0.15, press=1.0, weight=0.9)
_LABIODENTAL = Shape(0.12, 0.15, tuck=1.0, weight=0.9)
_DENTAL = Shape(0.22, 0.22, weight=0.6)
_ALVEOLAR = Shape(0.20, 0.20, spread=0.1, weight=0.5)
_SIBILANT = Shape(0.15, 0.08, spread=0.3, weight=0.7)
_POSTALVEOLAR = Shape(0.24, 0.12, round=0.6, weight=0.8)
_VELAR = Shape(0.32, 0.28, weight=0.35)
_GLOTTAL = Shape(0.40, 0.35, weight=0.2)
_OPEN = Shape(0.95, 0.95, weight=1.0)
_CLOSE_FRONT = Shape(0.32, 0.20, spread=0.8, weight=0.9)
_CLOSE_BACK = Shape(0.18, 0.20, round=1.0, weight=0.9)
_OPEN_BACK = Shape(0.75, 0.75, round=0.4, weight=1.0)

TABLE: Mapping[str, tuple[Shape, ...]] = {
    "SIL": (_REST,),
    **dict.fromkeys(("P", "B", "M"), (_BILABIAL,)),
    **dict.fromkeys(("F", "V"), (_LABIODENTAL,)),
    **dict.fromkeys(("TH", "DH"), (_DENTAL,)),
    **dict.fromkeys(("T", "D", "N", "L"), (_ALVEOLAR,)),
    **dict.fromkeys(("S", "Z"), (_SIBILANT,)),
    **dict.fromkeys(("SH", "ZH", "CH", "JH"), (_POSTALVEOLAR,)),
    **dict.fromkeys(("K", "G", "NG"), (_VELAR,)),
    "HH": (_GLOTTAL,),
    "W": (Shape(0.10, 0.18, round=1.0, weight=0.9),),
    "R": (Shape(0.22, 0.20, round=0.5, weight=0.7),),
    "Y": (Shape(0.25, 0.18, spread=0.5, weight=0.5),),
    "AA": (_OPEN,),
    "AE": (Shape(0.80, 0.75, spread=0.5, weight=1.0),),
    "AH": (Shape(0.55, 0.50, weight=0.7),),
    "AO": (_OPEN_BACK,),
    "EH": (Shape(0.62, 0.52, spread=0.4, weight=0.9),),
    "ER": (Shape(0.32, 0.30, round=0.4, weight=0.8),),
    "IH": (Shape(0.40, 0.30, spread=0.4, weight=0.7),),
    "IY": (_CLOSE_FRONT,),
    "UH": (Shape(0.35, 0.30, round=0.5, weight=0.7),),
    "UW": (_CLOSE_BACK,),
    "AW": (_OPEN, _CLOSE_BACK),
    "AY": (_OPEN, _CLOSE_FRONT),
    "EY": (Shape(0.58, 0.48, spread=0.5, weight=0.9), _CLOSE_FRONT),
    "OW": (Shape(0.55, 0.52, round=0.7, weight=1.0), _CLOSE_BACK),
    "OY": (_OPEN_BACK, _CLOSE_FRONT),
}
"""One shape a sound; two, passed one after the other, for a diphthong."""
