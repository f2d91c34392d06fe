"""Taking a smile or a frown out of the skin: the folds that stay in a picture when its mesh has calmed down."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.puppet.topology import OUTER_LOWER, OUTER_UPPER

_FOLDED = (
    205, 206, 207, 216, 212, 186, 92, 165, 203, 214, 202, 57, 43, 204, 106, 182, 210, 187, 192, 36, 142, 50,
    425, 426, 427, 436, 432, 410, 322, 391, 423, 434, 422, 287, 273, 424, 335, 406, 430, 411, 416, 266, 371, 280,
    8, 9, 151, 108, 337, 69, 299, 18, 200, 83, 313, 201, 421,
)  # fmt: skip
"""Points of the skin between nose, cheeks and chin, and between the brows, where expressions leave folds."""
_NOSE = (2, 97, 326, 98, 327, 64, 294, 1, 4, 48, 278, 49, 279, 5, 195, 102, 331, 129, 358)
_BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285)

FloatImage = NDArray[np.float32]


def soothe(image: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The portrait ``(H, W, 3)`` with folds smoothed away; shading of the whole face and grain of the skin stay.

    Folds are dark bands narrower than a cheek and wider than a pore: that middle band of scales is taken out of the
    lightness and colour of the skin around mouth and between the brows.

    Args:
        image: uint8 RGB. landmarks: ``(478, 3)`` in its pixels.
    """
    unit = float(np.linalg.norm(landmarks[468, :2] - landmarks[473, :2]))
    where = _spots(landmarks, _FOLDED, 0.15 * unit, image.shape)
    lips = np.zeros(image.shape[:2], dtype=np.uint8)
    loop = landmarks[[*OUTER_UPPER, *OUTER_LOWER[::-1]], :2]
    cv2.fillPoly(lips, [np.rint(loop).astype(np.int32)], (255,))
    cv2.polylines(lips, [np.rint(loop).astype(np.int32)], True, (255,), max(1, round(0.04 * unit)))
    features = np.maximum(lips.astype(np.float32) / 255.0, _spots(landmarks, _NOSE, 0.06 * unit, image.shape))
    features = np.maximum(features, _spots(landmarks, _BROWS, 0.06 * unit, image.shape))
    skin = where * (1.0 - features)
    mask = _blur(skin, 0.035 * unit) * (1.0 - features)
    pixels = image.astype(np.float32)
    # Weights keep lips, nostrils and brows out of the averages. The skin beside a fold should show, not its dark
    # bottom, so bright pixels count for more.
    light = pixels.mean(axis=2) / 255.0
    weight = (skin + 1e-4) * light**3
    wide = _blur(pixels * weight[..., None], 0.2 * unit) / _blur(weight, 0.2 * unit)[..., None]
    grain = np.clip(pixels - _blur(pixels, 0.012 * unit), -10.0, 10.0)
    calm = wide + grain
    mixed = pixels + 0.85 * mask[..., None] * (calm - pixels)
    return np.asarray(np.clip(np.rint(mixed), 0, 255), dtype=np.uint8)


def _spots(
    landmarks: NDArray[np.float64], points: tuple[int, ...], radius: float, shape: tuple[int, ...]
) -> FloatImage:
    mask = np.zeros(shape[:2], dtype=np.uint8)
    for x, y in np.rint(landmarks[list(points), :2]).astype(int).tolist():
        cv2.circle(mask, (x, y), max(1, round(radius)), (255,), -1)
    return mask.astype(np.float32) / 255.0


def _blur(image: FloatImage, sigma: float) -> FloatImage:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(sigma, 0.3)), dtype=np.float32)
