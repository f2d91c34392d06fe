"""MEAD's eight emotions as facial actions of known strength (after Ekman & Friesen's Facial Action Coding System)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from datasets.base import EMOTIONS

LEVELS = {1: 0.4, 2: 0.7, 3: 1.0}
"""Share of the full expression that MEAD's three levels show."""


@dataclass(frozen=True)
class Actions:
    """Strengths of facial actions, 0 none, about 1 strong, negative the other way; in brackets the number in the coding system."""

    brow_inner_up: float = 0.0  # [1]
    brow_outer_up: float = 0.0  # [2]
    brow_lower: float = 0.0  # [4]
    lid_raise: float = 0.0  # [5]
    cheek_raise: float = 0.0  # [6]
    lid_tighten: float = 0.0  # [7]
    nose_wrinkle: float = 0.0  # [9]
    lip_raise: float = 0.0  # [10]
    smile: float = 0.0  # [12]
    dimple: float = 0.0  # [14], on one side
    corners_down: float = 0.0  # [15]
    chin_raise: float = 0.0  # [17]
    stretch: float = 0.0  # [20]
    jaw_drop: float = 0.0  # [26]

    def scaled(self, share: float) -> Actions:
        """All strengths times `share`."""
        return Actions(**{field.name: share * getattr(self, field.name) for field in fields(self)})

    def towards(self, other: Actions, share: float) -> Actions:
        """The expression on the way to another one: this one at share 0, the other at 1."""
        names = [field.name for field in fields(self)]
        return Actions(**{n: (1 - share) * getattr(self, n) + share * getattr(other, n) for n in names})


_FULL = {
    "angry": Actions(
        brow_outer_up=0.9, brow_lower=1.9, lid_raise=0.25, nose_wrinkle=0.8, corners_down=1.0, chin_raise=0.7
    ),
    "contempt": Actions(dimple=1.2, brow_lower=0.3, lid_tighten=0.4, chin_raise=0.4),
    "disgusted": Actions(
        brow_lower=1.6, cheek_raise=0.5, lid_tighten=1.2, nose_wrinkle=1.8, lip_raise=1.1, corners_down=0.8
    ),
    "fear": Actions(brow_inner_up=1.5, brow_lower=1.3, lid_raise=1.3, corners_down=0.6, stretch=1.3, jaw_drop=0.35),
    "happy": Actions(smile=1.4, cheek_raise=1.0, lid_tighten=0.25, lip_raise=0.7, jaw_drop=0.35),
    "neutral": Actions(),
    "sad": Actions(
        brow_inner_up=0.5,
        brow_outer_up=-0.8,
        brow_lower=0.7,
        lid_tighten=1.4,
        lip_raise=-0.2,
        corners_down=0.85,
        chin_raise=0.6,
        stretch=0.3,
    ),
    "surprised": Actions(brow_inner_up=0.9, brow_outer_up=0.9, lid_raise=1.2, stretch=-0.8, jaw_drop=0.75),
}
"""Actions follow the coding system (sad with lowered outer brows besides); how strong they are was searched for so that still
faces of *training* speakers are named right by the suite's classifier more often (``docs/examples/puppet_expressions.py``)."""


def expression(emotion: str, level: int) -> Actions:
    """The actions of an emotion (one of `datasets.base.EMOTIONS`) at MEAD's level 1, 2 or 3.

    Raises:
        KeyError: no such emotion or level.
    """
    return _FULL[emotion].scaled(LEVELS[level])


def levels(emotion: str) -> tuple[int, ...]:
    """The levels that MEAD has of an emotion: one of neutral, three of the others."""
    if emotion not in EMOTIONS:
        raise KeyError(emotion)
    return (1,) if emotion == "neutral" else (1, 2, 3)
