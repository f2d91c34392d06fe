"""A canonical face in mesh topology: what head pose is measured against.

The MediaPipe wheel ships no 3D model of its mesh, so this one is derived from real faces by `derive` and kept beside
this module as text (``canonical_face.txt``: x, y, z and mirror partner of each of the 478 points).

Axes as in images: x right, y down, z away from the camera (so the nose has negative z). Origin: midpoint of the outer
eye corners. Unit: their distance. Exactly symmetric about x = 0. Pitch zero: the top of the forehead (point 10) and
the chin (point 152) are equally deep, that is, the face stands upright. The lips carry the average expression of the
faces it was made from (a slight smile); nothing that is measured here depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

POINTS = 478
IRISES_START = 468
OUTER_CORNERS = (33, 263)
FOREHEAD, CHIN = 10, 152

STABLE = (
    *(168, 6, 197, 195, 5),  # nose bridge
    *(33, 133, 263, 362),  # eye corners
    *(10, 151, 67, 297, 109, 338, 103, 332),  # forehead
    *(54, 284, 21, 251, 162, 389, 127, 356),  # temples
)
"""Points that hardly move with speech or expression: 0.5 to 2 % of the inter-ocular distance on talking, smiling and
acting faces, against 3 to 10 % for lips, brows and jaw. Closed under mirroring."""

_FILE = Path(__file__).with_name("canonical_face.txt")


@lru_cache(maxsize=1)
def _table() -> NDArray[np.float64]:
    table = np.loadtxt(_FILE)
    if table.shape != (POINTS, 4):
        raise ValueError(f"{_FILE.name}: expected {POINTS} rows of x y z mirror, found shape {table.shape}")
    table.setflags(write=False)
    return table


def canonical_face() -> NDArray[np.float64]:
    """The canonical face, ``(478, 3)``, read-only."""
    return _table()[:, :3]


def mirror_partners() -> NDArray[np.int64]:
    """``(478,)``: index of each point's mirror image; points on the midline are their own."""
    return _table()[:, 3].astype(np.int64)


def derive(landmark_sets: Sequence[NDArray[np.floating]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The canonical face of some real faces: each turned to the front by its own symmetry, averaged, symmetrised.

    Args:
        landmark_sets: mesh landmarks ``(478, 3)`` in pixels, of faces that look roughly at the camera.

    Returns:
        The face ``(478, 3)`` and the mirror partners ``(478,)``. The order of the sets does not matter.

    Raises:
        ValueError: if a set has another shape or is not finite, or if the faces are too slanted to find the partners.
    """
    if not landmark_sets:
        raise ValueError("expected the landmarks of at least one face, got none")
    for index, points in enumerate(landmark_sets):
        if np.shape(points) != (POINTS, 3) or not np.all(np.isfinite(points)):
            raise ValueError(f"set {index}: expected {POINTS} finite points (478, 3), got shape {np.shape(points)}")
    faces = [_upright(face, _eye_axis(face)) for face in np.asarray(landmark_sets, dtype=np.float64)]
    for _ in range(5):
        partners = mirror_pairs(np.mean(faces, axis=0))
        faces = [_upright(face, _symmetry_normal(face, partners)) for face in faces]
    mean = np.mean(faces, axis=0)
    symmetric = (mean + mean[partners] * [-1, 1, 1]) / 2
    return _upright(symmetric, _eye_axis(symmetric)), partners


def mirror_pairs(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which point is which one's mirror image: the cheapest assignment of a nearly frontal face to its reflection.

    Raises:
        ValueError: if the assignment is not its own inverse (the face is not frontal enough).
    """
    # Imported here: only a derivation needs them, and reading the face must be cheap.
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    reflected = points * [-1, 1, 1]
    cost = cdist(points, reflected) ** 2
    partners = np.empty(len(points), dtype=np.int64)
    for part in (slice(0, IRISES_START), slice(IRISES_START, POINTS)):
        partners[part] = linear_sum_assignment(cost[part, part])[1] + part.start
    if not np.array_equal(partners[partners], np.arange(len(points))):
        raise ValueError("the mirror partners of this face are ambiguous: use faces that look at the camera")
    return partners


def write(points: NDArray[np.float64], partners: NDArray[np.int64], path: Path = _FILE) -> None:
    """Save a derived face in the form that this module reads."""
    header = "canonical face, inter-ocular units: x y z mirror (made by metrics.features.canonical.derive)"
    np.savetxt(path, np.column_stack([points, partners]), fmt=["%.5f"] * 3 + ["%d"], header=header)


def _eye_axis(face: NDArray[np.float64]) -> NDArray[np.float64]:
    axis: NDArray[np.float64] = face[OUTER_CORNERS[1]] - face[OUTER_CORNERS[0]]
    return axis / np.linalg.norm(axis)


def _symmetry_normal(face: NDArray[np.float64], partners: NDArray[np.int64]) -> NDArray[np.float64]:
    """Normal of the plane of symmetry ``(3,)``: the direction that all lines between partners share."""
    lines = face - face[partners]
    normal: NDArray[np.float64] = np.linalg.eigh(lines.T @ lines)[1][:, -1]
    return normal * np.sign(normal[0])


def _upright(face: NDArray[np.float64], side: NDArray[np.float64]) -> NDArray[np.float64]:
    """The face in canonical axes: `side` becomes x, forehead to chin becomes y; outer eye corners one unit apart."""
    left, right = face[OUTER_CORNERS[0]], face[OUTER_CORNERS[1]]
    down = face[CHIN] - face[FOREHEAD]
    down = down - side * (side @ down)
    down = down / np.linalg.norm(down)
    axes = np.stack([side, down, np.cross(side, down)], axis=1)
    return (face - (left + right) / 2) @ axes / np.linalg.norm(right - left)
