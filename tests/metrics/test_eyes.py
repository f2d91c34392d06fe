from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics import registry
from metrics.base import Bundle, FaceTrack, Features, Status, Unscorable
from metrics.eyes import blinks, eye_aspect_ratio, gaze
from metrics.features.regions import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS

Posed = Callable[..., FaceTrack]
MakeBundle = Callable[..., Bundle]
EYES = ((RIGHT_EYE, RIGHT_IRIS), (LEFT_EYE, LEFT_IRIS))


def closing(track: FaceTrack, share: NDArray[np.float64]) -> FaceTrack:
    """The track with its lids closed by `share` ``(T,)`` of the way."""
    landmarks = track.landmarks.copy()
    for contour, _ in EYES:
        upper, lower = np.array(contour[1:8]), np.array(contour[:8:-1])
        gap = landmarks[:, lower] - landmarks[:, upper]
        landmarks[:, upper] += gap * share[:, None, None].astype(np.float32)
    return replace(track, landmarks=landmarks)


def lids(count: int, spans: list[tuple[int, int]]) -> NDArray[np.float64]:
    share = np.zeros(count)
    for first, last in spans:
        share[first:last] = 0.9
    return share


def test_blinks_are_found_where_they_are(posed: Posed) -> None:
    track = closing(posed(np.zeros((150, 3))), lids(150, [(20, 25), (80, 84), (120, 127)]))
    np.testing.assert_allclose(blinks(track), [(0.8, 1.0), (3.2, 3.36), (4.8, 5.08)])


def test_blinks_do_not_depend_on_the_frame_rate(posed: Posed, make_bundle: MakeBundle) -> None:
    rates = []
    for fps in (25.0, 30.0, 50.0):
        count = round(6 * fps)
        spans = [(round(1 * fps), round(1.2 * fps)), (round(4 * fps), round(4.2 * fps))]
        track = closing(posed(np.zeros((count, 3)), fps=fps), lids(count, spans))
        rates.append(registry.get("blink_rate").per_clip(make_bundle(Features(fps, count, track))))
    assert rates == pytest.approx([20, 20, 20])


def test_a_flicker_is_no_blink_a_gap_is_bridged_and_closed_eyes_are_no_blink(posed: Posed) -> None:
    track = closing(posed(np.zeros((200, 3))), lids(200, [(10, 11), (50, 53), (54, 57), (100, 130)]))
    np.testing.assert_allclose(blinks(track), [(2.0, 2.28)])


def test_the_ratio_does_not_see_head_pose(posed: Posed) -> None:
    turned = np.stack([np.linspace(-20, 20, 30), np.linspace(-25, 25, 30), np.linspace(10, -10, 30)], axis=1)
    still, moving = (eye_aspect_ratio(posed(angles).landmarks) for angles in (np.zeros((30, 3)), turned))
    np.testing.assert_allclose(moving, still, atol=1e-5)


def test_gaze_follows_the_irises_and_not_the_head(posed: Posed) -> None:
    track = posed(np.stack([np.zeros(5), np.linspace(-20, 20, 5), np.zeros(5)], axis=1))
    np.testing.assert_allclose(gaze(track.landmarks) - gaze(track.landmarks)[:1], 0, atol=1e-3)
    straight = posed(np.zeros((2, 3))).landmarks
    looking = straight.copy()
    for _, iris in EYES:
        looking[:, np.array(iris), 0] += 2.0
        looking[:, np.array(iris), 1] -= 1.0
    up, right = (gaze(looking) - gaze(straight))[0]
    assert 0 < up < right < 25


def test_gaze_error_is_zero_for_equal_videos_and_skips_blinks(posed: Posed, make_bundle: MakeBundle) -> None:
    track = posed(np.zeros((60, 3)))
    blinking = closing(track, lids(60, [(20, 25)]))
    error = registry.get("gaze_mae").per_clip
    assert error(make_bundle(Features(25, 60, blinking), Features(25, 60, track))) == pytest.approx(0, abs=1e-4)
    away = replace(track, landmarks=track.landmarks.copy())
    for _, iris in EYES:
        away.landmarks[:, np.array(iris), 0] += 2.0
    assert error(make_bundle(Features(25, 60, away), Features(25, 60, track))) > 3


def test_short_clips_have_no_blink_rate(posed: Posed, make_bundle: MakeBundle) -> None:
    with pytest.raises(Unscorable) as caught:
        registry.get("blink_rate").per_clip(make_bundle(Features(25, 20, posed(np.zeros((20, 3))))))
    assert caught.value.status is Status.TOO_SHORT
