"""The face mesh as a surface: its triangles, its boundary loops, and the named points that the puppet moves.

MediaPipe publishes the edges of its 468-point mesh but neither triangles nor a canonical model, so the triangles are
derived from the edges. The numbering is MediaPipe's (`FACEMESH_*` in `mediapipe.python.solutions`).
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

POINTS = 478
"""468 points of the mesh, then 5 of each iris (centre, then four on the rim)."""

OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
"""The outline of the face, clockwise in the picture from the middle of the forehead."""

INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""The inner edges of the lips, from the left corner of the picture to the right one; equal places lie opposite."""
OUTER_UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
OUTER_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)

EYE_UPPER = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
EYE_LOWER = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))
"""The lid edges of both eyes (the one on the picture's left first), from left to right."""
ABOVE_LID = ((247, 30, 29, 27, 28, 56, 190), (414, 286, 258, 257, 259, 260, 467))
"""The next row up from the upper lid edges, opposite to all of `EYE_UPPER` but the corners."""
IRIS = ((468, 469, 470, 471, 472), (473, 474, 475, 476, 477))

STABLE = (1, 2, 4, 5, 6, 10, 33, 67, 93, 98, 109, 127, 133, 168, 195, 197, 234, 263, 297, 323, 327, 338, 356, 362, 454)
"""Points that expressions hardly move: they carry the pose of the head."""


_FILE = Path(__file__).with_name("triangles.npz")


@cache
def triangles() -> NDArray[np.int32]:
    """The ``(852, 3)`` triangles of the mesh, as `derive_triangles` gave them: MediaPipe takes seconds to import."""
    with np.load(_FILE, allow_pickle=False) as stored:
        return np.asarray(stored["triangles"], dtype=np.int32)


def derive_triangles() -> NDArray[np.int32]:
    """The triangles ``(852, 3)`` from MediaPipe's edges.

    Three mutually joined points are a triangle, except where the three enclose others: such a false face has all its
    edges shared by three candidates, while the edge of a surface is shared by two. Inner mouth and eyes stay open.
    """
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    edges = {(min(a, b), max(a, b)) for a, b in FACEMESH_TESSELATION}
    neighbours: dict[int, set[int]] = defaultdict(set)
    for a, b in edges:
        neighbours[a].add(b)
        neighbours[b].add(a)
    candidates = sorted((a, b, c) for a, b in edges for c in neighbours[a] & neighbours[b] if c > b)
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for a, b, c in candidates:
        for edge in ((a, b), (b, c), (a, c)):
            shared[edge] += 1
    faces = [t for t in candidates if min(shared[t[0], t[1]], shared[t[1], t[2]], shared[t[0], t[2]]) < 3]
    return np.array(faces, dtype=np.int32)


@cache
def hole_triangles() -> NDArray[np.int32]:
    """Triangles ``(46, 3)`` that close the mouth and both eyes, between opposite points of the two lips or lids."""
    strips = [(INNER_UPPER, INNER_LOWER), *zip(EYE_UPPER, EYE_LOWER, strict=True)]
    faces: list[tuple[int, int, int]] = []
    for upper, lower in strips:
        for i in range(len(upper) - 1):
            quad = (upper[i], upper[i + 1], lower[i + 1], lower[i])
            faces += [t for t in (quad[:3], (quad[0], quad[2], quad[3])) if len(set(t)) == 3]
    return np.array(faces, dtype=np.int32)
