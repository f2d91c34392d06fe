"""Boxes of the face mesh, the stretch that is scored, and the crop of the original pipeline."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.base import FaceTrack, Status, Unscorable
from metrics.features.syncnet_crop import crop_face, longest_stretch, mesh_boxes, smoothed, whole_frame
from metrics.features.syncnet_protocol import PROTOCOLS

LSE = PROTOCOLS["lse"]


def padded_crop(frame: NDArray[np.uint8], x: float, y: float, half: float) -> NDArray[np.uint8]:
    """The original's arithmetic, spelled out: pad the frame all around, then cut at whole numbers."""
    around = int(half * 1.8)
    wide = np.pad(frame, ((around, around), (around, around), (0, 0)), constant_values=110)
    rows = slice(int(y + around - half), int(y + around + half * 1.8))
    columns = slice(int(x + around - half * 1.4), int(x + around + half * 1.4))
    return cv2.resize(wide[rows, columns], (224, 224))


@given(
    x=st.floats(0, 119), y=st.floats(0, 89), half=st.floats(3, 150), seed=st.integers(0, 3)
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_crop_is_that_of_a_padded_frame(x: float, y: float, half: float, seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    assert np.array_equal(crop_face(frame, np.array([x, y, half]), LSE), padded_crop(frame, x, y, half))


def test_face_outside_the_frame_is_grey() -> None:
    assert np.all(crop_face(np.zeros((50, 50, 3), np.uint8), np.array([500.0, 20.0, 10.0]), LSE) == 110)


def test_box_without_area_is_no_face() -> None:
    with pytest.raises(Unscorable, match="no area") as caught:
        crop_face(np.zeros((50, 50, 3), np.uint8), np.array([20.5, 20.5, 0.1]), LSE)
    assert caught.value.status == Status.NO_FACE


def test_whole_frame_is_squeezed() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    assert np.array_equal(whole_frame(frame), cv2.resize(frame, (224, 224)))


def track(count: int, fps: float = 25.0, missing: tuple[int, ...] = ()) -> FaceTrack:
    """A face of 40 x 60 pixels that goes right by 50 pixels a second; its irises lie outside the mesh."""
    points = np.zeros((count, 478, 3), np.float32)
    points[:, :468, 0] = np.linspace(10, 50, 468)
    points[:, :468, 1] = np.linspace(20, 80, 468)
    points[:, 468:] = 1000
    points[:, :, 0] += 50 * np.arange(count, dtype=np.float32)[:, None] / fps
    present = np.ones(count, dtype=bool)
    present[list(missing)] = False
    points[~present] = np.nan
    return FaceTrack(points, present, 640, 480, fps)


@pytest.mark.parametrize("fps", [25.0, 30.0, 12.0, 29.97])
def test_boxes_stand_where_the_face_is_at_each_twenty_fifth_of_a_second(fps: float) -> None:
    made = track(round(2 * fps), fps)
    boxes = mesh_boxes(made)
    assert len(boxes) == pytest.approx(50, abs=1)
    times = np.minimum(np.arange(len(boxes)) / 25, (len(made) - 1) / fps)
    expected = np.array([10, 20, 50, 80]) + 50 * times[:, None] * np.array([1, 0, 1, 0])
    assert np.allclose(boxes, expected, atol=1e-3)


def test_boxes_are_missing_where_the_face_is() -> None:
    boxes = mesh_boxes(track(10, missing=(3, 4)))
    assert np.flatnonzero(np.isnan(boxes[:, 0])).tolist() == [3, 4]
    doubled = mesh_boxes(track(20, 50.0, missing=(3,)))
    # At 50 a second every second frame is looked at, and a missing one beside it does no harm.
    assert not np.any(np.isnan(doubled))


def test_short_gaps_are_bridged_and_long_ones_split() -> None:
    boxes = mesh_boxes(track(120, missing=(*range(0, 5), *range(20, 25), *range(40, 75))))
    first, stretch = longest_stretch(boxes, LSE)
    assert (first, len(stretch)) == (75, 45)
    first, stretch = longest_stretch(boxes[:55], LSE)
    assert (first, len(stretch)) == (5, 35)
    assert np.allclose(np.diff(stretch[:, 0]), 2, atol=1e-3)


@pytest.mark.parametrize(
    ("missing", "status", "found"),
    [
        (range(60), Status.NO_FACE, "0 of 60"),
        (range(31), Status.NO_FACE, "29 of 60"),
        ((), Status.TOO_SHORT, "24 frames"),
    ],
)
def test_clips_without_enough_face_say_so(missing: range, status: Status, found: str) -> None:
    count = 60 if status is Status.NO_FACE else 24
    with pytest.raises(Unscorable, match=found) as caught:
        longest_stretch(mesh_boxes(track(count, missing=tuple(missing))), LSE)
    assert caught.value.status == status


def test_single_jumps_are_filtered_out() -> None:
    boxes = np.tile(np.array([10.0, 20.0, 50.0, 80.0]), (40, 1))
    boxes[15:18] += 100
    places = smoothed(boxes, LSE)
    assert np.allclose(places[6:-6], [30, 50, 30])
    assert not np.allclose(smoothed(boxes, replace(LSE, median=1))[15], [30, 50, 30])
