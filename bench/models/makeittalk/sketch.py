"""Landmarks as the picture that the image translation network was trained on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.models.makeittalk.translation import SIZE

_THICKNESS = 2
_CURVES = (
    (range(0, 17), False, (255, 144, 25)),
    (range(17, 22), False, (50, 205, 50)),
    (range(22, 27), False, (50, 205, 50)),
    (range(27, 36), False, (208, 224, 63)),
    (range(36, 42), True, (71, 99, 255)),
    (range(42, 48), True, (71, 99, 255)),
    (range(48, 60), True, (238, 130, 238)),
    (range(60, 68), True, (238, 130, 238)),
)
"""Points, whether they close, colour (BGR): jaw, brows, nose with its base, eyes, outer and inner lips."""


def draw(points: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Points ``(68, 2)`` in whole pixels as coloured lines on white, ``(256, 256, 3)`` BGR; what lies outside is cut off."""
    picture = np.full((SIZE, SIZE, 3), 255, np.uint8)
    for curve, closed, colour in _CURVES:
        line = points[list(curve)].astype(np.int32)
        cv2.polylines(picture, [line], closed, colour, _THICKNESS)
    return picture
