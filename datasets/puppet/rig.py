"""The rig: what articulation, expression, blinks and gaze do to the mesh, in the head frame."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from datasets.puppet.emotion import Actions
from datasets.puppet.face import mirrored_points, neutral_face
from datasets.puppet.topology import (
    ABOVE_LID,
    EYE_LOWER,
    EYE_UPPER,
    INNER_LOWER,
    INNER_UPPER,
    IRIS,
    OUTER_LOWER,
    OUTER_UPPER,
)

FloatArray = NDArray[np.float64]

_HINGE_Y, _HINGE_Z = 0.55, 0.75
"""The joint of the jaw in the head frame, before the ears."""
_JAW_ANGLE = 0.42
"""Radians at jaw 1."""
_EYEBALL = 0.19
"""Radius of the eyeball in distances between the irises."""
_UPPER_SHARE = 0.3
"""Of the way to closed lips, how much the upper lip goes."""


_STILL = Actions()


@dataclass(frozen=True)
class Pose:
    """What the face does in one frame.

    `jaw`, `protrude`, `upper`, `lower`, `closed`, `tucked`, `wide` as in `articulation.Mouth`; `actions` the
    expression; `blink` 0 open to 1 shut; `gaze` degrees to the picture's right and down.
    """

    jaw: float = 0.0
    wide: float = 0.0
    protrude: float = 0.0
    upper: float = 0.0
    lower: float = 0.0
    closed: float = 0.0
    tucked: float = 0.0
    blink: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    actions: Actions = _STILL


def deform(face: FloatArray, pose: Pose) -> FloatArray:
    """The calm face ``(478, 3)`` (head frame) in a pose. At `closed` 1 the inner lips touch exactly."""
    moves = _moves()
    strengths = {field.name: getattr(pose.actions, field.name) for field in fields(pose.actions)}
    strengths |= {name: getattr(pose, name) for name in ("wide", "protrude", "upper", "lower")}
    strengths["jaw"] = pose.jaw + strengths.pop("jaw_drop")
    lids = {name: strengths.pop(name) for name in ("lid_raise", "lid_tighten")}
    moved = face + sum(strength * moves[name] for name, strength in strengths.items() if strength)
    _bring_together(moved, pose.tucked * 0.92, 0.0)
    _bring_together(moved, pose.closed, _UPPER_SHARE)
    _no_crossing(moved)
    _set_lids(moved, lids["lid_raise"], lids["lid_tighten"] + 0.35 * strengths["cheek_raise"], pose.blink)
    sideways, down = np.radians(pose.gaze)
    moved[[*IRIS[0], *IRIS[1]]] += _EYEBALL * np.array([np.sin(sideways), np.sin(down), 0.0])
    return moved


def aperture(face: FloatArray) -> float:
    """Gap of the inner lips in the middle, in distances between the irises."""
    return float(np.linalg.norm(face[14] - face[13]))


def _bring_together(face: FloatArray, share: float, upper_share: float) -> None:
    """Close the lips by a share of their gap, in place; the skin around them follows."""
    if share <= 0.0:
        return
    inner_x, (upper_near, lower_near) = _lip_neighbours()
    upper, lower = list(INNER_UPPER), list(INNER_LOWER)
    gap = face[lower] - face[upper]
    meeting = (face[upper] + upper_share * share * gap, face[lower] - (1.0 - upper_share) * share * gap)
    x = neutral_face()[:, 0]
    field = np.stack([np.interp(x, inner_x, gap[:, c], left=0.0, right=0.0) for c in range(3)], axis=1) * share
    face += upper_near[:, None] * upper_share * field - lower_near[:, None] * (1.0 - upper_share) * field
    # The edges themselves meet exactly; the field serves their neighbours.
    face[upper], face[lower] = meeting


def _no_crossing(face: FloatArray) -> None:
    """Lips that press against each other meet in the middle instead of passing through."""
    upper, lower = list(INNER_UPPER), list(INNER_LOWER)
    crossed = face[lower, 1] < face[upper, 1]
    middle = (face[upper] + face[lower]) / 2
    face[lower] = np.where(crossed[:, None], middle, face[lower])
    face[upper] = np.where(crossed[:, None], middle, face[upper])


def _set_lids(face: FloatArray, raised: float, tightened: float, blink: float) -> None:
    for upper, lower, above in zip(EYE_UPPER, EYE_LOWER, ABOVE_LID, strict=True):
        top, bottom, fold = list(upper[1:-1]), list(lower[1:-1]), list(above)
        gap = face[bottom] - face[top]
        face[top] += gap * (0.22 * tightened - 0.28 * raised)
        face[fold] += gap * (0.1 * tightened - 0.14 * raised)
        face[bottom] -= gap * 0.2 * tightened
        gap = face[bottom] - face[top]
        # The upper lid does nearly all of a blink.
        face[top] += 0.88 * blink * gap
        face[fold] += 0.3 * blink * gap
        face[bottom] -= 0.12 * blink * gap


def _near(points: tuple[int, ...], core: float, reach: float) -> FloatArray:
    """1 within `core` of any of the points, falling smoothly to 0 at `reach`; ``(478,)``."""
    face = neutral_face()
    distance = np.linalg.norm(face[:, None] - face[list(points)][None], axis=2).min(axis=1)
    t = np.clip((distance - core) / (reach - core), 0.0, 1.0)
    return np.asarray(1.0 - t * t * (3.0 - 2.0 * t))


@cache
def _sides() -> FloatArray:
    """Signed height ``(478,)`` over the line where closed lips meet: negative above, positive below."""
    n = neutral_face()
    inner = n[list(INNER_UPPER)]
    height = n[:, 1] - np.interp(n[:, 0], inner[:, 0], inner[:, 1])
    height[list(INNER_UPPER[1:-1])] = -0.004
    height[list(INNER_LOWER[1:-1])] = 0.004
    height[[INNER_UPPER[0], INNER_UPPER[-1]]] = 0.0
    return height


@cache
def _lip_neighbours() -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    n = neutral_face()
    height = _sides()
    upper = _near(INNER_UPPER, 0.02, 0.3) * (height < 0)
    lower = _near(INNER_LOWER, 0.02, 0.42) * (height > 0)
    return n[list(INNER_UPPER), 0], (upper, lower)


@cache
def _moves() -> dict[str, FloatArray]:
    """Displacement ``(478, 3)`` of each control at strength 1."""
    n = neutral_face()
    x, y, z = n.T
    zero = np.zeros_like(x)
    height = _sides()
    above, below = np.clip(-height / 0.004, 0.0, 1.0), np.clip(height / 0.004, 0.0, 1.0)
    side = np.tanh(8.0 * x)
    # Lips part in the middle; towards the corners and beyond, the skin passes from skull to jaw little by little.
    softness = 0.008 + 0.75 * np.maximum(np.abs(x) - 0.1, 0.0)
    t = np.clip(0.5 + height / (2 * softness), 0.0, 1.0)
    on_jaw = t * t * (3.0 - 2.0 * t) * np.clip((y - 0.45) / 0.5, 0.0, 1.0)
    lips = _near((*OUTER_UPPER, *OUTER_LOWER, *INNER_UPPER, *INNER_LOWER), 0.04, 0.3)
    middle = _near((0, 13, 14, 17, 37, 267, 84, 314), 0.1, 0.36)
    corners = _near((61, 291), 0.06, 0.5)
    inner_brow = _near((107, 55, 66, 65, 336, 285, 296, 295), 0.08, 0.42)
    outer_brow = _near((70, 46, 63, 53, 105, 52, 300, 276, 293, 283, 334, 282), 0.08, 0.42)
    brows = np.maximum(inner_brow, 0.65 * outer_brow)
    # Brows slide over the bone; the eyes under them stay.
    brow_only = np.clip((0.0 - y) / 0.2, 0.0, 1.0)
    cheeks = _near((50, 280, 205, 425, 117, 346, 118, 347, 101, 330), 0.12, 0.45) * np.clip((y - 0.12) / 0.2, 0.0, 1.0)
    wings = _near((129, 358, 49, 279, 98, 327, 64, 294), 0.06, 0.34)
    moves = {
        "jaw": _JAW_ANGLE * on_jaw * np.stack([zero, np.maximum(_HINGE_Z - z, 0.0), 0.5 * (y - _HINGE_Y)]),
        "wide": np.stack([0.14 * np.clip(x / 0.34, -1.2, 1.2) * np.maximum(lips, 0.8 * corners), zero, zero]),
        "protrude": np.stack(
            [zero, 0.035 * np.sign(height) * middle * np.clip(np.abs(height) / 0.1, 0, 1), -0.12 * lips]
        ),
        "upper": np.stack([zero, -0.1 * above * middle, zero]),
        "lower": np.stack([zero, 0.1 * below * middle, zero]),
        "brow_inner_up": np.stack([zero, -0.15 * inner_brow * brow_only, zero]),
        "brow_outer_up": np.stack([zero, -0.15 * outer_brow * brow_only, zero]),
        "brow_lower": np.stack([-0.06 * side * inner_brow * brow_only, 0.12 * brows * brow_only, zero]),
        "cheek_raise": np.stack([zero, -0.08 * cheeks, -0.02 * cheeks]),
        "nose_wrinkle": np.stack([0.03 * side * wings, -0.07 * wings, zero]),
        "lip_raise": np.stack([zero, -0.11 * above * np.maximum(middle, 0.7 * lips), zero]),
        "smile": corners * np.stack([0.16 * side, zero - 0.15, zero + 0.06]),
        "dimple": corners * (x > 0) * np.stack([zero + 0.12, zero - 0.1, zero + 0.04]),
        "corners_down": corners * np.stack([0.02 * side, zero + 0.16, zero]),
        "chin_raise": np.stack([zero, -0.05 * below * _near((17, 18, 200, 199), 0.12, 0.4), zero]),
        "stretch": corners * np.stack([0.14 * side, zero + 0.05, zero + 0.02]),
    }
    fields_ = {name: np.asarray(move).T.copy() for name, move in moves.items()}
    partner = mirrored_points()
    for name, field in fields_.items():
        # Exactly symmetric, whatever rounding the neutral face holds; only contempt is on one side.
        fields_[name] = field if name == "dimple" else (field + field[partner] * (-1, 1, 1)) / 2
        fields_[name][[*IRIS[0], *IRIS[1]]] = 0.0
    return fields_
