from __future__ import annotations

from itertools import pairwise

import mediapipe
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import rigid
from metrics.features import canonical
from space_ref.landmarks import (
    GROUPS,
    POINTS,
    STABLE,
    SUBSET,
    HeadPose,
    Normalizer,
    compose,
    extend,
    frame_units,
    interpolate,
    pixels,
    pose_from_vector,
    pose_vector,
    position,
    positions,
    relative,
    select,
)
from space_ref.rotation import rotation_matrix

FACE = torch.tensor(canonical.canonical_face())
MESH = mediapipe.solutions.face_mesh_connections


def poses(count: int, seed: int = 0) -> HeadPose:
    random = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=random, dtype=torch.float64) * 2 - 1

    return HeadPose(rotation_matrix(50 * draw(count, 3)), draw(count, 3), 0.35 + 0.25 * draw(count))


def assert_same(got: HeadPose, expected: HeadPose, tolerance: float = 1e-9) -> None:
    for name in ("rotation", "translation", "scale"):
        torch.testing.assert_close(
            getattr(got, name), getattr(expected, name), atol=tolerance, rtol=0, equal_nan=True, msg=name
        )


@pytest.fixture
def normalizer() -> Normalizer:
    return Normalizer(FACE)


def connected(name: str) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in getattr(MESH, f"FACEMESH_{name}")}


@pytest.mark.parametrize(
    ("group", "name", "size"),
    [
        ("lips_outer", "LIPS", 20),
        ("lips_inner", "LIPS", 20),
        ("right_eye", "RIGHT_EYE", 16),
        ("left_eye", "LEFT_EYE", 16),
        ("contour", "FACE_OVAL", 36),
    ],
)
def test_closed_contours_follow_the_connections_of_mediapipe(group: str, name: str, size: int) -> None:
    indices = GROUPS[group]
    assert len(set(indices)) == size
    assert {frozenset(pair) for pair in pairwise((*indices, indices[0]))} <= connected(name)


def test_groups_are_the_points_that_mediapipe_names() -> None:
    for side in ("right", "left"):
        assert set(GROUPS[f"{side}_brow"]) == set().union(*connected(f"{side.upper()}_EYEBROW"))
        assert set(GROUPS[f"{side}_iris"][1:]) == set().union(*connected(f"{side.upper()}_IRIS"))
    assert set(GROUPS["nose"]) <= set().union(*connected("NOSE"))
    assert set(GROUPS["lips_outer"]) | set(GROUPS["lips_inner"]) == set().union(*connected("LIPS"))


def test_left_groups_mirror_right_groups() -> None:
    partner = canonical.mirror_partners()
    for kind in ("eye", "brow"):
        assert [partner[index] for index in GROUPS[f"right_{kind}"]] == list(GROUPS[f"left_{kind}"])
    assert {int(partner[index]) for index in SUBSET} == set(SUBSET)


def test_right_groups_lie_on_the_left_of_the_picture() -> None:
    for kind in ("eye", "iris", "brow"):
        assert (FACE[list(GROUPS[f"right_{kind}"]), 0] < 0).all()


def test_subset_holds_every_group_once() -> None:
    assert len(SUBSET) == len(set(SUBSET)) == sum(map(len, GROUPS.values())) == 150
    chosen = select(FACE)
    for group, indices in GROUPS.items():
        torch.testing.assert_close(chosen[list(positions(group))], FACE[list(indices)])
    for point, index in POINTS.items():
        torch.testing.assert_close(chosen[position(point)], FACE[index])


def test_the_fit_uses_the_stable_points_of_the_metrics() -> None:
    assert set(STABLE) == set(canonical.STABLE)


def test_unknown_names_and_shapes_are_refused(normalizer: Normalizer) -> None:
    with pytest.raises(ValueError, match="no group 'lip'"):
        positions("lip")
    with pytest.raises(ValueError, match="no landmark 'lip'"):
        position("lip")
    for refuse in (select, normalizer.fit, Normalizer):
        with pytest.raises(ValueError, match="478"):
            refuse(torch.zeros(5, 468, 3))
    with pytest.raises(ValueError, match="head pose"):
        HeadPose(torch.zeros(2, 3, 3), torch.zeros(3, 3), torch.zeros(2))


