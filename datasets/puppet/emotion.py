"""MEAD's eight emotions as facial actions of known strength (after Ekman & Friesen's Facial Action Coding System)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from datasets.base import EMOTIONS

LEVELS = {1: 0.4, 2: 0.7, 3: 1.0}
"""Share of the full expression that MEAD's three levels show."""


@dataclass(frozen=True)
class Actions:
    """Strengths of facial actions, 0 none, about 1 strong; in brackets the number in the coding system."""

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
        brow_outer_up=0.5,
        brow_lower=1.6,
        lid_raise=0.25,
        lid_tighten=0.45,
        nose_wrinkle=0.45,
        corners_down=1.0,
        chin_raise=0.7,
    ),
    "contempt": Actions(dimple=1.0, brow_lower=0.2, lid_tighten=0.3, chin_raise=0.3),
    "disgusted": Actions(
        brow_lower=1.1, cheek_raise=0.5, lid_tighten=0.8, nose_wrinkle=1.5, lip_raise=1.0, corners_down=0.8
    ),
    "fear": Actions(brow_inner_up=1.3, brow_lower=0.9, lid_raise=1.3, corners_down=0.4, stretch=1.0, jaw_drop=0.35),
    "happy": Actions(smile=1.1, cheek_raise=1.0, lid_tighten=0.25, lip_raise=0.3, jaw_drop=0.12),
    "neutral": Actions(),
    "sad": Actions(brow_inner_up=0.6, brow_lower=0.7, lid_tighten=0.9, corners_down=1.4, chin_raise=0.6),
    "surprised": Actions(brow_inner_up=0.9, brow_outer_up=1.2, lid_raise=1.2, stretch=-0.4, jaw_drop=0.55),
}


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
