"""Who somebody is, as far as the mesh shows it: a calm face with closed lips, and the shape of its bones."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from datasets.puppet.face import mirrored_points, neutral_face
from datasets.puppet.topology import ABOVE_LID, EYE_LOWER, EYE_UPPER, INNER_LOWER, INNER_UPPER, IRIS

FloatArray = NDArray[np.float64]

_LIP_LINE = 0.325
"""How far below the nose the closed lips meet, as a share of the way from the nose to the chin."""
_APERTURE = 0.31
"""Opening of a calm eye in widths of the eye; narrower ones (a smile narrows them) are opened to it."""


@dataclass(frozen=True)
class BoneShape:
    """Departures from a portrait's own shape. 0 changes nothing; 1 is a strong but human difference."""

    jaw_width: float = 0.0
    cheek_width: float = 0.0
    face_length: float = 0.0
    chin_length: float = 0.0
    nose_length: float = 0.0
    nose_width: float = 0.0
    eye_distance: float = 0.0
    eye_size: float = 0.0
    forehead: float = 0.0
    brow_height: float = 0.0
    mouth_width: float = 0.0
    lip_fullness: float = 0.0


def calm(face: FloatArray) -> FloatArray:
    """The face ``(478, 3)`` (head frame, frontal) with its smile, frown or talk taken out: closed lips, calm eyes.

    Lips and what is around them take the neutral face's shape, at this face's place and in its proportions.
    """
    neutral, result = neutral_face(), face.copy()
    nose, chin = face[2], face[152].copy()
    # An open jaw lengthens the face below the nose: bring the chin back to a closed jaw's distance.
    longest = 1.2 * np.linalg.norm(face[2] - face[168])
    shut = min(0.0, longest - (chin[1] - nose[1]))
    lower = np.clip((neutral[:, 1] - neutral[14, 1]) / (neutral[152, 1] - neutral[14, 1]), 0.0, 1.0)
    result[:, 1] += shut * lower
    chin[1] += shut
    width = (face[454, 0] - face[234, 0]) / (neutral[454, 0] - neutral[234, 0])
    height = (chin[1] - nose[1]) / (neutral[152, 1] - neutral[2, 1])
    stretch = np.array([0.95 * width, height, 1.0])
    seat = np.array([nose[0], nose[1] + _LIP_LINE * (chin[1] - nose[1]), nose[2] + neutral[13, 2] - neutral[2, 2]])
    mouth = (neutral - neutral[13]) * stretch + seat
    weight = _near((61, 291, 0, 17, 13, 14, 37, 267, 84, 314, 40, 270, 91, 321), 0.11, 0.42)
    result += weight[:, None] * (mouth - result)
    shut_lips(result)
    return _open_eyes(result)


def reshape(face: FloatArray, shape: BoneShape) -> FloatArray:
    """The calm face ``(478, 3)`` with other bones."""
    fields_ = _fields()
    moved = face.copy()
    for field in fields(shape):
        moved += getattr(shape, field.name) * fields_[field.name]
    shut_lips(moved)
    return moved


def shut_lips(face: FloatArray) -> None:
    """Bring the inner edges of the lips together in the picture, in place."""
    upper, lower = list(INNER_UPPER), list(INNER_LOWER)
    face[lower, :2] = face[upper, :2] = (face[upper, :2] + face[lower, :2]) / 2


def _open_eyes(face: FloatArray) -> FloatArray:
    for upper, lower, above in zip(EYE_UPPER, EYE_LOWER, ABOVE_LID, strict=True):
        width = np.linalg.norm(face[upper[-1]] - face[upper[0]])
        gap = face[list(lower)[1:-1]] - face[list(upper)[1:-1]]
        opening = float(np.linalg.norm(gap, axis=1).max() / width)
        lift = gap * max(0.0, _APERTURE / max(opening, 0.05) - 1.0)
        face[list(upper)[1:-1]] -= 0.8 * lift
        face[list(above)] -= 0.4 * lift
        face[list(lower)[1:-1]] += 0.2 * lift
    return face


def _near(points: tuple[int, ...], core: float, reach: float) -> FloatArray:
    """1 within `core` of any of the points of the neutral face, falling smoothly to 0 at `reach`; ``(478,)``."""
    face = neutral_face()
    distance = np.linalg.norm(face[:, None] - face[list(points)][None], axis=2).min(axis=1)
    t = np.clip((distance - core) / (reach - core), 0.0, 1.0)
    return 1.0 - t * t * (3.0 - 2.0 * t)


@cache
def _fields() -> dict[str, FloatArray]:
    """Displacement ``(478, 3)`` of every bone at strength 1, in the head frame."""
    n = neutral_face()
    x, y = n[:, 0], n[:, 1]
    mouth, nose_base, chin = n[13, 1], n[2, 1], n[152, 1]
    below_eyes = np.clip((y - 0.1) / (chin - 0.1), 0.0, 1.0)
    low = np.clip((y - nose_base * 0.7) / (mouth - nose_base * 0.7), 0.0, 1.0)
    centre = np.clip(1.0 - np.abs(x) / 0.55, 0.0, 1.0)
    side = np.tanh(1.6 * x)
    zero = np.zeros_like(x)
    nose = _near((1, 2, 4, 5, 98, 327, 64, 294), 0.08, 0.5)
    bridge = nose * np.clip(y / nose_base, 0.0, 1.2)
    eyes = _near((33, 133, 159, 145, 362, 263, 386, 374, 468, 473), 0.12, 0.62)
    balls = _near((468, 473), 0.34, 0.62)
    centres = np.where(x[:, None] < 0, n[IRIS[0][0]], n[IRIS[1][0]])
    brows = _near((105, 334, 66, 296, 70, 300, 107, 336), 0.14, 0.5)
    lips = _near((61, 291, 0, 17, 37, 267, 84, 314), 0.1, 0.4)
    lip_y = np.where(np.abs(y - mouth) < 0.25, y - mouth, 0.0)
    displacement = {
        "jaw_width": (0.17 * side * low * (1.0 - 0.6 * centre) * (1.0 - 0.8 * lips), zero, zero),
        "cheek_width": (
            0.13 * side * np.exp(-(((y - 0.55) / 0.45) ** 2)) * (1.0 - 0.5 * centre) * (1.0 - 0.8 * lips),
            zero,
            zero,
        ),
        "face_length": (zero, 0.2 * below_eyes, zero),
        "chin_length": (zero, 0.16 * np.clip((y - mouth) / (chin - mouth), 0.0, 1.0), zero),
        "nose_length": (zero, 0.12 * bridge, -0.1 * bridge),
        "nose_width": (0.34 * x * nose, zero, zero),
        "eye_distance": (0.07 * np.sign(x) * eyes * np.clip(np.abs(x) / 0.3, 0, 1), zero, zero),
        "eye_size": (*(0.2 * balls[:, None] * (n - centres)).T[:2], zero),
        "forehead": (zero, 0.16 * np.clip((y + 0.15) / (n[10, 1] + 0.15), 0.0, 1.0) * -1.0, zero),
        "brow_height": (zero, -0.08 * brows, zero),
        "mouth_width": (0.22 * x * lips, zero, zero),
        "lip_fullness": (zero, 0.4 * lip_y * lips, -0.03 * lips),
    }
    partner = mirrored_points()
    fields_ = {name: np.stack(parts, axis=1) for name, parts in displacement.items()}
    # Exactly symmetric, whatever rounding the neutral face holds.
    return {name: (f + f[partner] * (-1, 1, 1)) / 2 for name, f in fields_.items()}
