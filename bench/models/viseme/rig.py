"""A face mesh that can be told to open its mouth: channels in, displaced vertices out."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.models.viseme.articulation import CHANNELS
from datasets.puppet.topology import ABOVE_LID, EYE_LOWER, EYE_UPPER, triangles
from metrics.features.regions import CHIN, FOREHEAD, LEFT_BROW, LEFT_EYE_OUTER, NOSE, RIGHT_BROW, RIGHT_EYE_OUTER

FloatArray = NDArray[np.float64]

UPPER_LIP = (
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
)
"""Rows of the upper lip, from its inner to its outer edge, each from corner to corner, left to right in the picture."""
LOWER_LIP = (
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
)
JAW = {
    152: 1.0, 148: 1.0, 377: 1.0, 176: 0.95, 400: 0.95, 149: 0.85, 378: 0.85, 150: 0.7, 379: 0.7, 136: 0.5, 365: 0.5,
    172: 0.3, 397: 0.3, 58: 0.15, 288: 0.15, 132: 0.05, 361: 0.05, 199: 1.0, 175: 1.0, 200: 0.9,
}  # fmt: skip
"""How much of the chin's drop each point of the jaw line and chin follows."""
FIXED = (
    *NOSE, *RIGHT_BROW, *LEFT_BROW, 93, 323, 234, 454, 127, 356, 162, 389, 21, 251, 54, 284, 103, 332, 67, 297, 109,
    338, 10, 151, 9, 8, 116, 117, 118, 119, 345, 346, 347, 348,
)  # fmt: skip
"""Points that speech does not move: nose, brows, forehead, temples, the cheekbones under the eyes."""

GAP, DROP, SPREAD, ROUND, TUCK, PRESS = 0.34, 0.16, 0.045, 0.075, 0.05, 0.022
"""Displacement at full effort, in distances of the outer eye corners."""
WIDTH = 0.60
"""Mouths wider than this (in the same unit) are taken for smiles."""


class FaceRig:
    """The mesh of one portrait, at rest with its lips closed, and how it moves.

    Args:
        landmarks: ``(478, 3)`` in pixels, z as deep as wide. The mouth may be open or smiling.

    Attributes:
        neutral: ``(478, 3)``: the portrait with its lips together and its smile relaxed.
        unit: distance of the outer eye corners in pixels.
        pivot: ``(3,)``: about where the head turns, in the neck below the ears.
    """

    def __init__(self, landmarks: NDArray[np.floating]) -> None:
        points = np.asarray(landmarks, dtype=np.float64)
        self._axes = _axes(points)
        self.unit = float(np.linalg.norm(points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]))
        self._origin = points[NOSE[0]]
        local = (points - self._origin) @ self._axes.T / self.unit
        rest = local + _spread_out(_relaxation(local))
        self.neutral = self._to_pixels(rest)
        ears = self.neutral[[234, 454]].mean(axis=0)
        self.pivot = ears + self.unit * (0.6 * self._axes[1] + 0.2 * self._axes[2])
        self._mouth = np.stack([_spread_out(move) @ self._axes * self.unit for move in _speech(rest)])
        self._blink = _spread_out(_blink(rest)) @ self._axes * self.unit

    def pose(self, mouth: FloatArray, eyes_shut: float) -> FloatArray:
        """Vertices ``(478, 3)`` for a mouth ``(6,)`` in the order of `CHANNELS` and lids from 0 (as they are) to 1."""
        return np.asarray(self.neutral + np.tensordot(mouth, self._mouth, axes=1) + eyes_shut * self._blink)

    def _to_pixels(self, local: FloatArray) -> FloatArray:
        return np.asarray(local * self.unit @ self._axes + self._origin)


def _axes(points: FloatArray) -> FloatArray:
    """Rows: to the right of the picture, down, away from the camera, for an upright frontal face."""
    right = points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]
    right = right / np.linalg.norm(right)
    down = points[CHIN] - points[FOREHEAD]
    down = down - (down @ right) * right
    down = down / np.linalg.norm(down)
    return np.stack([right, down, np.cross(right, down)])


def _handles() -> tuple[int, ...]:
    lids = [point for side in (*EYE_UPPER, *EYE_LOWER, *ABOVE_LID) for point in side]
    lips = [point for row in (*UPPER_LIP, *LOWER_LIP) for point in row]
    return tuple(sorted({*FIXED, *JAW, *lids, *lips}))


@cache
def _interpolation() -> FloatArray:
    """``(468, handles)``: how each vertex follows the handles, as smoothly over the mesh as can be (biharmonic)."""
    faces = triangles()
    size = int(faces.max()) + 1
    adjacency = np.zeros((size, size))
    for a, b in ((0, 1), (1, 2), (0, 2)):
        adjacency[faces[:, a], faces[:, b]] = adjacency[faces[:, b], faces[:, a]] = 1.0
    laplacian = np.eye(size) - adjacency / adjacency.sum(axis=1, keepdims=True)
    energy = laplacian.T @ laplacian
    held = np.array(_handles())
    free = np.setdiff1d(np.arange(size), held)
    weights = np.zeros((size, len(held)))
    weights[held, np.arange(len(held))] = 1.0
    weights[free] = -np.linalg.solve(energy[np.ix_(free, free)], energy[np.ix_(free, held)])
    return weights


