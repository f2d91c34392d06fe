"""A portrait on a face mesh: move the mesh and see the portrait move."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.puppet.eyes import eyeballs
from datasets.puppet.lids import LashRows
from datasets.puppet.mouth import Mouth
from datasets.puppet.surround import Surround
from datasets.puppet.topology import INNER_LOWER, INNER_UPPER, OVAL, POINTS, STABLE, hole_triangles
from datasets.puppet.topology import triangles as mesh_triangles
from datasets.puppet.warp import TriangleWarp

FloatArray = NDArray[np.float64]


class PortraitMesh:
    """A portrait texture-mapped on the face mesh.

    Skin, hair and background are warped; the inside of the mouth is painted and the eyeballs are rebuilt from the
    portrait, so that both can open, close and look elsewhere whatever the portrait does. Rendering has no state and no
    randomness: the same vertices give the same bits.

    Args:
        image: uint8 RGB ``(H, W, 3)``.
        landmarks: ``(478, 3)``, MediaPipe's points in pixels of the image (z grows away from the camera).
        triangles: int ``(M, 3)``, the surface of the face; MediaPipe's by default.

    Attributes:
        vertices: float32 ``(478, 3)``, where the portrait's points are.

    Raises:
        ValueError: when the image or the landmarks have another shape, or the landmarks are not finite.
    """

    def __init__(
        self, image: NDArray[np.uint8], landmarks: NDArray[np.floating], triangles: NDArray[np.int32] | None = None
    ) -> None:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"image: expected uint8 (H, W, 3), got {image.dtype} {image.shape}")
        self._rest = _checked(landmarks)
        self.vertices = self._rest.astype(np.float32)
        height, width = image.shape[:2]
        self._surround = Surround(self._rest, width, height)
        self._solve = np.linalg.pinv(_homogeneous(self._rest[list(STABLE)]))
        self._mouth = Mouth(self._rest, _light(image, self._rest))
        self._eyes = eyeballs(image, self._rest)
        texture = _without_teeth(image, self._rest) if self._mouth.open_at_rest else image
        self._lashes = LashRows(self._rest, POINTS)
        first = POINTS + len(self._lashes.rest)
        outline = np.array([*OVAL, *(np.arange(len(self._surround.rest)) + first)], dtype=np.int32)
        under = np.concatenate([outline[self._surround.triangles], hole_triangles()])
        faces = self._lashes.lift(mesh_triangles() if triangles is None else triangles)
        self._faces = np.concatenate([faces, self._lashes.strip])
        self._under = np.arange(len(under))
        points = np.concatenate([self._rest, self._lashes.rest, self._surround.rest])
        self._warp = TriangleWarp(texture, points[:, :2], np.concatenate([under, self._faces]))

    def render(self, vertices: NDArray[np.floating]) -> NDArray[np.uint8]:
        """The portrait ``(H, W, 3)``, warped so that each of its points lies on its vertex.

        Args:
            vertices: ``(478, 3)`` in pixels; z orders what hides what. The last ten are the irises.
        """
        target = _checked(vertices)
        head = self._solve @ target[list(STABLE)]
        outline = list(OVAL)
        residual = target[outline] - _homogeneous(self._rest[outline]) @ head
        points = np.concatenate([target, self._lashes.move(target, head), self._surround.move(head, residual)])
        nearest_last = np.argsort(-points[self._faces, 2].mean(axis=1), kind="stable") + len(self._under)
        frame = self._warp.render(points[:, :2], np.concatenate([self._under, nearest_last]))
        for eye in self._eyes:
            eye.paint(frame, target)
        self._mouth.paint(frame, target, head)
        return frame


def _checked(points: NDArray[np.floating]) -> FloatArray:
    if points.shape != (POINTS, 3) or not np.isfinite(points).all():
        raise ValueError(f"landmarks: expected {POINTS} finite points (478, 3), got {points.shape}")
    return points.astype(np.float64)


def _homogeneous(points: FloatArray) -> FloatArray:
    return np.column_stack([points, np.ones(len(points))])


def _light(image: NDArray[np.uint8], rest: FloatArray) -> FloatArray:
    """Light on the face ``(3,)``: brightness of the skin against a well lit one, and a part of its tint."""
    spots = np.clip(np.rint(rest[[50, 205, 280, 425, 9], :2]).astype(int), 0, np.array(image.shape[1::-1]) - 1)
    skin = np.percentile(image[spots[:, 1], spots[:, 0]].astype(np.float64), 60, axis=0)
    tint = (np.maximum(skin, 1.0) / max(skin.max(), 1.0)) ** 0.25
    return np.asarray(np.clip(skin.max() / 205.0, 0.35, 1.05) * tint)


def _without_teeth(image: NDArray[np.uint8], rest: FloatArray) -> NDArray[np.uint8]:
    """The image with its open mouth filled from the lips, so that no tooth clings to a lip's edge."""
    mask = np.zeros(image.shape[:2], dtype=np.uint8)
    loop = rest[[*INNER_UPPER, *INNER_LOWER[::-1]], :2]
    cv2.fillPoly(mask, [np.rint(loop * 16).astype(np.int32)], (255,), cv2.LINE_8, 4)
    grow = max(3, 2 * round(0.02 * float(np.linalg.norm(rest[468, :2] - rest[473, :2]))) + 1)
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow)))
    return np.asarray(cv2.inpaint(image, grown, 3, cv2.INPAINT_TELEA), dtype=np.uint8)
