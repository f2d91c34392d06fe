"""Named points of the 478-point MediaPipe mesh, and the crop that networks look at.

Left and right are the person's own: the right eye is on the left of the picture.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray

RIGHT_EYE_OUTER, RIGHT_EYE_INNER = 33, 133
LEFT_EYE_OUTER, LEFT_EYE_INNER = 263, 362
NOSE_TIP, NOSE_BASE, CHIN, FOREHEAD = 4, 2, 152, 10
MOUTH_RIGHT, MOUTH_LEFT = 61, 291
INNER_LIP_TOP, INNER_LIP_BOTTOM = 13, 14

RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
"""Lid contours start at the outer corner and go over the upper lid to the inner corner, back along the lower lid."""
LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
RIGHT_IRIS = (468, 469, 470, 471, 472)
"""Irises: centre, then four points of the rim."""
LEFT_IRIS = (473, 474, 475, 476, 477)
RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
"""Brow contours: upper edge from the temple to the nose, lower edge back."""
LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
NOSE = (168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 98, 97, 326, 327, 64, 294, 48, 278, 115, 344, 220, 440, 45, 275)

LIPS_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
"""Lip contours, ordered and closed: right corner, over the upper lip to the left corner, back along the lower lip."""
LIPS_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)

FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Ordered and closed: from the top of the forehead down the person's left side to the chin, up the right side."""

IBUG68 = (
    127, 234, 93, 132, 172, 136, 149, 148, 152, 377, 378, 365, 397, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""Mesh point for each of the 68 iBUG (300-W, dlib) points, in their order: jaw 0-16, brows 17-26, nose 27-35,
eyes 36-47, outer lips 48-59, inner lips 60-67. Mirror-symmetric, chosen among the nearest to what dlib's 68-point
predictor finds on 19 frontal images: on average 0.02 inter-ocular distances away for eyes, nose and lips, 0.06 for jaw
and brows."""
IBUG68_MOUTH = IBUG68[48:]


def inter_ocular(landmarks: FloatArray) -> FloatArray:
    """Distance of the outer eye corners in the picture plane.

    Args:
        landmarks: ``(T, 478, 2 or 3)`` in pixels.

    Returns:
        ``(T,)`` in pixels; NaN where the face is missing.
    """
    between = landmarks[:, LEFT_EYE_OUTER, :2] - landmarks[:, RIGHT_EYE_OUTER, :2]
    return np.asarray(np.linalg.norm(between, axis=1))


def face_matrix(landmarks: FloatArray, size: int, scale: float) -> NDArray[np.float64]:
    """Similarity ``(2, 3)`` from frame pixels to the pixels of `face_crop`.

    The line of the outer eye corners becomes horizontal. One unit is their distance in three dimensions, so that a
    turned head does not grow. The crop's centre is 0.36 units below the middle of the eyes, which is the middle of a
    frontal face between forehead (-0.6) and chin (1.35); its side is `scale` units (2.0 just holds the face).

    Raises:
        ValueError: landmarks are NaN (no face).
    """
    right, left = (np.asarray(landmarks[k], dtype=np.float64) for k in (RIGHT_EYE_OUTER, LEFT_EYE_OUTER))
    unit = float(np.linalg.norm(left - right))
    if not np.isfinite(unit) or unit <= 0:
        raise ValueError("no face to crop: its landmarks are missing")
    along = (left - right)[:2]
    along = along / np.linalg.norm(along)
    down = np.array([-along[1], along[0]])
    centre = (right + left)[:2] / 2 + 0.36 * unit * down
    linear = size / (scale * unit) * np.stack([along, down])
    # Pixel centres are at whole numbers, so the middle of the crop is at (size - 1) / 2.
    return np.column_stack([linear, (size - 1) / 2 - linear @ centre])


def face_crop(frame: NDArray[np.uint8], landmarks: FloatArray, size: int, scale: float) -> NDArray[np.uint8]:
    """Upright square crop of a face.

    Args:
        frame: RGB ``(H, W, 3)``.
        landmarks: ``(478, 3)`` in pixels of the frame.
        size: side of the crop in pixels.
        scale: side of the crop in inter-ocular distances; see `face_matrix`.

    Returns:
        ``(size, size, 3)`` uint8. Large faces are shrunk by area averaging before the bilinear warp, so that nothing
        aliases; outside the frame its border is repeated.

    Raises:
        ValueError: landmarks are NaN.
    """
    matrix = face_matrix(landmarks, size, scale)
    shrink = 1.0 / float(np.hypot(*matrix[:, 0]))
    source: NDArray[Any] = frame
    if shrink > 1:
        height, width = frame.shape[:2]
        x0, y0, x1, y1 = _reach(matrix, size, width, height)
        view = frame[y0:y1, x0:x1]
        small = max(1, round((x1 - x0) / shrink)), max(1, round((y1 - y0) / shrink))
        source = cv2.resize(view, small, interpolation=cv2.INTER_AREA)
        step = np.array([(x1 - x0) / small[0], (y1 - y0) / small[1]])
        # Pixel k of the small picture lies at (k + 0.5) * step - 0.5 of the view.
        matrix[:, 2] += matrix[:, :2] @ (np.array([x0, y0]) + 0.5 * step - 0.5)
        matrix[:, :2] *= step
    warped = cv2.warpAffine(source, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)


def _reach(matrix: NDArray[np.float64], size: int, width: int, height: int) -> tuple[int, int, int, int]:
    """The part of the frame that a crop reads, ``(x0, y0, x1, y1)``, at least one pixel, with a margin."""
    back = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float64) @ back[:, :2].T + back[:, 2]
    margin = 4.0 / float(np.hypot(*matrix[:, 0]))
    low, high = np.floor(corners.min(axis=0) - margin), np.ceil(corners.max(axis=0) + margin)
    x0, y0 = int(np.clip(low[0], 0, width - 1)), int(np.clip(low[1], 0, height - 1))
    return x0, y0, int(np.clip(high[0], x0 + 1, width)), int(np.clip(high[1], y0 + 1, height))
