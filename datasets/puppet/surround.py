"""Around the face (hair, neck, shoulders, background): rings of vertices that follow the head less and less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.puppet.topology import OVAL

_FRACTIONS = (0.07, 0.18, 0.34, 0.54, 0.76, 1.0)
_HAIR_STIFF = 0.3
"""Hair keeps to the skull over this part of the way to the border; the neck gives way at once."""


class Surround:
    """Rings from the face's outline to the border of the picture, which stays still.

    Args:
        landmarks: ``(478, 3)`` of the portrait, pixels.
        width, height: of the picture.

    Attributes:
        rest: ``(216 + 4, 3)``: six rings of 36 vertices from the inside out, then the corners of the picture.
        triangles: int ``(M, 3)`` numbering the outline's 36 points first, then `rest`; outermost first.
    """

    def __init__(self, landmarks: NDArray[np.float64], width: int, height: int) -> None:
        outline = landmarks[list(OVAL)]
        centre = outline[:, :2].mean(axis=0)
        rays = outline[:, :2] - centre
        edge = np.array([width - 1.0, height - 1.0])
        with np.errstate(divide="ignore"):
            reach = np.where(rays > 0, (edge - centre) / rays, np.where(rays < 0, -centre / rays, np.inf)).min(axis=1)
        # A face that touches the border still needs room for its rings: they then lie outside the picture.
        border = centre + rays * np.maximum(reach, 1.1)[:, None]
        rings, follow, give = [], [], []
        upness = np.clip(-rays[:, 1] / np.linalg.norm(rays, axis=1), 0.0, 1.0)
        stiff = _HAIR_STIFF * upness
        for fraction in _FRACTIONS:
            flat = outline[:, :2] + fraction * (border - outline[:, :2])
            rings.append(np.column_stack([flat, outline[:, 2]]))
            follow.append(1.0 - np.clip((fraction - stiff) / (1.0 - stiff), 0.0, 1.0))
            give.append(np.full(len(OVAL), (1.0 - fraction) ** 3))
        corners = np.array([[0, 0, 0], [edge[0], 0, 0], [*edge, 0], [0, edge[1], 0]], dtype=np.float64)
        self.rest = np.concatenate([*rings, corners])
        self._follow = np.concatenate([*follow, np.zeros(4)])[:, None]
        self._give = np.concatenate(give)[:, None]
        self.triangles = _triangles(border, corners[:, :2])

    def move(self, head: NDArray[np.float64], outline_residual: NDArray[np.float64]) -> NDArray[np.float64]:
        """The vertices ``(220, 3)`` for a head that moved.

        Args:
            head: ``(4, 3)``, the affine motion of the head: homogeneous rest point to where it is now.
            outline_residual: ``(36, 3)``, what the outline does beyond that (a dropping jaw); near rings give way.
        """
        carried = np.column_stack([self.rest, np.ones(len(self.rest))]) @ head
        moved = self.rest + self._follow * (carried - self.rest)
        moved[:-4] += self._give * np.tile(outline_residual, (len(_FRACTIONS), 1))
        return moved


def _triangles(border: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.int32]:
    count = len(OVAL)
    faces: list[tuple[int, int, int]] = []
    last = count * len(_FRACTIONS)
    for number, corner in enumerate(corners):
        # The two border vertices on either side of a corner: the gap in angle that holds it.
        angles = np.arctan2(*(border - border.mean(axis=0)).T[::-1])
        target = np.arctan2(*(corner - border.mean(axis=0))[::-1])
        turn = (angles - target + np.pi) % (2 * np.pi) - np.pi
        before, after = int(np.where(turn <= 0, turn, -9).argmax()), int(np.where(turn > 0, turn, 9).argmin())
        faces.append((last + before, last + after, last + count + number))
    for ring in range(len(_FRACTIONS), 0, -1):
        inner, outer = (ring - 1) * count, ring * count
        for i in range(count):
            j = (i + 1) % count
            faces += [(inner + i, outer + i, outer + j), (inner + i, outer + j, inner + j)]
    return np.array(faces, dtype=np.int32)
