"""LivePortrait's crop, the way back, relative motion and stitching."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from bench.models.liveportrait.crop import CROP_SIZE, Paste, Picture, crop_matrix, cut, fade, lip_opening
from bench.models.liveportrait.keypoints import Shape, rotation
from bench.models.liveportrait.recipe import relative, stitched
from metrics.features.canonical import canonical_face
from metrics.features.regions import IBUG68, INNER_LIP_BOTTOM, INNER_LIP_TOP


def _face(angle: float, size: float, place: tuple[float, float]) -> np.ndarray:
    """The canonical face in pixels, turned in the plane by so many degrees."""
    points = canonical_face()[:, :2].astype(np.float64)
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    points = size * points @ np.array([[c, -s], [s, c]]).T + place
    return np.concatenate([points, np.zeros((len(points), 1))], axis=1).astype(np.float32)


@pytest.mark.parametrize(("angle", "size", "place"), [(0, 40, (128, 128)), (25, 60, (90, 140)), (-70, 20, (30, 20))])
def test_the_crop_is_upright_and_has_its_scale_whatever_the_face_does(
    angle: float, size: float, place: tuple[float, float]
) -> None:
    face = _face(angle, size, place)
    matrix = crop_matrix(face)
    seen = face[list(IBUG68), :2] @ matrix[:, :2].T + matrix[:, 2]
    low, high = seen.min(axis=0), seen.max(axis=0)
    assert (high - low).max() == pytest.approx(CROP_SIZE / 2.3, rel=1e-4)
    middle = (low + high) / 2
    assert middle[0] == pytest.approx(CROP_SIZE / 2, abs=0.1)
    assert middle[1] == pytest.approx(CROP_SIZE * (0.5 + 0.125), abs=0.1)  # room for hair above
    eyes, mouth = seen[[36, 39, 42, 45]].mean(axis=0), seen[[48, 54]].mean(axis=0)
    assert eyes[0] == pytest.approx(mouth[0], abs=0.1) and mouth[1] > eyes[1]


def test_the_ramp_is_the_published_one() -> None:
    share = fade()
    # Read off mask_template.png of the public repository: the upper edge, the lower edge, the corner's diagonal.
    assert share[:17, 256].tolist() == [0, *range(15, 256, 16)]
    assert share[-16:, 256].tolist() == [255, *range(239, 14, -16)]
    assert np.diag(share)[:17].tolist() == [0, 0, 0, 0, 0, 7, 29, 52, 74, 97, 119, 142, 164, 187, 209, 232, 255]


def test_what_is_pasted_back_unchanged_changes_nothing_but_sharpness(asset_path: Callable[[str], Path]) -> None:
    with Image.open(asset_path("obama_portrait")) as image:
        portrait: Picture = np.asarray(image.convert("RGB").crop((0, 0, 400, 400)), np.uint8)
    matrix = crop_matrix(_face(10, 60, (200, 160)))
    seen = cut(portrait, matrix)
    large = np.asarray(Image.fromarray(seen).resize((CROP_SIZE, CROP_SIZE), Image.Resampling.BILINEAR), np.uint8)
    pasted = Paste(portrait, matrix)(large)
    assert pasted.shape == portrait.shape
    assert np.abs(pasted.astype(int) - portrait).mean() < 2.5
    black = Paste(portrait, matrix)(np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8))
    outside = np.ones(portrait.shape[:2], bool)
    ys, xs = np.mgrid[: len(portrait), : len(portrait)]
    place = np.stack([xs, ys], axis=-1) @ matrix[:, :2].T + matrix[:, 2]
    outside = ((place < -1) | (place > CROP_SIZE)).any(axis=-1)
    assert outside.any() and np.array_equal(black[outside], portrait[outside])
    assert black[160, 200].max() == 0


def test_lips_are_measured_by_the_mouths_width() -> None:
    face = _face(30, 50, (100, 100))
    face[INNER_LIP_TOP] = face[INNER_LIP_BOTTOM]
    assert lip_opening(face) == 0
    wide = float(np.linalg.norm(face[61, :2] - face[291, :2]))
    face[INNER_LIP_TOP, 1] -= 0.2 * wide
    assert lip_opening(face) == pytest.approx(0.2, rel=1e-4)
    assert lip_opening(3 * face) == pytest.approx(0.2, rel=1e-4)


def _shape(seed: int, count: int = 1) -> Shape:
    random = torch.Generator().manual_seed(seed)

    def draw(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=random, dtype=torch.float64)

    angles = (20 * draw(count) for _ in range(3))
    return Shape(
        draw(count, 21, 3), rotation(*angles), draw(count, 21, 3), 1 + 0.1 * draw(count, 1, 1), draw(count, 1, 3)
    )


def test_a_face_that_does_not_move_leaves_the_portrait_as_it_is() -> None:
    source, first = _shape(0), _shape(1)
    assert torch.allclose(relative(source, first, first).keypoints, source.keypoints)


def test_a_portrait_of_the_driving_face_itself_moves_as_that_does() -> None:
    video = _shape(2, 4)
    source = video.frame(0)
    driven = relative(source, video, source)
    expected = Shape(source.canonical, video.rotation, video.exp, video.scale, video.t)
    assert torch.allclose(driven.keypoints, expected.keypoints)


def test_stitching_shifts_in_the_plane_only() -> None:
    head = nn.Linear(126, 65).double()
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    source, driving = _shape(3).keypoints, _shape(4, 2).keypoints
    assert torch.equal(stitched(head, source, driving), driving)
    with torch.no_grad():
        head.bias[5], head.bias[63], head.bias[64] = 3.0, 1.0, 2.0  # z of the second keypoint; the shift
        moved = stitched(head, source, driving) - driving
    expected = torch.tensor([1.0, 2.0, 0.0]).double().repeat(2, 21, 1)
    expected[:, 1, 2] = 3
    assert torch.allclose(moved, expected)
