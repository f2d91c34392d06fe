"""Named crop protocols: each places the face where its source says, follows it without delay, and shows what it must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.crop_rules import FaceGeometry, place, smoothed
from datasets.crops import PROTOCOLS
from datasets.standardize import Crop, CropPath

FRAMES = 40
MOVING = sorted(name for name, protocol in PROTOCOLS.items() if protocol.moves)


def face(
    centres: NDArray[np.float64], size: float = 100, turn: float = 0.0, width: int = 640, height: int = 480
) -> FaceGeometry:
    """A face of `size` pixels whose middle moves along ``(T, 2)``, tilted by `turn` radians."""
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def at(*points: tuple[float, float]) -> NDArray[np.float64]:
        placed: NDArray[np.float64] = centres[:, None] + size * (np.array(points) @ rotation)
        return placed

    half = size / 2
    boxes = np.concatenate([centres - half, centres + half], axis=1)
    eyes, corners = at((-0.2, -0.15), (0.2, -0.15)), at((-0.15, 0.25), (0.15, 0.25))
    return FaceGeometry(boxes, eyes, corners, at((0.0, 0.25))[:, 0], width, height, 25.0)


def still(x: float = 320, y: float = 240) -> NDArray[np.float64]:
    return np.tile([x, y], (FRAMES, 1)).astype(np.float64)


def swaying() -> NDArray[np.float64]:
    return still() + 30 * np.sin(np.arange(FRAMES) / 6)[:, None] * (1, 0.5)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocols_are_complete(name: str) -> None:
    protocol = PROTOCOLS[name]
    assert protocol.name == name and protocol.source and protocol.chosen
    crop = place(protocol, face(still()))
    assert isinstance(crop, CropPath) == protocol.moves
    if isinstance(crop, CropPath):
        assert crop.matrices.shape == (FRAMES, 2, 3) and crop.border == protocol.border != "inside"


def test_a_fixed_crop_stays_and_a_tube_holds_all_boxes() -> None:
    moving = face(swaying())
    assert isinstance(place(PROTOCOLS["fixed"], moving), Crop)
    tube = place(PROTOCOLS["space512"], moving)
    corners = moving.boxes.reshape(FRAMES, 2, 2)
    assert isinstance(tube, Crop) and tube.seen(corners).min() >= 0 and tube.seen(corners).max() <= 1
    union = np.ptp(moving.boxes[:, [0, 2]])
    assert tube.side == pytest.approx(1.2 * union, abs=1)


def test_vox224_is_the_box_of_the_syncnet_pipeline() -> None:
    crop = place(PROTOCOLS["vox224"], face(still(), size=100))
    # Half-side 50: from 50 above the centre to 90 below it, 70 to each side.
    assert np.allclose(
        crop.seen(np.array([[[320.0, 190], [320, 330], [250, 240], [390, 240]]] * FRAMES))[0],
        [[0.5, 0], [0.5, 1], [0, 5 / 14], [1, 5 / 14]],
    )


@pytest.mark.parametrize("turn", [0.0, 0.4, -0.3])
def test_ffhq_puts_level_eyes_and_mouth_where_the_published_rule_does(turn: float) -> None:
    crop = place(PROTOCOLS["ffhq"], face(still(), turn=turn))
    assert isinstance(crop, CropPath)
    there = crop.seen(face(still(), turn=turn).eyes)[5]
    # Eyes 40 apart and 40 above the mouth: half-side is the larger of 2 * 40 and 1.8 * 40, the centre 4 below the eyes.
    assert crop.mean_side == pytest.approx(160)
    assert np.allclose(there, [[0.5 - 20 / 160, 0.5 - 4 / 160], [0.5 + 20 / 160, 0.5 - 4 / 160]])


def test_pcavs_puts_the_mean_eyes_on_its_template_and_holds_the_mouth() -> None:
    moving = face(still() + np.arange(FRAMES)[:, None] * (0.5, 0.0))
    crop = place(PROTOCOLS["pcavs"], moving)
    eyes = crop.seen(moving.eyes) * 224 - 0.5
    mouth = crop.seen(moving.mouth[:, None])[:, 0] * 224 - 0.5
    assert np.abs(mouth - (112, 120)).max() < 1
    spread = eyes[:, 1] - eyes[:, 0]
    assert np.allclose(spread[:, 1], 0, atol=1e-9)
    # Eyes 40 apart, 40 above the mouth, against 50 and 61: the similarity in the sense of least squares.
    assert spread[0, 0] == pytest.approx(40 * (2 * 25 * 20 + 61 * 40 * 2 / 3) / (2 * 20**2 + 40**2 * 2 / 3))


@pytest.mark.parametrize("name", [name for name in MOVING if PROTOCOLS[name].smoothing != "recursive"])
def test_smoothing_has_no_delay(name: str) -> None:
    there, back = swaying(), swaying()[::-1]
    one, other = (place(PROTOCOLS[name], face(path)) for path in (there, back))
    assert isinstance(one, CropPath) and isinstance(other, CropPath)
    assert np.allclose(one.matrices, other.matrices[::-1], atol=1e-9)


def test_the_recursive_filter_is_the_published_one() -> None:
    values = np.random.default_rng(0).normal(size=(20, 2))
    expected = [values[0]]
    for value in values[1:]:
        expected.append(0.2 * expected[-1] + 0.8 * value)
    assert np.allclose(smoothed(values, PROTOCOLS["pcavs"], 25), expected)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_frames_without_a_face_are_bridged(name: str) -> None:
    whole, holed = face(still()), face(still())
    for rows in (holed.boxes, holed.eyes, holed.corners, holed.mouth):
        rows[3:9] = np.nan
        rows[-2:] = np.nan
    one, other = (place(PROTOCOLS[name], each) for each in (whole, holed))
    assert np.allclose(one.seen(whole.eyes), other.seen(whole.eyes))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_clip_without_a_face_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no face"):
        place(PROTOCOLS[name], face(np.full((4, 2), np.nan)))


@pytest.mark.parametrize("name", ["fixed", "space512", "vox224"])
def test_a_clip_that_was_cropped_before_is_taken_whole(name: str) -> None:
    assert place(PROTOCOLS[name], face(still(112, 112), size=150, width=224, height=224)) == Crop(0, 0, 224)


def test_another_rate_follows_the_same_path() -> None:
    slow = face(swaying())
    times = np.arange(round((FRAMES - 1) / 25 * 50) + 1) / 50
    fast = slow.resampled(times, 50.0)
    assert np.allclose(fast.eyes[::2], slow.eyes) and fast.fps == 50


def shaded(width: int, height: int) -> NDArray[np.uint8]:
    across, down = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return np.stack([across * 255, down * 255, np.full_like(across, 128)], axis=2).astype(np.uint8)


SHADED = shaded(400, 400)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(-0.6, 0.6), st.floats(30, 300), st.floats(120, 200), st.floats(120, 180), st.sampled_from([32, 64, 128])
)
def test_a_cut_shows_what_seen_says(turn: float, side: float, x: float, y: float, size: int) -> None:
    """A picture whose colours are its coordinates: each pixel of the cut tells where it came from."""
    along = side * np.array([np.cos(turn), np.sin(turn)])
    down = np.array([-along[1], along[0]])
    matrix = np.stack([along, down, np.array([x, y]) - (along + down) / 2], axis=1)
    path = CropPath(matrix[None], "reflect")
    cut = path.cut(SHADED, 0, size)
    middle = cut[size // 2 - 1 : size // 2 + 1, size // 2 - 1 : size // 2 + 1].mean(axis=(0, 1))
    assert np.abs(middle[:2] / 255 * 400 - (x, y)).max() < 2 + side / size
    for u, v in ((0.25, 0.5), (0.5, 0.75)):
        source = matrix @ (u, v, 1)
        if (source > 8).all() and (source < 392).all():
            seen = cut[int(v * size), int(u * size), :2] / 255 * 400
            assert np.abs(seen - source).max() < 2.5 + 1.5 * side / size


@pytest.mark.parametrize(("x", "y"), [(0, 0), (-200, 50), (400, 400), (100, -150)])
@pytest.mark.parametrize("size", [32, 256])
def test_beyond_the_frame_there_is_what_the_border_says(x: float, y: float, size: int) -> None:
    frame = np.full((100, 120, 3), 200, np.uint8)
    matrix = np.array([[[80.0, 0, x], [0, 80, y]]])
    grey = CropPath(matrix, "constant", 110).cut(frame, 0, size)
    mirrored = CropPath(matrix, "reflect").cut(frame, 0, size)
    assert (mirrored == 200).all()
    edge = max(3, size // 25)
    middle = grey[edge:-edge, edge:-edge]  # pixels on the edge of the frame are mixed with what lies beyond
    assert (middle == 200).all() if (x, y) == (0, 0) else (middle[0, -1] == 110).all()
