"""Warping a picture by a triangle mesh: where each output pixel comes from, found triangle by triangle."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SUBPIXEL = 4
_DAMPING = 0.01
"""Pixels squared. Keeps the map of a triangle that is squeezed to a line finite; a pixel-sized one does not feel it."""


class TriangleWarp:
    """A texture cut into triangles.

    Args:
        texture: uint8 ``(H, W, 3)``.
        points: float ``(N, 2)``, the vertices in the texture's pixels.
        triangles: int ``(M, 3)``, vertex numbers.
    """

    def __init__(self, texture: NDArray[np.uint8], points: NDArray[np.float64], triangles: NDArray[np.int32]) -> None:
        self.texture = texture
        self.triangles = triangles
        source = points[triangles]
        self._source_centre = source.mean(axis=1)
        self._source_arms = source - self._source_centre[:, None]
        rows, columns = np.mgrid[: texture.shape[0], : texture.shape[1]].astype(np.float32)
        self._rows, self._columns = rows, columns

    def render(self, points: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The texture with its vertices at `points` ``(N, 2)``; triangles are laid down in `order`, last on top."""
        corners = points[self.triangles]
        owner = np.full(self._rows.shape, int(order[0]), dtype=np.int32)
        fixed = np.rint(np.clip(corners, -4000, 4000) * (1 << _SUBPIXEL)).astype(np.int32)
        for index in order.tolist():
            cv2.fillConvexPoly(owner, fixed[index], index, cv2.LINE_8, _SUBPIXEL)
        maps = self._affine(corners).astype(np.float32)[owner]
        x = maps[..., 0] * self._columns + maps[..., 1] * self._rows + maps[..., 2]
        y = maps[..., 3] * self._columns + maps[..., 4] * self._rows + maps[..., 5]
        warped = cv2.remap(self.texture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, dtype=np.uint8)

    def _affine(self, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """Output-to-texture maps ``(M, 6)``: least squares over the three corners, damped where they are in a line."""
        centre = corners.mean(axis=1)
        arms = corners - centre[:, None]
        spread = np.einsum("mki,mkj->mij", arms, arms) + _DAMPING * np.eye(2)
        cross = np.einsum("mki,mkj->mij", self._source_arms, arms)
        a, b, d = spread[:, 0, 0], spread[:, 0, 1], spread[:, 1, 1]
        determinant = a * d - b * b
        inverse = np.stack([d, -b, -b, a], axis=1).reshape(-1, 2, 2) / determinant[:, None, None]
        linear = cross @ inverse
        offset = self._source_centre - np.einsum("mij,mj->mi", linear, centre)
        return np.concatenate([linear, offset[:, :, None]], axis=2).reshape(-1, 6)


def coverage(polygon: NDArray[np.float64], left: int, top: int, width: int, height: int) -> NDArray[np.float32]:
    """How much of each pixel of a window a polygon covers, ``(height, width)`` in 0..1 (4×4 samples a pixel)."""
    scale, bits = 4, 4
    canvas = np.zeros((height * scale, width * scale), dtype=np.uint8)
    # Sample k of pixel p sits at p + (k + 0.5) / scale - 0.5.
    shifted = (polygon - (left, top) + 0.5) * scale - 0.5
    cv2.fillPoly(
        canvas, [np.rint(np.clip(shifted, -8000, 8000) * (1 << bits)).astype(np.int32)], (1,), cv2.LINE_8, bits
    )
    return canvas.reshape(height, scale, width, scale).mean(axis=(1, 3), dtype=np.float32)


def window(points: NDArray[np.float64], margin: float, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the whole pixels around points, inside a picture; None where nothing is inside."""
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    left, top = (int(max(0, np.floor(v))) for v in low)
    right, bottom = int(min(shape[1], np.ceil(high[0]) + 1)), int(min(shape[0], np.ceil(high[1]) + 1))
    return (left, top, right, bottom) if right > left and bottom > top else None
