"""Named mesh points and the aligned crop."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.features import regions
from metrics.features.regions import IBUG68, face_crop, face_matrix, inter_ocular


def _face(width: int, angle: float) -> NDArray[np.float32]:
    """Only the eyes of a face: outer corners this far apart, about (300, 250), turned by degrees."""
    landmarks = np.zeros((478, 3), np.float32)
    offset = width / 2 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    landmarks[regions.RIGHT_EYE_OUTER, :2] = np.array([300, 250]) - offset
    landmarks[regions.LEFT_EYE_OUTER, :2] = np.array([300, 250]) + offset
    return landmarks


def test_ibug_points_are_where_dlib_has_them(portrait_landmarks: NDArray[np.float32]) -> None:
    points = portrait_landmarks[list(IBUG68), :2]
    assert len(set(IBUG68)) == 68
    assert np.all(np.diff(points[2:15, 0]) > 0)  # the jaw runs from the picture's left to its right
    assert points[8, 1] == points[:, 1].max()  # over the chin
    assert np.all(np.diff(points[17:27, 0]) > 0)
    assert np.all(np.diff(points[27:31, 1]) > 0)
    assert points[36, 0] < points[39, 0] < points[42, 0] < points[45, 0]
    assert points[37, 1] < points[41, 1]  # upper lids before lower lids
    assert points[48, 0] < points[51, 0] < points[54, 0]
    assert points[51, 1] < points[62, 1] < points[66, 1] < points[57, 1]


def test_contours_are_closed_rings_without_crossings(portrait_landmarks: NDArray[np.float32]) -> None:
    names = ("LIPS_OUTER", "LIPS_INNER", "FACE_OVAL", "RIGHT_EYE", "LEFT_EYE", "RIGHT_BROW", "LEFT_BROW")
    for name in names:
        ring = portrait_landmarks[list(getattr(regions, name)), :2]
        steps = np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1)
        assert steps.max() < 0.4 * np.ptp(ring, axis=0).max(), name


def test_inter_ocular_is_nan_where_the_face_is_missing() -> None:
    landmarks = np.stack([_face(80, 30), np.full((478, 3), np.nan, np.float32)])
    distance = inter_ocular(landmarks)
    assert distance[0] == pytest.approx(80, rel=1e-5)
    assert np.isnan(distance[1])


@pytest.mark.parametrize("angle", [0, 25, -40, 170])
@pytest.mark.parametrize("width", [20, 64, 180])
def test_crop_puts_the_eyes_on_a_horizontal_line(width: int, angle: float) -> None:
    landmarks, size, scale = _face(width, angle), 128, 2.0
    matrix = face_matrix(landmarks, size, scale)
    right, left = (
        matrix[:, :2] @ landmarks[k, :2] + matrix[:, 2] for k in (regions.RIGHT_EYE_OUTER, regions.LEFT_EYE_OUTER)
    )
    height = (size - 1) / 2 - 0.36 * size / scale
    assert right == pytest.approx(((size - 1) / 2 - size / scale / 2, height), abs=1e-3)
    assert left == pytest.approx(((size - 1) / 2 + size / scale / 2, height), abs=1e-3)


@pytest.mark.parametrize("angle", [0, 25, -40])
@pytest.mark.parametrize("width", [20, 64, 180])
def test_pixels_follow_the_matrix_at_any_size(width: int, angle: float) -> None:
    landmarks = _face(width, angle)
    frame = np.zeros((500, 600, 3), np.uint8)
    corner = landmarks[regions.LEFT_EYE_OUTER, :2]
    cv2.circle(frame, (round(float(corner[0])), round(float(corner[1]))), max(2, width // 12), (255, 255, 255), -1)
    crop = face_crop(frame, landmarks, 128, 2.0).astype(float)[..., 0]
    rows, columns = np.indices(crop.shape)
    spot = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
    matrix = face_matrix(landmarks, 128, 2.0)
    assert spot == pytest.approx(matrix[:, :2] @ np.round(corner) + matrix[:, 2], abs=0.6)


def test_crop_beyond_the_frame_repeats_its_border() -> None:
    frame = np.full((120, 120, 3), 77, np.uint8)
    landmarks = _face(100, 0)  # the eyes lie outside this frame
    assert np.all(face_crop(frame, landmarks, 64, 3.0) == 77)


def test_large_faces_do_not_alias() -> None:
    checker = (np.indices((500, 600)).sum(axis=0) % 2 * 255).astype(np.uint8)
    crop = face_crop(np.repeat(checker[..., None], 3, axis=2), _face(200, 10), 48, 1.2)
    assert np.ptp(crop.astype(int)) < 60


def test_missing_face_cannot_be_cropped() -> None:
    with pytest.raises(ValueError, match="no face"):
        face_crop(np.zeros((10, 10, 3), np.uint8), np.full((478, 3), np.nan, np.float32), 8, 2.0)
