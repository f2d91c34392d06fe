"""Where LivePortrait looks: an upright square around the face, and the way back into the portrait (`src/utils/crop.py`).

The published crop follows 106 landmarks of insightface. Here 68 do, of the face mesh, by the published rule for 68.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.features.regions import IBUG68, INNER_LIP_BOTTOM, INNER_LIP_TOP, MOUTH_LEFT, MOUTH_RIGHT

CROP_SIZE = 512
INPUT_SIZE = 256
SCALE = 2.3
"""Side of the crop over the longer side of the landmarks' box."""
RAISED = 0.125
"""By how much of its side the crop is moved towards the forehead."""
FEATHER = 16
"""Pixels of the crop over which the picture pasted back fades in."""

EYES, MOUTH = (36, 39, 42, 45), (48, 54)

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]


def crop_matrix(landmarks: NDArray[np.float32]) -> Array:
    """Similarity ``(2, 3)`` from pixels of the portrait to those of the crop of 512 x 512.

    The line from the eyes to the mouth becomes vertical.

    Args:
        landmarks: ``(478, 3)`` of the face mesh in pixels.
    """
    points = landmarks[list(IBUG68), :2].astype(np.float64)
    down = points[list(MOUTH)].mean(axis=0) - points[list(EYES)].mean(axis=0)
    length = float(np.linalg.norm(down))
    down = down / length if length > 1e-3 else np.array([0.0, 1.0])
    axes = np.stack([[down[1], -down[0]], down])
    turned = points @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    side = SCALE * float((high - low).max())
    centre = (low + high) / 2 - [0, RAISED * side]
    scale = CROP_SIZE / side
    return np.concatenate([scale * axes, (CROP_SIZE / 2 - scale * centre)[:, None]], axis=1)


def cut(portrait: Picture, matrix: Array) -> Picture:
    """The crop as the networks see it, ``(256, 256, 3)``; black beyond the portrait."""
    crop = cv2.warpAffine(portrait, matrix, (CROP_SIZE, CROP_SIZE), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(crop, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA), np.uint8)


class Paste:
    """Puts crops of 512 x 512 back into one portrait."""

    def __init__(self, portrait: Picture, matrix: Array) -> None:
        self._size = (portrait.shape[1], portrait.shape[0])
        self._back = cv2.invertAffineTransform(matrix)
        self._share = self._moved(fade())[..., None].astype(np.float32) / 255
        self._rest = (1 - self._share) * portrait

    def __call__(self, crop: Picture) -> Picture:
        """The portrait with the crop in it; decimals are cut off, as published."""
        made = self._share * self._moved(crop) + self._rest
        return np.clip(made, 0, 255).astype(np.uint8)

    def _moved(self, picture: Picture) -> Picture:
        return np.asarray(cv2.warpAffine(picture, self._back, self._size, flags=cv2.INTER_LINEAR), np.uint8)


@cache
def fade() -> Picture:
    """Share of the crop in each of its pixels, ``(512, 512)`` in 0..255: a linear ramp around an inner square.

    Level for level what the published ``mask_template.png`` holds.
    """
    place = np.arange(CROP_SIZE)
    outside = np.maximum(0, np.maximum(FEATHER - place, place - (CROP_SIZE - FEATHER)))
    distance = np.hypot(outside[:, None], outside)
    return np.clip(255 * (1 - distance / FEATHER), 0, 255).astype(np.uint8)


def lip_opening(landmarks: NDArray[np.float32]) -> float:
    """Distance of the inner lips over the width of the mouth."""
    place = landmarks[:, :2].astype(np.float64)
    opening, width = place[INNER_LIP_TOP] - place[INNER_LIP_BOTTOM], place[MOUTH_RIGHT] - place[MOUTH_LEFT]
    return float(np.linalg.norm(opening) / (np.linalg.norm(width) + 1e-6))
