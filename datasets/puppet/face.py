"""The neutral face that expressions and bone shapes are defined on, and rigid alignment with it.

The head frame: x to the picture's right, y down, z away from the camera, origin midway between the irises, one unit
the distance between them. The neutral face looks straight into the camera and is symmetric.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from datasets.puppet.topology import IRIS, STABLE

FloatArray = NDArray[np.float64]

_FILE = Path(__file__).with_name("neutral_face.npz")


class Placement(NamedTuple):
    """A similarity from the head frame to pixels: ``pixels = scale * (points @ rotation.T) + translation``."""

    scale: float
    rotation: FloatArray
    translation: FloatArray

    def apply(self, points: FloatArray) -> FloatArray:
        """Head frame ``(N, 3)`` to pixels."""
        return self.scale * (points @ self.rotation.T) + self.translation

    def invert(self, points: FloatArray) -> FloatArray:
        """Pixels ``(N, 3)`` to the head frame."""
        return ((points - self.translation) / self.scale) @ self.rotation


@cache
def neutral_face() -> FloatArray:
    """The neutral face ``(478, 3)`` in the head frame (`make_neutral_face` of a calm face with closed lips)."""
    with np.load(_FILE, allow_pickle=False) as stored:
        return np.asarray(stored["points"], dtype=np.float64)


@cache
def mirrored_points() -> NDArray[np.int64]:
    """For each of the 478 points the number of the point on the other side of the face."""
    return _mirror(neutral_face())


def make_neutral_face(landmarks: FloatArray) -> FloatArray:
    """A symmetric face in the head frame from the landmarks ``(478, 3)`` of a nearly frontal calm face.

    The vertical axis runs from the top of the forehead to the tip of the chin.
    """
    face = landmarks.astype(np.float64)
    partner = _mirror(_upright(face, np.arange(len(face))))
    reflected = face[partner] * (-1, 1, 1)
    face = (face + align(reflected, face, range(len(face))).apply(reflected)) / 2
    return _upright(face, partner)


def _upright(face: FloatArray, partner: NDArray[np.int64]) -> FloatArray:
    """The face turned into the head frame: its left-right direction to x, forehead to chin to y."""
    irises = face[IRIS[1][0]] - face[IRIS[0][0]]
    pairs = face - face[partner]
    x = (pairs * np.sign(pairs[:, :1])).sum(axis=0) if pairs.any() else irises
    x = x / np.linalg.norm(x)
    down = face[152] - face[10]
    y = down - (down @ x) * x
    y = y / np.linalg.norm(y)
    middle = (face[IRIS[0][0]] + face[IRIS[1][0]]) / 2
    return (face - middle) @ np.stack([x, y, np.cross(x, y)], axis=1) / np.linalg.norm(irises)


def _mirror(face: FloatArray) -> NDArray[np.int64]:
    """The pairing of the points with those of the mirror image that moves them least."""
    distance = np.linalg.norm(face[:, None] - (face * (-1, 1, 1))[None], axis=2)
    return np.asarray(linear_sum_assignment(distance)[1], dtype=np.int64)


def align(source: FloatArray, target: FloatArray, points: range | tuple[int, ...] = STABLE) -> Placement:
    """Least-squares similarity that takes `source` ``(478, 3)`` to `target` over some points (Umeyama 1991)."""
    chosen = list(points)
    a, b = source[chosen], target[chosen]
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    u, s, vt = np.linalg.svd((b - mean_b).T @ (a - mean_a))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((s * sign).sum() / ((a - mean_a) ** 2).sum())
    return Placement(scale, rotation, mean_b - scale * rotation @ mean_a)