def _spread_out(moves: FloatArray) -> FloatArray:
    """Displacements ``(478, 3)`` of which only the handles' count -> of all vertices. The irises stay."""
    weights = _interpolation()
    return np.concatenate([weights @ moves[list(_handles())], np.zeros((len(moves) - len(weights), 3))])


def _along(points: FloatArray, row: tuple[int, ...]) -> FloatArray:
    """Place of a row's points between its corners, -1..1."""
    across = points[list(row), 0]
    return np.asarray(2 * (across - across[0]) / (across[-1] - across[0]) - 1)


def _relaxation(face: FloatArray) -> FloatArray:
    """Displacements that take back a smile and close the lips, ``(478, 3)``."""
    relaxed = face.copy()
    corners = face[[UPPER_LIP[3][0], UPPER_LIP[3][-1]]]
    width = float(corners[1, 0] - corners[0, 0])
    narrowing = min(1.0, (WIDTH + 0.3 * (width - WIDTH)) / width)
    middle = 0.65 * face[UPPER_LIP[0][5], 1] + 0.35 * face[LOWER_LIP[0][5], 1]
    lift = float(np.clip(middle - corners[:, 1].mean(), 0.0, 0.2))
    lips = np.array(sorted({point for row in (*UPPER_LIP, *LOWER_LIP) for point in row}))
    across = (face[lips, 0] - corners[:, 0].mean()) / (width / 2)
    relaxed[lips, 0] += (narrowing - 1.0) * across * width / 2
    relaxed[lips, 1] += 0.6 * lift * (np.abs(across) ** 1.5 - 0.35)
    upper, lower = (relaxed[list(rows[0])] for rows in (UPPER_LIP, LOWER_LIP))
    meeting = upper + 0.35 * (lower - upper)
    gap = float(np.linalg.norm(upper[5] - lower[5]))
    for rows, to_meeting in ((UPPER_LIP, meeting - upper), (LOWER_LIP, meeting - lower)):
        for row, share in zip(rows, (1.0, 0.95, 0.85, 0.75), strict=True):
            relaxed[list(row)] += share * to_meeting
    for point, share in JAW.items():
        relaxed[point, 1] -= 0.3 * share * gap
    return np.asarray(relaxed - face)


def _speech(face: FloatArray) -> FloatArray:
    """Displacements of the handles at full effort, ``(6, 478, 3)`` in the order of `CHANNELS`."""
    moves = {name: np.zeros_like(face) for name in CHANNELS}
    for rows, sign, travel, following in (
        (UPPER_LIP, -1.0, 0.28, (1.0, 0.95, 0.85, 0.7)),
        (LOWER_LIP, 1.0, 0.72, (1.0, 1.0, 0.97, 0.9)),
    ):
        for depth, (row, share) in enumerate(zip(rows, following, strict=True)):
            points, along = list(row), _along(face, row)
            middle = 1.0 - np.abs(along) ** 2.5
            outward = depth / 3.0
            moves["gap"][points, 1] += GAP * (sign * travel * share * middle + 0.18 * np.abs(along) ** 4)
            moves["gap"][points, 0] -= GAP * 0.06 * along
            moves["spread"][points, 0] += SPREAD * along
            moves["spread"][points, 1] -= SPREAD * 0.25 * along**2
            moves["spread"][points, 2] += SPREAD * 0.3 * along**2
            moves["round"][points, 0] -= ROUND * along
            moves["round"][points, 1] += ROUND * 0.3 * sign * outward * middle
            moves["round"][points, 2] -= ROUND * (0.5 + 0.5 * middle)
            moves["press"][points, 1] -= PRESS * sign * outward * middle
            if sign > 0:
                moves["tuck"][points, 1] -= TUCK * (0.25 + 0.55 * outward) * middle
                moves["tuck"][points, 2] += TUCK * 0.6 * middle
            else:
                moves["tuck"][points, 1] -= TUCK * 0.25 * middle
    for point, share in JAW.items():
        moves["jaw"][point] += DROP * share * np.array([0.0, 1.0, 0.3])
    return np.stack([moves[name] for name in CHANNELS])


def _blink(face: FloatArray) -> FloatArray:
    """Displacements that shut both eyes, ``(478, 3)``: the upper lid does most of the way."""
    moves = np.zeros_like(face)
    for upper, lower, above in zip(EYE_UPPER, EYE_LOWER, ABOVE_LID, strict=True):
        top, bottom = face[list(upper[1:-1])], face[list(lower[1:-1])]
        meeting = top + 0.85 * (bottom - top)
        moves[list(upper[1:-1])] = meeting - top
        moves[list(lower[1:-1])] = meeting - bottom
        moves[list(above)] = 0.4 * (meeting - top)
    return moves
