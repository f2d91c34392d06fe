"""From phonemes to the movements of jaw and lips.

Each phoneme asks for a shape of the mouth. Shapes blend by dominance (Cohen & Massaro, "Modeling coarticulation
in synthetic visual speech", 1993): a phoneme's claim on the mouth rises before it and fades after it, the rise being
the slower. Closed lips and lip-to-teeth contact are not blended away: they hold for as long as the sound needs them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.puppet.speech import RATE, Utterance

FloatArray = NDArray[np.float64]

_ANTICIPATION, _CARRY = 0.085, 0.055
"""Seconds in which a claim falls to 1/e before and after the core of its phoneme."""
_SHORTEST_HOLD = 0.05
"""Seconds: a contact lasts at least this long, so that 25 frames a second cannot miss it."""
_CONTACT_RAMP = 0.055

CLOSED = frozenset({"P", "B", "M"})
TUCKED = frozenset({"F", "V"})


@dataclass(frozen=True)
class _Shape:
    """Targets of the mouth, each 0..1 except `wide` (-1 round to 1 spread), and how strongly they are wanted."""

    jaw: float
    wide: float = 0.0
    protrude: float = 0.0
    upper: float = 0.0
    lower: float = 0.0
    claim: float = 1.0


_REST = _Shape(0.0, claim=0.7)
_SHAPES: dict[str, tuple[_Shape, ...]] = {
    "SIL": (_REST,),
    **dict.fromkeys(("P", "B", "M"), (_Shape(0.06, claim=1.3),)),
    **dict.fromkeys(("F", "V"), (_Shape(0.12, 0.05, 0.0, 0.3, 0.0, 1.2),)),
    **dict.fromkeys(("TH", "DH"), (_Shape(0.2, 0.1, 0.0, 0.1, 0.3, 0.8),)),
    **dict.fromkeys(("T", "D", "N"), (_Shape(0.17, 0.12, 0.0, 0.1, 0.3, 0.6),)),
    "L": (_Shape(0.28, 0.1, 0.0, 0.1, 0.3, 0.7),),
    **dict.fromkeys(("S", "Z"), (_Shape(0.07, 0.35, 0.0, 0.25, 0.55, 1.1),)),
    **dict.fromkeys(("SH", "ZH", "CH", "JH"), (_Shape(0.1, -0.45, 0.7, 0.45, 0.6, 1.2),)),
    **dict.fromkeys(("K", "G", "NG"), (_Shape(0.25, 0.05, 0.0, 0.05, 0.15, 0.4),)),
    "R": (_Shape(0.17, -0.4, 0.5, 0.15, 0.3, 0.9),),
    "ER": (_Shape(0.25, -0.3, 0.4, 0.15, 0.3, 1.0),),
    "W": (_Shape(0.08, -0.9, 0.9, 0.0, 0.05, 1.4),),
    "Y": (_Shape(0.13, 0.45, 0.0, 0.1, 0.25, 0.7),),
    "HH": (_Shape(0.3, 0.05, 0.0, 0.05, 0.15, 0.3),),
    "IY": (_Shape(0.15, 0.75, 0.0, 0.2, 0.35),),
    "IH": (_Shape(0.27, 0.4, 0.0, 0.1, 0.25),),
    "EH": (_Shape(0.48, 0.35, 0.0, 0.1, 0.25),),
    "AE": (_Shape(0.68, 0.45, 0.0, 0.15, 0.25),),
    "AA": (_Shape(0.92, 0.0, 0.0, 0.05, 0.15),),
    "AH": (_Shape(0.5, 0.05, 0.0, 0.05, 0.15),),
    "AO": (_Shape(0.7, -0.45, 0.45, 0.05, 0.15),),
    "UH": (_Shape(0.28, -0.45, 0.45, 0.05, 0.15),),
    "UW": (_Shape(0.14, -0.85, 0.85, 0.0, 0.1, 1.2),),
    "OW": (_Shape(0.55, -0.5, 0.5), _Shape(0.16, -0.85, 0.8, 0.0, 0.1, 1.1)),
    "EY": (_Shape(0.46, 0.4, 0.0, 0.1, 0.25), _Shape(0.17, 0.65, 0.0, 0.15, 0.3)),
    "AY": (_Shape(0.88, 0.05, 0.0, 0.05, 0.15), _Shape(0.22, 0.6, 0.0, 0.15, 0.3)),
    "AW": (_Shape(0.85, 0.1, 0.0, 0.05, 0.15), _Shape(0.2, -0.75, 0.7, 0.0, 0.1)),
    "OY": (_Shape(0.62, -0.55, 0.55), _Shape(0.2, 0.55, 0.0, 0.15, 0.3)),
}
SYMBOLS = frozenset(_SHAPES)
"""Every phoneme that the puppet can articulate."""


@dataclass(frozen=True)
class Mouth:
    """The mouth over time, each ``(T,)``: `jaw`, `protrude`, `upper`, `lower` 0..1, `wide` -1..1, `closed` and `tucked`
    0..1, where 1 is full contact."""

    jaw: FloatArray
    wide: FloatArray
    protrude: FloatArray
    upper: FloatArray
    lower: FloatArray
    closed: FloatArray
    tucked: FloatArray


def articulate(utterance: Utterance, times: FloatArray) -> Mouth:
    """The mouth at `times` ``(T,)`` in seconds while that is said."""
    shapes, begins, ends = [], [], []
    for symbol, start, end in zip(utterance.symbols, utterance.starts, utterance.ends, strict=True):
        parts = _SHAPES[symbol]
        edges = np.linspace(start, end, len(parts) + 1)
        for part, a, b in zip(parts, edges[:-1], edges[1:], strict=True):
            # The core is the middle half: there the shape is wanted fully.
            shapes.append(part)
            begins.append(a + (b - a) / 4)
            ends.append(b - (b - a) / 4)
    before = np.maximum(np.array(begins)[None] - times[:, None], 0.0) / _ANTICIPATION
    after = np.maximum(times[:, None] - np.array(ends)[None], 0.0) / _CARRY
    claims = np.array([shape.claim for shape in shapes]) * np.exp(-before - after)
    claims /= claims.sum(axis=1, keepdims=True)
    table = np.array([[s.jaw, s.wide, s.protrude, s.upper, s.lower] for s in shapes])
    jaw, wide, protrude, upper, lower = (claims @ table).T
    effort = 0.8 + 0.35 * loudness(utterance, times)
    return Mouth(
        jaw * effort, wide, protrude, upper * effort, lower * effort,
        _contact(utterance, times, CLOSED), _contact(utterance, times, TUCKED),
    )  # fmt: skip


def loudness(utterance: Utterance, times: FloatArray) -> FloatArray:
    """Smoothed level of the voice at `times`, about 1 at its loudest; ``(T,)``."""
    window = np.hanning(round(0.12 * RATE) | 1)
    power = np.convolve(utterance.samples.astype(np.float64) ** 2, window / window.sum(), mode="same")
    level = np.sqrt(np.maximum(power, 0.0))
    peak = max(float(np.percentile(level, 95)), 1e-6)
    return np.asarray(np.interp(times, np.arange(len(level)) / RATE, np.minimum(level / peak, 1.2)))


def hold(start: float, end: float) -> tuple[float, float]:
    """The seconds in which a contact of that phoneme is complete: the phoneme, or somewhat more where it is short."""
    middle, half = (start + end) / 2, max(end - start, _SHORTEST_HOLD) / 2
    return middle - half, middle + half


def _contact(utterance: Utterance, times: FloatArray, which: frozenset[str]) -> FloatArray:
    """1 while one of these phonemes holds, 0 away from them, with smooth ramps between."""
    result = np.zeros_like(times)
    for symbol, start, end in zip(utterance.symbols, utterance.starts, utterance.ends, strict=True):
        if symbol in which:
            a, b = hold(start, end)
            away = np.maximum(np.maximum(a - times, times - b), 0.0) / _CONTACT_RAMP
            result = np.maximum(result, 0.5 * (1.0 + np.cos(np.pi * np.minimum(away, 1.0))))
    return result
