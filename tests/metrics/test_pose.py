from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import registry
from metrics.base import Bundle, FaceTrack, Features, Status, Unscorable
from metrics.features.canonical import canonical_face
from metrics.pose import motion_peaks
from metrics.rigid import fit_similarity, frontal, head_pose, rotation_angles, rotation_matrix

Posed = Callable[..., FaceTrack]
MakeBundle = Callable[..., Bundle]

angle = st.floats(-80, 80)


def features(track: FaceTrack, audio: np.ndarray | None = None) -> Features:
    return Features(track.fps, len(track), track, audio)


@given(pitch=angle, yaw=angle, roll=angle)
def test_angles_and_matrices_are_inverse(pitch: float, yaw: float, roll: float) -> None:
    angles = np.array([pitch, yaw, roll])
    matrix = rotation_matrix(angles)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)
    np.testing.assert_allclose(rotation_angles(matrix), angles, atol=1e-9)


@pytest.mark.parametrize(
    ("angles", "axis", "sign"),
    [([20.0, 0, 0], 1, -1), ([0.0, 20, 0], 0, 1)],
    ids=["pitch lifts the nose", "yaw turns the nose to the right edge"],
)
def test_signs_as_seen_in_the_image(angles: list[float], axis: int, sign: int) -> None:
    nose = rotation_matrix(np.array(angles)) @ [0.0, 0.0, -1.0]
    assert np.sign(nose[axis]) == sign


def test_positive_roll_is_clockwise_in_the_image() -> None:
    # Image y points down: clockwise takes "right" towards "down".
    assert (rotation_matrix(np.array([0.0, 0, 20])) @ [1.0, 0, 0])[1] > 0


@settings(max_examples=40)
@given(pitch=angle, yaw=angle, roll=angle, scale=st.floats(5, 300), x=st.floats(-500, 500), y=st.floats(-500, 500))
def test_head_pose_recovers_what_was_done_to_the_canonical_face(
    pitch: float, yaw: float, roll: float, scale: float, x: float, y: float
) -> None:
    angles = np.array([pitch, yaw, roll])
    points = canonical_face() @ rotation_matrix(angles).T * scale + [x, y, 0]
    pose = head_pose(points[None])
    np.testing.assert_allclose(pose.angles[0], angles, atol=1e-6)
    np.testing.assert_allclose(pose.origin[0], [x, y, 0], atol=1e-6 * scale + 1e-9)
    assert pose.scale[0] == pytest.approx(scale)
    np.testing.assert_allclose(frontal(points[None])[0], canonical_face(), atol=1e-8)


def test_fit_never_reflects() -> None:
    source = np.random.default_rng(0).normal(size=(10, 3))
    rotations, _, _ = fit_similarity(source, (source * [-1, 1, 1])[None])
    assert np.linalg.det(rotations[0]) == pytest.approx(1)


def test_frames_without_a_face_stay_nan_and_do_not_touch_the_others(posed: Posed) -> None:
    landmarks = posed(np.random.default_rng(0).uniform(-20, 20, (6, 3))).landmarks
    whole = head_pose(landmarks).angles
    gap = landmarks.copy()
    gap[2] = np.nan
    angles = head_pose(gap).angles
    assert np.all(np.isnan(angles[2]))
    np.testing.assert_array_equal(np.delete(angles, 2, axis=0), np.delete(whole, 2, axis=0))


def test_pose_error_is_the_difference_of_the_angles(posed: Posed, make_bundle: MakeBundle) -> None:
    reference = np.random.default_rng(1).uniform(-15, 15, (30, 3))
    bundle = make_bundle(features(posed(reference + np.array([1.0, -2.0, 3.0]))), features(posed(reference)))
    got = [registry.get(f"pose_{axis}").per_clip(bundle) for axis in ("pitch", "yaw", "roll")]
    np.testing.assert_allclose(got, [1, 2, 3], atol=1e-3)
    assert registry.get("pose_mae").per_clip(bundle) == pytest.approx(2, abs=1e-3)


def test_translation_error_is_in_inter_ocular_distances(posed: Posed, make_bundle: MakeBundle) -> None:
    angles = np.zeros((10, 3))
    moved = features(posed(angles, origin=(128 + 30.0, 100.0, 0.0)))
    bundle = make_bundle(moved, features(posed(angles)))
    assert registry.get("pose_translation").per_clip(bundle) == pytest.approx(0.5, abs=1e-4)


def test_pose_errors_are_not_applicable_where_the_model_chose_its_pose(posed: Posed, make_bundle: MakeBundle) -> None:
    clip = features(posed(np.zeros((10, 3))))
    for name in ("pose_mae", "pose_yaw", "pose_translation"):
        with pytest.raises(Unscorable) as caught:
            registry.get(name).per_clip(make_bundle(clip, clip, pose_given=False))
        assert caught.value.status is Status.NOT_APPLICABLE


def test_diversity_is_zero_for_a_resting_head_and_the_deviation_for_a_moving_one(
    posed: Posed, make_bundle: MakeBundle
) -> None:
    metric = registry.get("pose_diversity")
    assert metric.per_clip(make_bundle(features(posed(np.full((20, 3), 7.0))))) == pytest.approx(0, abs=1e-4)
    angles = np.random.default_rng(2).normal(scale=[2, 4, 6], size=(50, 3))
    expected = angles.std(axis=0).mean()
    assert metric.per_clip(make_bundle(features(posed(angles)))) == pytest.approx(expected, abs=1e-3)


def test_pose_distance_tells_lively_from_dull_heads(posed: Posed, make_bundle: MakeBundle) -> None:
    metric = registry.get("pose_fd")
    random = np.random.default_rng(3)
    clips = [np.cumsum(random.normal(scale=1.5, size=(40, 3)), axis=0) for _ in range(6)]

    def value(factor: float) -> float:
        pairs = [metric.per_clip(make_bundle(features(posed(factor * c)), features(posed(c)))) for c in clips]
        return metric.aggregate(pairs, np.ones(len(pairs)))

    assert value(1.0) == pytest.approx(0, abs=1e-6)
    assert value(0.0) > value(0.5) > value(0.9) > 0.01


def test_beats_score_high_where_the_head_moves_on_the_onsets(posed: Posed, make_bundle: MakeBundle) -> None:
    times = np.arange(100) / 25
    onsets = np.array([0.6, 1.4, 2.2, 3.0])
    sound = np.zeros(64000, dtype=np.float32)
    for start in onsets:
        first = round(start * 16000)
        sound[first : first + 3200] = 0.3 * np.random.default_rng(0).standard_normal(3200)

    def nod(shift: float) -> FaceTrack:
        pitch = sum(6 / (1 + np.exp(-(times - start - shift) * 30)) * (-1) ** k for k, start in enumerate(onsets))
        return posed(np.stack([np.asarray(pitch), 0 * times, 0 * times], axis=1))

    peaks = motion_peaks(nod(0.0).landmarks, 25)
    np.testing.assert_allclose(peaks, onsets, atol=0.05)
    score = registry.get("beat_align").per_clip
    on, off = (score(make_bundle(features(nod(shift), sound))) for shift in (0.0, 0.4))
    assert on > 0.8 > 0.2 > off
    assert score(make_bundle(features(posed(np.zeros((100, 3))), sound))) == 0
