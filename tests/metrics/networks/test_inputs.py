"""What the networks are shown: aligned faces, whole frames, dlib's points, blur; and torchvision beside any torch."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from metrics.base import Bundle, Features, Labels, Status, Unscorable
from metrics.features.arcface import ArcFaceVico
from metrics.features.arcface_align import TEMPLATE, aligned_face, five_points
from metrics.features.dlib_landmarks import DlibLandmarks
from metrics.features.face_mesh import locate
from metrics.features.sharpness import Blur
from metrics.features.weights import WeightsError
from metrics.perceptual import METRICS

Frame = NDArray[np.uint8]


@pytest.fixture(scope="module")
def portrait() -> Frame:
    picture: Frame = skimage.data.astronaut()
    return picture


@pytest.fixture(scope="module")
def landmarks(portrait: Frame) -> NDArray[np.float32]:
    found = locate(portrait)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def head(portrait: Frame) -> Frame:
    return np.ascontiguousarray(portrait[:320, 64:384])


def test_five_points_lie_where_arcfaces_template_has_them(portrait: Frame, landmarks: NDArray[np.float32]) -> None:
    points = five_points(landmarks)
    moved = SimilarityTransform.from_estimate(points, TEMPLATE)(points)
    # A smile moves the corners of the mouth; mirrored points are off by 15 pixels and more.
    assert np.linalg.norm(moved - TEMPLATE, axis=1).max() < 8
    mirrored = points[[1, 0, 2, 4, 3]]
    assert np.linalg.norm(SimilarityTransform.from_estimate(mirrored, TEMPLATE)(mirrored) - TEMPLATE, axis=1).max() > 15


def test_aligned_faces_equal_insightfaces(portrait: Frame, landmarks: NDArray[np.float32]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It still asks scikit-image in its old way.
        from insightface.utils.face_align import norm_crop

        points = five_points(landmarks)
        for frame in (portrait, portrait[:180, 100:300]):
            np.testing.assert_array_equal(aligned_face(frame, points), norm_crop(frame, points.astype(np.float32)))


def test_alignment_undoes_turns_and_sizes(portrait: Frame, landmarks: NDArray[np.float32]) -> None:
    straight = aligned_face(portrait, five_points(landmarks))
    turn = cv2.getRotationMatrix2D((256, 150), 20, 0.9)
    turned = cv2.warpAffine(portrait, turn, (512, 512))
    points = five_points(landmarks) @ turn[:, :2].T + turn[:, 2]
    again = aligned_face(np.asarray(turned, dtype=np.uint8), points)
    assert np.abs(again.astype(int) - straight).mean() < 4


def test_a_face_that_is_not_there_is_refused(portrait: Frame) -> None:
    with pytest.raises(ValueError, match="landmarks are missing"):
        five_points(np.full((478, 3), np.nan))
    with pytest.raises(ValueError, match="on one spot"):
        aligned_face(portrait, np.full((5, 2), 7.0))


def test_vico_sees_the_whole_frame(portrait: Frame) -> None:
    seen = ArcFaceVico.prepare(ArcFaceVico.__new__(ArcFaceVico), portrait[:, :300])
    np.testing.assert_array_equal(seen, cv2.resize(portrait[:, :300], (112, 112), interpolation=cv2.INTER_LINEAR))


def train_predictor(folder: Path, head: Frame, points: int) -> Path:
    """A small predictor of dlib's kind, trained on one face in whose box the points stand on a grid."""
    box = dlib.get_frontal_face_detector()(cv2.cvtColor(head, cv2.COLOR_RGB2GRAY), 1)[0]
    grid = [
        dlib.point(round(box.left() + (k % 9) / 8 * box.width()), round(box.top() + (k // 9) / 8 * box.height()))
        for k in range(points)
    ]
    options = dlib.shape_predictor_training_options()
    options.tree_depth, options.cascade_depth, options.num_trees_per_cascade_level = 2, 2, 5
    options.num_test_splits, options.feature_pool_size, options.oversampling_amount = 5, 20, 5
    options.be_verbose = False
    model = dlib.train_shape_predictor([head], [[dlib.full_object_detection(box, grid)]], options)
    model.save(str(path := folder / f"{points}.dat"))
    return path


def test_dlib_points_are_found_scaled_and_missing_without_a_face(head: Frame, tmp_path: Path) -> None:
    network = DlibLandmarks({"dlib_landmarks_68": train_predictor(tmp_path, head, 68)})
    found = network.prepare(head)
    box = network.detect(cv2.cvtColor(head, cv2.COLOR_RGB2GRAY), 1)[0]
    # The frame is 320 high and coordinates are those of 256; the grid begins in the corner of the detector's box.
    np.testing.assert_allclose(found[0], [0.8 * box.left(), 0.8 * box.top()], atol=0.08 * box.width())
    nothing = network.prepare(np.zeros((200, 160, 3), np.uint8))
    assert found.shape == nothing.shape == (68, 2) and np.isfinite(found).all() and np.isnan(nothing).all()
    rows = network.forward(np.stack([found, nothing]))
    np.testing.assert_array_equal(rows[0].reshape(68, 2), found)


def test_a_predictor_of_other_points_or_no_predictor_is_refused(head: Frame, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="a predictor of 5 points, expected 68"):
        DlibLandmarks({"dlib_landmarks_68": train_predictor(tmp_path, head, 5)})
    (path := tmp_path / "bad.dat").write_bytes(b"no predictor")
    for file in (path, tmp_path / "missing.dat"):
        with pytest.raises(WeightsError, match="cannot be loaded as dlib's landmark predictor"):
            DlibLandmarks({"dlib_landmarks_68": file})


def test_blur_grows_with_blurring_and_is_no_number_without_edges(portrait: Frame) -> None:
    network = Blur()
    frames = [portrait, *(cv2.GaussianBlur(portrait, (0, 0), sigma) for sigma in (1, 3)), np.full_like(portrait, 90)]
    values = network.forward(np.stack([network.prepare(frame) for frame in frames]))[:, 0]
    assert 0 < values[0] < values[1] < values[2] < 1 and np.isnan(values[3])
    assert network.forward(np.empty((0, 8, 8, 3), np.uint8)).shape == (0, 1)
    blur = next(metric for metric in METRICS if metric.name == "blur")

    def score(rows: NDArray[np.floating]) -> Any:
        return blur.per_clip(Bundle(Features(25, 4, samples={"blur": rows[:, None]}), None, Labels()))

    assert score(values) == pytest.approx(values[:3].mean())
    for rows in (values[3:], values[:0]):
        with pytest.raises(Unscorable) as caught:
            score(rows)
        assert caught.value.status is Status.UNDEFINED


def test_torchvision_imports_once_it_is_ready_and_stays_as_it_is_where_it_loads() -> None:
    code = (
        "from metrics.features.torchvision_ready import ready_torchvision as ready\n"
        "first = ready(); import torch, torchvision, lpips, pytorch_fid.inception\n"
        "assert ready() is first and hasattr(torch.ops.torchvision, 'nms')\n"
        "ready.cache_clear(); assert ready() is None\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
