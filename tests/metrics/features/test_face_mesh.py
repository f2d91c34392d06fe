"""The face tracker: finds faces of any size, follows one, says when it is gone, and has no memory of other videos."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.features.face_mesh import PROTOCOL, FaceTracker, candidates, locate
from metrics.features.regions import FACE_OVAL, inter_ocular

Frame = NDArray[np.uint8]


@pytest.fixture(scope="module")
def tracker() -> FaceTracker:
    """One for all tests of the module: nothing may stay in it from one video to the next."""
    return FaceTracker()


def _error(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Median distance of corresponding points in inter-ocular distances."""
    distance = np.linalg.norm(found[:, :2] - expected[:, :2], axis=1)
    return float(np.median(distance) / inter_ocular(expected[None])[0])


def test_landmarks_lie_on_the_face(portrait_landmarks: NDArray[np.float32]) -> None:
    assert portrait_landmarks.shape == (478, 3)
    assert portrait_landmarks.dtype == np.float32
    right_iris, left_iris = portrait_landmarks[468], portrait_landmarks[473]
    assert right_iris[:2] == pytest.approx((204, 102), abs=4)
    assert left_iris[:2] == pytest.approx((244, 107), abs=4)


def test_no_face_is_none(backdrop: Callable[[int, int], Frame]) -> None:
    assert locate(backdrop(400, 300)) is None
    assert locate(np.zeros((17, 33, 3), np.uint8)) is None


@pytest.mark.parametrize(("scale", "at"), [(0.8, (1300, 100)), (0.4, (250, 700)), (0.25, (1500, 480))])
def test_small_face_in_a_large_frame_is_found(
    scale: float,
    at: tuple[int, int],
    portrait: Frame,
    portrait_landmarks: NDArray[np.float32],
    backdrop: Callable[[int, int], Frame],
    paste: Callable[..., Frame],
) -> None:
    found = locate(paste(backdrop(1920, 1080), portrait, scale, *at))
    assert found is not None
    expected = portrait_landmarks[:, :2] * scale + np.array(at)
    assert _error(found, np.column_stack([expected, portrait_landmarks[:, 2]])) < 0.05


def test_depth_is_in_pixels_of_the_frame(
    portrait: Frame,
    portrait_landmarks: NDArray[np.float32],
    backdrop: Callable[[int, int], Frame],
    paste: Callable[..., Frame],
) -> None:
    found = locate(paste(backdrop(900, 600), portrait, 1.0, 300, 50))
    assert found is not None
    depth, expected = np.ptp(found[FACE_OVAL, 2]), np.ptp(portrait_landmarks[FACE_OVAL, 2])
    assert depth == pytest.approx(expected, rel=0.15)


def test_track_does_not_depend_on_what_was_tracked_before(
    tracker: FaceTracker, portrait: Frame, backdrop: Callable[[int, int], Frame], paste: Callable[..., Frame]
) -> None:
    near = [np.roll(portrait[:256, 96:352], 2 * k, axis=1) for k in range(6)]
    far = [paste(backdrop(640, 480), portrait, 0.5, 200 + 3 * k, 100) for k in range(6)]
    first = tracker.track(near, 25)
    tracker.track(far, 25)
    tracker.start(640, 480, 25)
    tracker.step(far[0])  # a video that was never finished
    again = tracker.track(near, 25)
    fresh = FaceTracker()
    alone = fresh.track(near, 25)
    fresh.close()
    assert first.present.all()
    assert np.array_equal(first.landmarks, again.landmarks)
    assert np.array_equal(first.landmarks, alone.landmarks)


def test_streaming_equals_tracking_at_once(tracker: FaceTracker, portrait: Frame) -> None:
    frames = [np.roll(portrait[:256, 96:352], 3 * k, axis=0) for k in range(4)]
    whole = tracker.track(iter(frames), 30)
    tracker.start(256, 256, 30)
    rows = [tracker.step(frame) for frame in frames]
    streamed = tracker.finish()
    assert np.array_equal(whole.landmarks, streamed.landmarks)
    assert all(
        row is not None and np.array_equal(row, kept) for row, kept in zip(rows, streamed.landmarks, strict=True)
    )
    assert (streamed.width, streamed.height, streamed.fps, len(streamed)) == (256, 256, 30, 4)


def test_moving_small_face_is_followed(
    tracker: FaceTracker,
    portrait: Frame,
    portrait_landmarks: NDArray[np.float32],
    backdrop: Callable[[int, int], Frame],
    paste: Callable[..., Frame],
) -> None:
    canvas = backdrop(960, 540)
    places = [(60 + 12 * k, 80 + 4 * k) for k in range(20)]
    track = tracker.track([paste(canvas, portrait, 0.5, *at) for at in places], 25)
    assert track.present.all()
    for row, at in zip(track.landmarks, places, strict=True):
        expected = np.column_stack([portrait_landmarks[:, :2] * 0.5 + np.array(at), portrait_landmarks[:, 2]])
        assert _error(row, expected) < 0.05


