"""A face laid upon a mean face, as Deep3DFaceRecon wants to see it: scaled and moved, never turned."""

from __future__ import annotations

import numpy as np
from PIL import Image

from bench.models.eamm.crop import Array, Picture

SIDE = 224
"""Pixels of an aligned face."""
SCALE = 102.0
"""Pixels of it that are one unit of `MEAN_FACE`."""
MEAN_FACE = np.array(
    [
        (-0.311486572, 0.2903607786, 0.1337795258),
        (0.3097988665, 0.2897203565, 0.1317952573),
        (0.003253498813, -0.04617932439, 0.5524424314),
        (-0.2521692812, -0.3813391626, 0.2240573168),
        (0.2484661937, -0.3812823594, 0.2223576903),
    ]
)
"""``(5, 3)``: eyes, tip of the nose, corners of the mouth; x right, y up. From points of ``similarity_Lm3D_all.mat``, which
comes with Deep3DFaceRecon and with SadTalker."""

_EYES = (36, 39), (42, 45)
"""Corners, by the numbers of iBUG."""
_NOSE_TIP, _MOUTH = 30, (48, 54)


def aligned(picture: Picture, points: Array) -> tuple[Picture, Array]:
    """The aligned face ``(224, 224, 3)``, black beyond the picture, and where it was: ``(3,)`` scale, x, y.

    Place is that of the mean face's origin in pixels, y up; scale is from pixels of the picture to those of the aligned face.
    Bicubic, decimals of sizes and places cut off, as published.

    Args:
        picture: ``(H, W, 3)``. points: ``(68, 2)`` of its face in pixels, y down.

    Raises:
        ValueError: the points lie on one spot.
    """
    height, width = picture.shape[:2]
    scale, x, y = five_point_fit(points, height)
    wide, high = int(width * scale), int(height * scale)
    left = int(wide / 2 - SIDE / 2 + (x - width / 2) * scale)
    top = int(high / 2 - SIDE / 2 + (height / 2 - y) * scale)
    scaled = Image.fromarray(picture).resize((wide, high), Image.Resampling.BICUBIC)
    face = np.asarray(scaled.crop((left, top, left + SIDE, top + SIDE)), np.uint8)
    return face, np.array([scale, x, y])


def five_point_fit(points: Array, height: int) -> Array:
    """Scale and place ``(3,)`` of a face, see `aligned`: the affine map from the mean face that fits five points best."""
    eyes = [points[list(corners)].mean(axis=0) for corners in _EYES]
    five = np.stack([*eyes, points[_NOSE_TIP], *points[list(_MOUTH)]])
    five[:, 1] = height - 1 - five[:, 1]
    affine, *_ = np.linalg.lstsq(np.column_stack([MEAN_FACE, np.ones(len(five))]), five, rcond=None)
    size = np.linalg.norm(affine[:3], axis=0).mean()
    if not size > 1e-6:
        raise ValueError("no face to align: its points lie on one spot")
    return np.array([SCALE / size, *affine[3]])