def test_the_frame_is_the_square_from_minus_one_to_one() -> None:
    corners = torch.tensor([[0.0, 0.0, 0.0], [256.0, 256.0, 128.0]])
    torch.testing.assert_close(frame_units(corners, 256), torch.tensor([[-1.0, -1.0, 0.0], [1.0, 1.0, 1.0]]))
    torch.testing.assert_close(pixels(frame_units(corners, 256), 256), corners)


def test_fit_agrees_with_the_metrics(normalizer: Normalizer) -> None:
    random = np.random.default_rng(0)
    posed = Normalizer.pose(FACE.expand(20, -1, -1), poses(20)).numpy() + random.normal(scale=0.01, size=(20, 478, 3))
    expected, got = rigid.head_pose(posed), normalizer.fit(torch.from_numpy(posed))
    np.testing.assert_allclose(got.rotation.numpy(), expected.rotation, atol=1e-9)
    np.testing.assert_allclose(got.translation.numpy(), expected.origin, atol=1e-9)
    np.testing.assert_allclose(got.scale.numpy(), expected.scale, atol=1e-9)
    np.testing.assert_allclose(got.angles.numpy(), expected.angles, atol=1e-6)


def test_fit_finds_what_was_done_to_the_reference(normalizer: Normalizer) -> None:
    done = poses(30)
    posed = Normalizer.pose(FACE.expand(30, -1, -1), done)
    assert_same(normalizer.fit(posed), done)
    assert_same(normalizer.fit(posed.float()), done.to(torch.float32), 1e-5)


def test_the_reference_may_be_anywhere_and_in_any_unit(normalizer: Normalizer) -> None:
    torch.testing.assert_close(Normalizer(FACE * 7 + 3).reference, normalizer.reference)


def test_fit_never_reflects(normalizer: Normalizer) -> None:
    rotation = normalizer.fit(FACE[None] * torch.tensor([-1.0, 1.0, 1.0])).rotation
    assert torch.linalg.det(rotation).item() == pytest.approx(1)


