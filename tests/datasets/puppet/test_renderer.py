from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.puppet import PortraitMesh
from datasets.puppet.motion import rotation
from datasets.puppet.topology import (
    EYE_LOWER,
    EYE_UPPER,
    INNER_LOWER,
    INNER_UPPER,
    OVAL,
    derive_triangles,
    hole_triangles,
    triangles,
)

Image = NDArray[np.uint8]
Points = NDArray[np.float64]


@pytest.fixture(scope="module")
def cropped(portrait: Image, landmarks: Points) -> tuple[Image, Points]:
    """The head of the portrait at 192 x 192, face in the middle."""
    corner = np.array([130, 20, 0])
    return np.ascontiguousarray(portrait[20:212, 130:322]), landmarks - corner


@pytest.fixture(scope="module")
def mesh(cropped: tuple[Image, Points]) -> PortraitMesh:
    return PortraitMesh(*cropped)


def _features(points: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where the mouth and the eyes are, with a margin."""
    mask = np.zeros(shape[:2], np.uint8)
    loops = [(INNER_UPPER, INNER_LOWER), *zip(EYE_UPPER, EYE_LOWER, strict=True)]
    for upper, lower in loops:
        cv2.fillPoly(mask, [np.rint(points[[*upper, *lower[::-1]], :2]).astype(np.int32)], (1,))
    return cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0


def test_stored_triangles_are_those_of_mediapipes_edges() -> None:
    assert np.array_equal(triangles(), derive_triangles())


def test_surface_is_closed_but_for_the_outline_once_mouth_and_eyes_are_filled() -> None:
    faces = np.concatenate([triangles(), hole_triangles()])
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [0, 2]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    border = {tuple(edge) for edge in unique[count == 1].tolist()}
    outline = {tuple(sorted(pair)) for pair in zip(OVAL, (*OVAL[1:], OVAL[0]), strict=True)}
    assert border == outline and count.max() == 2


def test_unmoved_vertices_give_the_portrait_outside_mouth_and_eyes(
    mesh: PortraitMesh, cropped: tuple[Image, Points]
) -> None:
    image, points = cropped
    difference = np.abs(mesh.render(mesh.vertices).astype(int) - image)[~_features(points, image.shape)]
    assert difference.mean() < 0.5 and np.percentile(difference, 99.5) < 6


def test_a_shifted_face_is_the_portrait_shifted(mesh: PortraitMesh, cropped: tuple[Image, Points]) -> None:
    image, points = cropped
    moved = mesh.render(mesh.vertices + np.array([3, 2, 0], np.float32))
    inner = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(inner, [np.rint(points[list(OVAL), :2]).astype(np.int32)], (1,))
    inside = (inner > 0) & ~_features(points, image.shape)
    rows, columns = np.nonzero(inside[5:-5, 5:-5])
    rows, columns = rows + 5, columns + 5
    difference = np.abs(moved[rows + 2, columns + 3].astype(int) - image[rows, columns])
    assert difference.mean() < 1.5


def test_rendering_has_no_memory(mesh: PortraitMesh) -> None:
    first = mesh.render(mesh.vertices)
    mesh.render(mesh.vertices + np.float32(4))
    assert np.array_equal(first, mesh.render(mesh.vertices))


def test_border_stays_when_the_head_turns(mesh: PortraitMesh, cropped: tuple[Image, Points]) -> None:
    image, points = cropped
    pivot = points[list(OVAL)].mean(axis=0)
    turned = mesh.render((points - pivot) @ rotation(np.array([10.0, 20.0, 8.0])).T + pivot)
    edge = np.concatenate([turned[0], turned[-1], turned[:, 0], turned[:, -1]]).astype(int)
    still = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert np.abs(edge - still).mean() < 2


def test_an_opened_mouth_is_dark_inside(mesh: PortraitMesh) -> None:
    points = mesh.vertices.astype(np.float64)
    unit = np.linalg.norm(points[468] - points[473])
    points[list(INNER_LOWER[1:-1]), 1] += 0.4 * unit
    points[[152, 17, 16, 15], 1] += 0.4 * unit
    x, y = np.rint(points[13, :2] * 0.35 + points[14, :2] * 0.65).astype(int)
    assert mesh.render(points)[y, x].max() < 90


def test_closed_lids_hide_the_eye(mesh: PortraitMesh) -> None:
    points = mesh.vertices.astype(np.float64)
    pupil = np.rint(points[468, :2]).astype(int)
    open_eye = mesh.render(points)[pupil[1], pupil[0]].astype(int)
    for upper, lower in zip(EYE_UPPER, EYE_LOWER, strict=True):
        points[list(upper)] = points[list(lower)]
    shut = mesh.render(points)[pupil[1], pupil[0]].astype(int)
    assert shut.sum() > open_eye.sum() + 60


@pytest.mark.parametrize("points", [np.zeros((468, 3)), np.full((478, 3), np.nan)])
def test_bad_vertices_are_refused(mesh: PortraitMesh, points: Points) -> None:
    with pytest.raises(ValueError, match="478"):
        mesh.render(points)


def test_bad_images_are_refused(landmarks: Points) -> None:
    with pytest.raises(ValueError, match="uint8"):
        PortraitMesh(np.zeros((8, 8), np.uint8), landmarks)
