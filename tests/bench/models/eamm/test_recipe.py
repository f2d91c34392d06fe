"""EAMM's recipe around its networks: what is heard, how heads and emotional faces are seen, and the way back into the portrait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from python_speech_features import mfcc

from bench.models.eamm import crop, head
from bench.models.eamm.crop import Paste, chained, crop_matrix, cut, inverse, points_68, similarity
from bench.models.eamm.expression import disturbed, drawn_tumult, steady_faces
from bench.models.eamm.head import followed_head, forth_and_back, head_numbers
from bench.models.eamm.recipe import motion_frames
from bench.models.eamm.speech import windows
from metrics.base import FaceTrack
from metrics.features.canonical import canonical_face
from metrics.features.face_mesh import locate
from metrics.rigid import rotation_matrix

UPRIGHT = np.array([[1.0, 0, 0], [0, 1, 0]])
Picture = NDArray[np.uint8]
Mesh = NDArray[np.float32]


@pytest.fixture(scope="module")
def portrait(asset_path: Callable[[str], Path]) -> Picture:
    with Image.open(asset_path("obama_portrait")) as image:
        return np.asarray(image.convert("RGB").crop((0, 0, 400, 400)).resize((200, 200)), np.uint8)


@pytest.fixture(scope="module")
def mesh(portrait: Picture) -> Mesh:
    found = locate(portrait)
    assert found is not None
    return found


def _seen(pitch: float, yaw: float, roll: float) -> Mesh:
    """A face turned so, in the suite's angles, 100 pixels between the eyes."""
    points = 100 * canonical_face() @ rotation_matrix(np.array([pitch, yaw, roll])).T
    return (points + np.array([300, 300, 0])).astype(np.float32)


def _track(rows: list[Mesh | None], side: int) -> FaceTrack:
    present = np.array([row is not None for row in rows])
    landmarks = np.stack([np.full((478, 3), np.nan, np.float32) if row is None else row for row in rows])
    return FaceTrack(landmarks, present, side, side, 25.0)


@settings(max_examples=20, deadline=None)
@given(samples=st.integers(400, 12000), first=st.integers(0, 20), count=st.integers(1, 5))
def test_a_part_of_the_sound_is_heard_as_in_the_whole(samples: int, first: int, count: int) -> None:
    sound = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    whole = mfcc(np.concatenate([np.zeros(1920), sound, np.zeros(34000)]), 16000, winstep=0.01)[:, 1:]
    expected = [whole[4 * k : 4 * k + 28] for k in range(first, first + count)]
    assert np.allclose(windows(sound, first, count), expected, atol=1e-9)


def test_motion_is_made_at_25_a_second_whatever_the_video_has() -> None:
    assert motion_frames(4, 25.0).tolist() == [0, 1, 2, 3]
    assert motion_frames(5, 50.0).tolist() == [0, 1, 1, 2, 2]
    assert motion_frames(3, 12.5).tolist() == [0, 2, 4]


def test_head_angles_are_in_the_signs_of_3ddfa() -> None:
    for pitch, yaw, roll in ((0, 0, 0), (10, 0, 0), (0, 10, 0), (0, 0, 10), (-8, 12, 5)):
        found = head_numbers(_seen(pitch, yaw, roll)[None], UPRIGHT)[0]
        if sum(map(bool, (pitch, yaw, roll))) < 2:
            assert found[:3] == pytest.approx([-yaw, -pitch + head.PITCH_SHIFT, -roll], abs=0.01)
        assert found[4] == pytest.approx(head.X_STRAIGHT + head.X_YAW * found[0])
        assert found[5] == pytest.approx(head.Y_STRAIGHT + head.Y_PITCH * found[1])


def test_a_crop_that_turns_the_picture_turns_the_head() -> None:
    turn = np.radians(10)
    upright = 0.5 * np.array([[np.cos(turn), np.sin(turn), 3], [-np.sin(turn), np.cos(turn), -8]])
    tilted = head_numbers(_seen(0, 0, 10)[None], upright)[0]
    assert tilted[:3] == pytest.approx([0, head.PITCH_SHIFT, 0], abs=0.01)


