"""Upper lids: lashes keep their size when the lid comes down and the bare skin above them stretches, as skin does.

The mesh has one strip of triangles between the edge of the lid and the fold above it. Stretched as a whole, the dark
lash line at its lower end would smear over the closed eye. So the strip is cut in two along a lash row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.puppet.topology import ABOVE_LID, EYE_UPPER

_LASHES = 0.075
"""Height of the lash strip in widths of the eye."""
_SHARE = 0.45
"""And at most this share of the way from the edge to the fold."""

FloatArray = NDArray[np.float64]


class LashRows:
    """The 14 extra vertices of both lash rows.

    Args:
        rest: ``(478, 3)`` landmarks. first: number of the first extra vertex.

    Attributes:
        rest: ``(14, 3)``, where they are in the portrait.
        strip: int ``(M, 3)``, the triangles between the lids' edges and the rows.
    """

    def __init__(self, rest: FloatArray, first: int) -> None:
        self._edge = np.array([p for upper in EYE_UPPER for p in upper[1:-1]])
        self._above = np.array([p for row in ABOVE_LID for p in row])
        self._first = first
        rise = rest[self._above] - rest[self._edge]
        width = np.repeat([np.linalg.norm(rest[upper[-1]] - rest[upper[0]]) for upper in EYE_UPPER], 7)
        share = np.minimum(_SHARE, _LASHES * width / np.maximum(np.linalg.norm(rise[:, :2], axis=1), 1e-6))
        self._rise = rise * share[:, None]
        self.rest = rest[self._edge] + self._rise
        self.strip = self._strips()

    def _strips(self) -> NDArray[np.int32]:
        faces: list[tuple[int, int, int]] = []
        for side, upper in enumerate(EYE_UPPER):
            row = [upper[0], *range(self._first + 7 * side, self._first + 7 * side + 7), upper[-1]]
            for i in range(len(upper) - 1):
                quad = (row[i], row[i + 1], upper[i + 1], upper[i])
                faces += [t for t in (quad[:3], (quad[0], quad[2], quad[3])) if len(set(t)) == 3]
        return np.array(faces, dtype=np.int32)

    def lift(self, faces: NDArray[np.int32]) -> NDArray[np.int32]:
        """The surface with the lids' edges replaced by the lash rows."""
        renumber = np.arange(int(faces.max()) + 1, dtype=np.int32)
        renumber[self._edge] = self._first + np.arange(len(self._edge), dtype=np.int32)
        return renumber[faces]

    def move(self, vertices: FloatArray, head: FloatArray) -> FloatArray:
        """The rows ``(14, 3)`` over moved lids; `head` ``(4, 3)`` is the affine motion of the head."""
        rise = self._rise @ head[:3]
        room = vertices[self._above] - vertices[self._edge]
        limit = 0.8 * np.linalg.norm(room[:, :2], axis=1) / np.maximum(np.linalg.norm(rise[:, :2], axis=1), 1e-6)
        return vertices[self._edge] + rise * np.minimum(limit, 1.0)[:, None]
