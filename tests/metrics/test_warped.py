"""Time-warped comparisons: nothing for equal motions, little for late ones, all of the distance for other ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics import registry
from metrics.base import Bundle, FaceTrack, Features, Status, Unscorable
from metrics.features.regions import LEFT_IRIS, RIGHT_IRIS
from metrics.warped import METRICS

PLAIN = [metric.name.removesuffix("_dtw") for metric in METRICS]
OF_FACES = [name for name in PLAIN if name != "csim_vico"]
FRAMES, LATE = 100, 3


def curve(seed: int, start: int) -> NDArray[np.float64]:
    """A smooth motion ``(FRAMES, 3)`` that begins `start` frames earlier or later."""
    noise = np.random.default_rng(seed).normal(size=(FRAMES + 60, 3))
    smooth = np.stack([np.convolve(axis, np.hanning(15), "same") for axis in noise.T], axis=1)
    return smooth[30 - start : 30 - start + FRAMES]


@pytest.fixture
def moving(make_talker: Callable[..., Features]) -> Callable[[int, int], Features]:
    """``moving(seed, late)``: a talker whose head, lips and eyes do one thing, `late` frames after they should."""

    def make(seed: int, late: int) -> Features:
        made = make_talker(seconds=FRAMES / 25, seed=seed, angles=3 * curve(seed, late))
        assert made.track is not None
        points = made.track.landmarks.copy()
        points[:, :, :2] += (2 * curve(seed + 50, late)[:, None, :2]).astype(np.float32)
        points[:, [*LEFT_IRIS, *RIGHT_IRIS], :2] += 0.3 * curve(seed + 80, late)[:, None, :2].astype(np.float32)
        grid = np.arange(FRAMES)
        lips = make_talker(seconds=FRAMES / 25, seed=seed).track
        assert lips is not None
        shape = lips.landmarks - lips.landmarks[:1]
        moved = np.stack([np.interp(grid - late, grid, column) for column in shape.reshape(FRAMES, -1).T], axis=1)
        points += (moved - shape.reshape(FRAMES, -1)).reshape(shape.shape).astype(np.float32)
        embeddings = np.concatenate([curve(seed + 7, late), np.ones((FRAMES, 1))], axis=1)
        return replace(
            made,
            track=replace(made.track, landmarks=points),
            samples={"arcface_vico": embeddings},
            sampled_at={"arcface_vico": np.arange(FRAMES)},
        )

    return make


def score(name: str, bundle: Bundle) -> float:
    return float(registry.get(name).per_clip(bundle))


@pytest.mark.parametrize("name", PLAIN)
def test_equal_motions_are_not_apart_and_late_ones_less_than_without_warping(
    name: str, moving: Callable[[int, int], Features], make_bundle: Callable[..., Bundle]
) -> None:
    real, late, other = moving(1, 0), moving(1, LATE), moving(2, 0)
    best = 1.0 if name == "csim_vico" else 0.0
    assert score(f"{name}_dtw", make_bundle(real, real)) == pytest.approx(best, abs=1e-9)
    plain, warped = (abs(best - score(full, make_bundle(late, real))) for full in (name, f"{name}_dtw"))
    apart = abs(best - score(f"{name}_dtw", make_bundle(other, real)))
    assert 0 < warped < 0.6 * plain
    assert warped < 0.5 * apart


@pytest.mark.parametrize("name", OF_FACES)
def test_frames_without_a_face_are_left_out(
    name: str, moving: Callable[[int, int], Features], make_bundle: Callable[..., Bundle]
) -> None:
    real = moving(1, 0)
    assert real.track is not None
    points, present = real.track.landmarks.copy(), np.ones(FRAMES, dtype=bool)
    points[20:30], present[20:30] = np.nan, False
    gaps = replace(real, track=FaceTrack(points, present, 256, 256, 25.0))
    assert score(f"{name}_dtw", make_bundle(gaps, real)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in PLAIN if name.startswith("pose")])
def test_a_pose_that_nobody_gave_is_not_compared(
    name: str, moving: Callable[[int, int], Features], make_bundle: Callable[..., Bundle]
) -> None:
    with pytest.raises(Unscorable) as caught:
        score(f"{name}_dtw", make_bundle(moving(1, 0), moving(1, 0), pose_given=False))
    assert caught.value.status is Status.NOT_APPLICABLE