def test_a_followed_head_is_cropped_once_and_held_where_it_is_lost() -> None:
    rows = [None, _seen(0, 0, 15), None, _seen(0, 20, 15)]
    track = _track(rows, 600)
    poses = followed_head(track.landmarks, track.present, 7)
    assert poses.shape == (7, 6)
    # The crop of the first face takes its tilt away, up to the template's own.
    assert abs(poses[0, 2]) < 10 and poses[0] == pytest.approx(poses[1])
    assert poses[1] == pytest.approx(poses[2], abs=1e-6)
    assert poses[3, 0] < poses[2, 0] - 1
    assert np.allclose(poses, forth_and_back(poses[:4], 7))
    with pytest.raises(ValueError, match="no face"):
        followed_head(track.landmarks, np.zeros(4, np.bool_), 7)


def test_a_pose_source_that_is_too_short_runs_forth_and_back() -> None:
    assert forth_and_back(np.arange(3.0), 8).tolist() == [0, 1, 2, 2, 1, 0, 0, 1]


def test_a_face_lies_upon_the_template(portrait: Picture, mesh: Mesh) -> None:
    points = points_68(mesh)
    matrix = crop_matrix(points)
    laid = points[:47] @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(laid - crop.TEMPLATE).mean() < 12
    assert np.abs(laid.mean(axis=0) - crop.TEMPLATE.mean(axis=0)).max() < 2
    with pytest.raises(ValueError, match="on one spot"):
        crop_matrix(np.ones((68, 2)))
    assert np.allclose(chained(matrix, inverse(matrix)), UPRIGHT)
    assert np.allclose(similarity(points, points), UPRIGHT)


def test_the_same_crop_pasted_back_changes_little_and_nothing_outside(portrait: Picture, mesh: Mesh) -> None:
    matrix = crop_matrix(points_68(mesh)) * 1.6  # a smaller part of the portrait
    made = Paste(portrait, matrix)(cut(portrait, matrix))
    assert np.abs(made.astype(int) - portrait).mean() < 2
    black = Paste(portrait, matrix)(np.zeros((256, 256, 3), np.uint8))
    inside = cut(np.full((200, 200, 3), 255, np.uint8), matrix).any()
    touched = (black != portrait).any(axis=2)
    assert inside and 0.1 < touched.mean() < 0.9
    x, y = (inverse(matrix) @ [128, 128, 1]).astype(int)
    assert (black[y, x] == 0).all()


def test_an_emotional_face_is_held_in_place(portrait: Picture, mesh: Mesh) -> None:
    moved = np.roll(portrait, (6, 9), axis=(0, 1))
    away = mesh + np.array([9, 6, 0], np.float32)
    track = _track([None, mesh, away, None], 200)
    nothing = np.zeros_like(portrait)
    first, second, lost = steady_faces([nothing, portrait, moved, moved], track, "happy")
    middle = slice(80, 180), slice(90, 180)  # beyond it the picture comes back in from the other side
    assert first.dtype == np.float32 and first.max() <= 1 and first.std() > 0.1
    assert np.abs(first - second)[middle].mean() < 0.001
    assert np.array_equal(second, lost)  # cut where the last face was


def test_faces_that_raise_their_brows_are_moved_up(portrait: Picture, mesh: Mesh) -> None:
    track = _track([mesh], 200)
    (happy,) = steady_faces([portrait], track, "happy")
    (surprised,) = steady_faces([portrait], track, "surprised")
    assert np.abs(happy[110:210, 60:200] - surprised[100:200, 60:200]).mean() < 0.01
    with pytest.raises(ValueError, match="no face"):
        list(steady_faces([portrait], _track([None], 200), "happy"))


def test_the_mouth_is_hidden_and_chance_is_drawn_from_the_seed(portrait: Picture, mesh: Mesh) -> None:
    (face,) = steady_faces([portrait], _track([mesh], 200), "happy")
    tumult = drawn_tumult(3)
    speaking = face.copy()
    speaking[165:215, 90:180] = 0
    seen = disturbed(face, 0, tumult)
    assert np.array_equal(seen, disturbed(speaking, 0, drawn_tumult(3)))
    assert seen.shape == (256, 256, 3) and np.abs(seen - face).mean() > 0.05
    assert not np.array_equal(seen, disturbed(face, 1, tumult))
    assert len({(each.flipped, each.degrees) for each in map(drawn_tumult, range(8))}) == 8
    assert all(-30 <= drawn_tumult(seed).degrees <= 30 for seed in range(50))
