"""Where EAMM looks: a face laid upon the template of its authors by a similarity, and the way back into the portrait."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from metrics.features.regions import IBUG68

SIZE = 256
FEATHER = 16
"""Pixels at the edge of a crop over which it fades into the portrait."""

# Jaw, brows, nose, one eye and the other but for its last point, in the order of iBUG: what the authors fit to.
# The numbers are those of `M003_template.npy` (github.com/jixinya/EAMM, MIT), pixels of a picture of 256.
_JAW = ((61, 119), (62, 137), (65, 156), (69, 173), (75, 189), (86, 203), (101, 213), (117, 221), (135, 224), (152, 221), (165, 211), (175, 199), (183, 184), (187, 168), (189, 151), (192, 135), (194, 118))  # fmt: skip
_BROWS = ((77, 109), (87, 99), (102, 95), (117, 96), (132, 101), (146, 101), (159, 98), (171, 97), (183, 100), (190, 110))  # fmt: skip
_NOSE = ((140, 111), (140, 121), (142, 132), (143, 143), (127, 154), (134, 155), (141, 157), (147, 155), (152, 153))
_EYES = ((94, 114), (102, 109), (111, 109), (118, 114), (111, 116), (102, 116), (154, 115), (161, 109), (170, 110), (176, 114), (170, 117))  # fmt: skip
TEMPLATE = np.array(_JAW + _BROWS + _NOSE + _EYES, np.float64)
"""``(47, 2)``: where the first 47 of the 68 points belong."""

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]


def points_68(mesh: NDArray[np.float32]) -> Array:
    """The 68 points ``(68, 2)`` in pixels of a face mesh ``(478, 3)``, which stand for dlib's."""
    return mesh[list(IBUG68), :2].astype(np.float64)


def crop_matrix(points: Array) -> Array:
    """Similarity ``(2, 3)`` from pixels of a picture to those of the crop of 256, for its 68 points.

    Raises:
        ValueError: the points lie on one spot.
    """
    return inverse(similarity(TEMPLATE, points[: len(TEMPLATE)]))


def similarity(source: Array, target: Array) -> Array:
    """The similarity ``(2, 3)`` that brings points ``(P, 2)`` nearest to others (Umeyama 1991).

    Raises:
        ValueError: either lie on one spot.
    """
    found = SimilarityTransform.from_estimate(source, target)
    # skimage gives a failed estimate that is false, or a matrix of NaN; points on one spot as target scale to nothing.
    if not found or not np.isfinite(found.params).all() or abs(np.linalg.det(found.params[:2, :2])) < 1e-9:
        raise ValueError("no face to lay upon the template: its points lie on one spot")
    return np.asarray(found.params[:2], np.float64)


def inverse(matrix: Array) -> Array:
    """The way back ``(2, 3)``."""
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def chained(*matrices: Array) -> Array:
    """One map ``(2, 3)`` of several, the first one applied first."""
    whole = np.eye(3)
    for matrix in matrices:
        whole = np.vstack([matrix, (0, 0, 1)]) @ whole
    return whole[:2]


def cut(picture: Picture, matrix: Array) -> Picture:
    """The crop ``(256, 256, 3)``, bilinear as published; black beyond the picture."""
    return np.asarray(cv2.warpAffine(picture, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR), np.uint8)


class Paste:
    """Puts crops back into one portrait. The published script shows the crop alone."""

    def __init__(self, portrait: Picture, matrix: Array) -> None:
        self._size = (portrait.shape[1], portrait.shape[0])
        self._back = inverse(matrix)
        self._share = self._moved(_fade())[..., None]
        self._rest = (1 - self._share) * portrait

    def __call__(self, crop: Picture) -> Picture:
        """The portrait with the crop in it."""
        made = self._share * self._moved(crop.astype(np.float32)) + self._rest
        return np.rint(made).astype(np.uint8)

    def _moved(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.warpAffine(picture, self._back, self._size, flags=cv2.INTER_LINEAR), np.float32)


def _fade() -> NDArray[np.float32]:
    """Share of the crop in each of its pixels, ``(256, 256)``: 0 at the edges, 1 from `FEATHER` pixels on."""
    place = np.arange(SIZE)
    ramp = np.minimum(1, np.minimum(place, SIZE - 1 - place) / FEATHER)
    return np.minimum(ramp[:, None], ramp).astype(np.float32)


def first_face(rows: Sequence[bool] | NDArray[np.bool_]) -> int:
    """Number of the first frame with a face.

    Raises:
        ValueError: there is none.
    """
    found = np.flatnonzero(rows)
    if not len(found):
        raise ValueError("no face in any frame")
    return int(found[0])
