from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.base import EMOTIONS
from datasets.puppet import CAST, PuppetError
from datasets.puppet.emotion import LEVELS, Actions, expression, levels
from datasets.puppet.face import Placement, align, make_neutral_face, mirrored_points, neutral_face
from datasets.puppet.motion import rotation
from datasets.puppet.rig import Pose, aperture, deform
from datasets.puppet.shape import BoneShape, calm, reshape
from datasets.puppet.speakers import Speaker, make_speaker
from datasets.puppet.topology import EYE_LOWER, EYE_UPPER, INNER_LOWER, INNER_UPPER, IRIS

Points = NDArray[np.float64]
strength = st.floats(0.0, 1.0)


def test_neutral_face_is_symmetric_with_closed_lips_and_unit_eye_distance() -> None:
    face = neutral_face()
    assert np.allclose(face[mirrored_points()] * (-1, 1, 1), face, atol=1e-4)
    assert aperture(face) < 0.03
    assert np.isclose(np.linalg.norm(face[IRIS[0][0]] - face[IRIS[1][0]]), 1.0, atol=1e-4)


def test_neutral_face_is_its_own_neutral_face_from_any_place() -> None:
    turn = rotation(np.array([8.0, -10.0, 5.0]))
    again = make_neutral_face(Placement(80.0, turn, np.array([100.0, 90.0, 4.0])).apply(neutral_face()))
    assert np.abs(again - neutral_face()).max() < 1e-3


@given(st.tuples(*[st.floats(-30, 30)] * 3), st.floats(1, 200))
def test_alignment_finds_the_placement(euler: tuple[float, float, float], scale: float) -> None:
    placed = Placement(scale, rotation(np.array(euler)), np.array([5.0, -3.0, 2.0]))
    found = align(neutral_face(), placed.apply(neutral_face()))
    assert np.allclose(found.rotation, placed.rotation, atol=1e-6) and np.isclose(found.scale, scale)
    assert np.allclose(found.invert(placed.apply(neutral_face())), neutral_face(), atol=1e-6)


def test_a_smiling_portrait_becomes_calm(landmarks: Points) -> None:
    face = align(neutral_face(), landmarks).invert(landmarks)
    assert aperture(face) > 0.1
    assert aperture(calm(face)) < 0.03


@pytest.mark.parametrize("field", [field.name for field in fields(BoneShape)])
def test_every_bone_changes_the_face_and_keeps_the_lips_closed(field: str) -> None:
    changed = reshape(neutral_face(), BoneShape(**{field: 1.0}))
    assert np.abs(changed - neutral_face()).max() > 0.03
    assert np.allclose(changed[list(INNER_UPPER), :2], changed[list(INNER_LOWER), :2])


@settings(max_examples=40, deadline=None)
@given(jaw=strength, wide=st.floats(-1, 1), upper=strength, lower=strength, emotion=st.sampled_from(EMOTIONS))
def test_closed_lips_touch_whatever_else_the_face_does(
    jaw: float, wide: float, upper: float, lower: float, emotion: str
) -> None:
    pose = Pose(
        jaw=jaw, wide=wide, upper=upper, lower=lower, closed=1.0, actions=expression(emotion, levels(emotion)[-1])
    )
    face = deform(neutral_face(), pose)
    assert np.abs(face[list(INNER_LOWER)] - face[list(INNER_UPPER)]).max() < 1e-9


@given(jaw=strength, emotion=st.sampled_from(EMOTIONS))
def test_lips_never_pass_through_each_other(jaw: float, emotion: str) -> None:
    face = deform(neutral_face(), Pose(jaw=jaw, actions=expression(emotion, 1)))
    assert (face[list(INNER_LOWER), 1] >= face[list(INNER_UPPER), 1]).all()


def test_the_jaw_opens_the_mouth_more_the_more_it_drops() -> None:
    gaps = [aperture(deform(neutral_face(), Pose(jaw=jaw))) for jaw in np.linspace(0, 1, 6)]
    assert np.all(np.diff(gaps) > 0.03) and gaps[-1] > 0.25


def test_a_full_blink_closes_both_eyes_and_a_look_moves_both_irises() -> None:
    face = deform(neutral_face(), Pose(blink=1.0, gaze=(10.0, 0.0)))
    for upper, lower in zip(EYE_UPPER, EYE_LOWER, strict=True):
        assert np.allclose(face[list(upper)], face[list(lower)])
    for iris in IRIS:
        assert face[iris[0], 0] > neutral_face()[iris[0], 0] + 0.02


@pytest.mark.parametrize("emotion", [e for e in EMOTIONS if e != "neutral"])
def test_displacement_grows_in_proportion_to_the_level(emotion: str) -> None:
    face = neutral_face()
    moves = [np.linalg.norm(deform(face, Pose(actions=expression(emotion, k))) - face, axis=1).mean() for k in LEVELS]
    assert moves[0] < moves[1] < moves[2]
    assert np.allclose(np.array(moves) / moves[2], list(LEVELS.values()), atol=0.12)


def test_emotions_differ_from_one_another() -> None:
    faces = [deform(neutral_face(), Pose(actions=expression(e, levels(e)[-1]))) for e in EMOTIONS]
    apart = [np.abs(a - b).max() for i, a in enumerate(faces) for b in faces[:i]]
    assert min(apart) > 0.05


def test_neutral_is_no_expression_and_has_one_level() -> None:
    assert expression("neutral", 1) == Actions() and levels("neutral") == (1,)


def test_speaker_is_calm_upright_and_in_the_frame(speaker: Speaker) -> None:
    assert aperture(speaker.face) < 0.05
    mesh, placement = speaker.at(128)
    assert mesh.render(mesh.vertices).shape == (128, 128, 3)
    assert np.allclose(placement.apply(speaker.face), mesh.vertices, atol=1e-3)
    assert mesh.vertices[:, :2].min() > 0 and mesh.vertices[:, :2].max() < 128
    height = np.ptp(mesh.vertices[:468, 1]) / 128
    assert 0.4 < height < 0.75


def test_a_mirrored_speaker_keeps_left_and_right(
    portraits: dict[str, NDArray[np.uint8]], locate: Callable[[NDArray[np.uint8]], Points]
) -> None:
    recipe = replace(CAST[0], appearance=replace(CAST[0].appearance, mirror=True))
    face = make_speaker(recipe, portraits, locate).face
    assert face[33, 0] < face[263, 0] and face[61, 0] < face[291, 0]


def test_unfit_portraits_are_named(portraits: dict[str, NDArray[np.uint8]], landmarks: Points) -> None:
    with pytest.raises(PuppetError, match=f"no face.*{CAST[0].portrait}"):
        make_speaker(CAST[0], portraits, lambda _: None)
    with pytest.raises(PuppetError, match="missing"):
        make_speaker(CAST[0], {}, lambda _: landmarks)
    centre = landmarks.mean(axis=0)
    aside = (landmarks - centre) @ rotation(np.array([0.0, 40.0, 0.0])).T + centre
    with pytest.raises(PuppetError, match="aside"):
        make_speaker(CAST[0], portraits, lambda _: aside)