@settings(deadline=None)
@given(seed=st.integers(0, 10**6), single=st.booleans())
def test_pose_is_the_inverse_of_normalize(seed: int, single: bool) -> None:
    dtype = torch.float32 if single else torch.float64
    pose = poses(4, seed).to(dtype)
    points = torch.randn(4, 30, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    back = Normalizer.pose(Normalizer.normalize(points, pose), pose)
    torch.testing.assert_close(back, points, atol=1e-5, rtol=0)
    back = Normalizer.normalize(Normalizer.pose(points, pose), pose)
    torch.testing.assert_close(back, points, atol=1e-5, rtol=0)


def test_normalized_landmarks_do_not_depend_on_the_pose(normalizer: Normalizer) -> None:
    face = FACE + 0.01 * torch.randn(478, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    posed = Normalizer.pose(face.expand(10, -1, -1), poses(10))
    normalized = Normalizer.normalize(posed, normalizer.fit(posed))
    torch.testing.assert_close(normalized, normalized[:1].expand(10, -1, -1))


def test_frames_without_a_face_stay_nan_and_do_not_touch_the_others(normalizer: Normalizer) -> None:
    posed = Normalizer.pose(FACE.expand(6, -1, -1), poses(6))
    gap = posed.clone()
    gap[2] = torch.nan
    whole, pose = normalizer.fit(posed), normalizer.fit(gap)
    assert pose.present.tolist() == [True, True, False, True, True, True]
    assert pose.rotation[2].isnan().all() and pose.translation[2].isnan().all()
    others = torch.tensor([0, 1, 3, 4, 5])
    assert_same(pose[others], whole[others], 0)
    assert Normalizer.normalize(gap, pose)[2].isnan().all()


def test_a_fixed_pose_leaves_the_motion_in_the_landmarks(normalizer: Normalizer) -> None:
    posed = Normalizer.pose(FACE.expand(5, -1, -1), poses(5))
    fixed = normalizer.fit(posed).fixed(5)
    kept = Normalizer.normalize(posed, fixed)
    # One shift and one scale for all frames: differences between frames survive, in units of the portrait.
    torch.testing.assert_close(kept[1:] - kept[:1], (posed[1:] - posed[:1]) / fixed.scale[0])
    torch.testing.assert_close(Normalizer.pose(kept, fixed), posed)
    middle = (kept[0, POINTS["right_eye_outer"]] + kept[0, POINTS["left_eye_outer"]]) / 2
    torch.testing.assert_close(middle, torch.zeros(3, dtype=torch.float64), atol=1e-9, rtol=0)


def test_a_fixed_pose_needs_a_face_in_the_first_frame(normalizer: Normalizer) -> None:
    with pytest.raises(ValueError, match="portrait"):
        normalizer.fit(torch.full((1, 478, 3), torch.nan)).fixed(5)


def test_the_reference_travels_with_the_weights() -> None:
    other = Normalizer(torch.rand(478, 3))
    other.load_state_dict(Normalizer(FACE.float()).state_dict())
    torch.testing.assert_close(other.reference, FACE.float())


def test_a_relative_pose_composed_with_its_start_is_the_pose() -> None:
    driver = poses(8)
    assert_same(compose(relative(driver, driver[:1]), driver[:1]), driver)


def test_transferred_motion_begins_at_the_other_head_and_turns_as_the_driver() -> None:
    driver, portrait = poses(8), poses(1, seed=1)
    moved = compose(relative(driver, driver[:1]), portrait)
    assert_same(moved[:1], portrait)
    torch.testing.assert_close(moved.rotation[3] @ portrait.rotation[0].mT, driver.rotation[3] @ driver.rotation[0].mT)


def test_pose_vectors_are_inverted_at_one_scale() -> None:
    pose = poses(6)
    pose = HeadPose(pose.rotation, pose.translation, pose.scale[:1].expand(6))
    vector = pose_vector(pose, pose[:1])
    torch.testing.assert_close(vector[:, :3], pose.angles)
    torch.testing.assert_close(vector[0, 3:], torch.zeros(3, dtype=torch.float64))
    assert_same(pose_from_vector(vector, pose[:1]), pose)


def test_interpolation_hits_the_frames_and_halves_the_way_between() -> None:
    pose = HeadPose(
        rotation_matrix(torch.tensor([[0.0, 0, 0], [0, 20, 0], [0, 20, 10]])),
        torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 2, 0]]),
        torch.tensor([1.0, 2, 2]),
    )
    got = interpolate(pose, 10, torch.tensor([0.0, 0.05, 0.1, 0.15, 0.2]))
    torch.testing.assert_close(got.angles[:3], torch.tensor([[0.0, 0, 0], [0, 10, 0], [0, 20, 0]]), atol=1e-3, rtol=0)
    torch.testing.assert_close(got.translation[:, 0], torch.tensor([0, 0.5, 1, 1, 1]))
    torch.testing.assert_close(got.scale, torch.tensor([1, 1.5, 2, 2, 2]))
    assert_same(got[torch.tensor([0, 2, 4])], pose, 1e-6)


def test_interpolation_rests_outside_and_bridges_missing_frames() -> None:
    pose = poses(5)
    scale = pose.scale.clone()
    scale[[0, 2]] = torch.nan
    got = interpolate(HeadPose(pose.rotation, pose.translation, scale), 25, torch.tensor([-1.0, 0.0, 2 / 25, 9.0]))
    torch.testing.assert_close(got.translation[0], pose.translation[1])
    torch.testing.assert_close(got.translation[1], pose.translation[1])
    torch.testing.assert_close(got.translation[2], (pose.translation[1] + pose.translation[3]) / 2)
    torch.testing.assert_close(got.translation[3], pose.translation[4])
    assert got.present.all()


def test_interpolation_needs_a_face() -> None:
    nothing = HeadPose(torch.full((2, 3, 3), torch.nan), torch.full((2, 3), torch.nan), torch.full((2,), torch.nan))
    with pytest.raises(ValueError, match="no frame"):
        interpolate(nothing, 25, torch.zeros(1))


@pytest.mark.parametrize(
    ("have", "how", "expected"),
    [
        (3, "mirror", [0, 1, 2, 1, 0, 1, 2, 1]),
        (1, "mirror", [0] * 8),
        (3, "hold", [0, 1, 2, 2, 2, 2, 2, 2]),
        (20, "mirror", list(range(8))),
        (20, "hold", list(range(8))),
    ],
)
def test_a_pose_source_is_extended_to_the_length_asked_for(have: int, how: str, expected: list[int]) -> None:
    pose = poses(have)
    assert_same(extend(pose, 8, how), pose[torch.tensor(expected)], 0)  # type: ignore[arg-type]