def test_frames_without_the_face_are_nan_and_it_is_found_again(tracker: FaceTracker, portrait: Frame) -> None:
    face, nothing = portrait[:256, 96:352], np.zeros((256, 256, 3), np.uint8)
    track = tracker.track([face, face, nothing, nothing, face, face], 25)
    assert track.present.tolist() == [True, True, False, False, True, True]
    assert np.isnan(track.landmarks[2:4]).all()
    assert np.isfinite(track.landmarks[track.present]).all()


def test_of_two_faces_the_prominent_one_is_kept(
    tracker: FaceTracker, portrait: Frame, backdrop: Callable[[int, int], Frame], paste: Callable[..., Frame]
) -> None:
    canvas = backdrop(640, 360)
    small = portrait[:220, 120:330]
    beside = paste(canvas, small, 0.55, 20, 60)
    both = paste(beside, small, 0.9, 260, 60)
    track = tracker.track([both, both, beside, beside, beside, both, both], 25)
    assert track.present.tolist() == [True, True, False, False, False, True, True]
    assert np.all(track.landmarks[track.present, :, 0].mean(axis=1) > 260)


def test_another_face_is_taken_when_the_first_stays_away(
    tracker: FaceTracker, portrait: Frame, backdrop: Callable[[int, int], Frame], paste: Callable[..., Frame]
) -> None:
    canvas = backdrop(640, 360)
    small = portrait[:220, 120:330]
    beside = paste(canvas, small, 0.55, 20, 60)
    both = paste(beside, small, 0.9, 260, 60)
    track = tracker.track([both, *[beside] * 8], 5)
    assert not track.present[1:6].any()
    assert track.present[6:].all()


def test_candidates_are_all_faces_largest_first(
    portrait: Frame, backdrop: Callable[[int, int], Frame], paste: Callable[..., Frame]
) -> None:
    small = portrait[:220, 120:330]
    both = paste(paste(backdrop(640, 360), small, 0.55, 20, 60), small, 0.9, 260, 60)
    tracks = candidates([both] * 4, 25)
    assert [len(track) for track in tracks] == [4, 4]
    assert [bool(np.nanmean(track.landmarks[:, :, 0]) > 260) for track in tracks] == [True, False]
    assert candidates([backdrop(320, 240)] * 3, 25) == []


def test_face_that_comes_late_has_a_track_of_full_length(
    portrait: Frame, backdrop: Callable[[int, int], Frame], paste: Callable[..., Frame]
) -> None:
    canvas = backdrop(640, 360)
    late = paste(canvas, portrait[:220, 120:330], 0.9, 260, 60)
    (track,) = candidates([canvas] * 2 + [late] * 3, 4)
    assert track.present.tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("step", [(-40, 0), (40, 0), (0, 30)])
def test_face_that_leaves_across_the_border_is_followed_then_lost(
    step: tuple[int, int], tracker: FaceTracker, portrait: Frame, backdrop: Callable[[int, int], Frame]
) -> None:
    canvas, frames = backdrop(640, 360), []
    for k in range(14):
        place = np.array([[0.8, 0, 200 + step[0] * k], [0, 0.8, 20 + step[1] * k]])
        frame = canvas.copy()
        cv2.warpAffine(portrait, place, (640, 360), dst=frame, borderMode=cv2.BORDER_TRANSPARENT)
        frames.append(frame)
    present = tracker.track(frames, 25).present
    assert present[:5].all()
    assert not present[-1]


def test_face_leaving_a_real_video(
    asset_path: Callable[[str], Path], frames_of: Callable[..., list[Frame]], tracker: FaceTracker
) -> None:
    frames = frames_of(asset_path("pyfeat_face_noface_video"), step=8)
    track = tracker.track(frames, 4)
    assert track.present[:3].all()
    assert not track.present[-3:].any()


def test_wrong_frames_are_refused(tracker: FaceTracker) -> None:
    tracker.start(64, 48, 25)
    with pytest.raises(ValueError, match=r"expected a uint8 frame \(48, 64, 3\), found uint8 \(64, 48, 3\)"):
        tracker.step(np.zeros((64, 48, 3), np.uint8))
    with pytest.raises(ValueError, match="float32"):
        tracker.step(np.zeros((48, 64, 3), np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no frames"):
        tracker.track([], 25)
    with pytest.raises(RuntimeError, match="before start"):
        tracker.step(np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="fps"):
        tracker.start(64, 48, 0)


def test_protocol_can_be_hashed() -> None:
    assert json.loads(json.dumps(PROTOCOL))["mediapipe"]
