"""Where ArcFace looks: five points of the mesh brought to the five of its template, a picture of 112 pixels.

The mesh has no point that RetinaFace's five were defined on, so each is the nearest that can be named: an eye is the middle of
its two corners (irises would move with the gaze), the nose its tip, the mouth its corners.
"""

from __future__ import annotations

import cv2
import numpy as np
from insightface.utils import face_align
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from metrics.base import FloatArray
from metrics.features import regions

SIZE = 112
TEMPLATE: NDArray[np.float32] = face_align.arcface_dst
"""Right eye, left eye (the person's), nose tip, right and left corner of the mouth, ``(5, 2)`` in pixels of the picture."""
POINTS: dict[str, tuple[int, ...]] = {
    "right eye": (regions.RIGHT_EYE_OUTER, regions.RIGHT_EYE_INNER),
    "left eye": (regions.LEFT_EYE_OUTER, regions.LEFT_EYE_INNER),
    "nose tip": (regions.NOSE_TIP,),
    "mouth right": (regions.MOUTH_RIGHT,),
    "mouth left": (regions.MOUTH_LEFT,),
}
"""Mesh points whose mean stands for each point of the template."""


def five_points(landmarks: FloatArray) -> NDArray[np.float64]:
    """``(5, 2)`` in pixels of the frame, in the order of the template, from landmarks ``(478, 3)``.

    Raises:
        ValueError: landmarks are NaN.
    """
    points = np.array([np.mean(landmarks[list(chosen), :2], axis=0) for chosen in POINTS.values()], dtype=np.float64)
    if not np.isfinite(points).all():
        raise ValueError("no face to align: its landmarks are missing")
    return points


def aligned_face(frame: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The face as ArcFace was trained to see it: ``(112, 112, 3)`` uint8, bilinear, black outside the frame.

    Args:
        frame: ``(H, W, 3)``. points: ``(5, 2)`` in pixels, in the template's order.

    Raises:
        ValueError: the points lie on one spot.
    """
    # In the precision of insightface: in another one, single pixels come out otherwise.
    found = SimilarityTransform.from_estimate(points.astype(np.float32), TEMPLATE)
    # skimage gives a failed estimate that is false, or a matrix of NaN.
    if not found or not np.isfinite(found.params).all():
        raise ValueError("no face to align: its points lie on one spot")
    warped = cv2.warpAffine(frame, found.params[:2], (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0))
    return np.asarray(warped, dtype=np.uint8)
