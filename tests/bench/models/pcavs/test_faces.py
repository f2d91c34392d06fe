"""What PC-AVS's networks see, and which face each frame follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from bench.models.pcavs.faces import alignment, driving_faces, pose_order, resized, seen, to_pictures, to_tensor
from bench.prepare_clip import geometry
from metrics.base import FaceTrack
from metrics.features.face_mesh import FaceTracker

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def face(asset_path: Callable[[str], Path]) -> Picture:
    with Image.open(asset_path("obama_portrait")) as image:
        return np.asarray(image.convert("RGB").crop((0, 0, 400, 400)), np.uint8)


def test_eyes_and_mouth_come_to_their_places(face: Picture) -> None:
    tracker = FaceTracker()
    track = tracker.track([face], 25)
    picture = seen(face, alignment(track), 0)
    assert picture.shape == (224, 224, 3)
    found = geometry(tracker.track([picture], 25))
    # The published (87, 59), (137, 59), (112, 120), less the 16 pixels trimmed on the left, enlarged from 192 to 224.
    places = (np.array([[87, 59], [137, 59], [112, 120]]) - [16, 0]) * 224 / 192
    points = np.concatenate([found.eyes[0], found.mouth])
    assert np.abs(points - places).max() < 8  # people differ from the mean face; the mouth does not move
    assert np.abs(points[2] - places[2]).max() < 2


def test_frames_without_the_face_are_not_looked_at(face: Picture) -> None:
    video = [face, np.zeros_like(face), face, face]
    track = FaceTracker().track(video, 25)
    assert track.present.tolist() == [True, False, True, True]
    faces = list(driving_faces(video, track))
    assert len(faces) == 3 and all(picture.mean() > 20 for picture in faces)


def test_a_video_without_any_face_is_refused() -> None:
    nobody = FaceTrack(np.full((4, 478, 3), np.nan, np.float32), np.zeros(4, bool), 64, 64, 25.0)
    with pytest.raises(ValueError, match="no face"):
        alignment(nobody)
    with pytest.raises(ValueError, match="no face"):
        pose_order(nobody.present, 4)


def test_a_short_pose_source_runs_forth_and_back() -> None:
    assert pose_order(np.ones(3, bool), 8).tolist() == [0, 1, 2, 2, 1, 0, 0, 1]
    assert pose_order(np.ones(1, bool), 3).tolist() == [0, 0, 0]


def test_a_frame_without_the_face_holds_the_last_one() -> None:
    present = np.array([False, True, False, False, True, True])
    assert pose_order(present, 9).tolist() == [0, 0, 0, 0, 1, 2, 2, 1, 0]


@settings(deadline=None, max_examples=60)
@given(present=st.lists(st.booleans(), min_size=1, max_size=12).filter(any), frames=st.integers(1, 40))
def test_every_frame_follows_the_nearest_face_before_it(present: list[bool], frames: int) -> None:
    order = pose_order(np.array(present), frames)
    there = [index for index, is_there in enumerate(present) if is_there]
    back_and_forth = [*range(len(present)), *reversed(range(len(present)))]
    for frame in range(frames):
        source = back_and_forth[frame % len(back_and_forth)]
        before = [number for number, index in enumerate(there) if index <= source]
        assert order[frame] == (before[-1] if before else 0)


def test_pictures_go_to_the_networks_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    tensor = to_tensor(levels, torch.device("cpu"))
    assert tensor.shape == (1, 3, 16, 16) and tensor.min() == -1 and tensor.max() == 1
    # Decimals are cut off, as published, so a level may come back one lower.
    lower = levels.astype(int) - to_pictures(tensor)
    assert lower.min() >= 0 and lower.max() <= 1
    assert to_pictures(torch.full((1, 3, 2, 2), 1.5)).tolist() == np.full((1, 2, 2, 3), 255).tolist()


@pytest.mark.parametrize("size", [96, 224, 256])
def test_a_picture_takes_the_size_of_the_case(size: int, face: Picture) -> None:
    picture = face[:224, :224]
    made = resized(picture, size)
    assert made.shape == (size, size, 3) and abs(float(made.mean()) - float(picture.mean())) < 1
