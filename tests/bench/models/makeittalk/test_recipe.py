"""Landmarks between the networks, against what the public recipe gave to rule-made inputs (`golden`)."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.models.makeittalk.content import ContentBranch
from bench.models.makeittalk.face import at_rest, blink_times, blinking, mouth_closed, on_picture
from bench.models.makeittalk.motion import (
    Gains,
    content_offsets,
    landmark_frames,
    landmarks,
    speaker_offsets,
    uncrossed,
)
from bench.models.makeittalk.sketch import draw
from bench.models.makeittalk.speaker import SpeakerBranch
from tests.oracle import Oracle

Floats = NDArray[np.float64]


@pytest.fixture
def points(oracle: Oracle) -> Floats:
    made = oracle.uniform("recipe.points", (68, 2), 40, 216).numpy()
    made[0, 0], made[16, 0] = 50, 205
    return made


def test_landmarks_of_speech_are_the_recipes(oracle: Oracle, content: ContentBranch, speaker: SpeakerBranch) -> None:
    """Both branches over two segments, the second of 23 frames: windows, smoothing, rest, gains, crossed lips, nose."""
    speech, voice = oracle.normal("recipe.speech", (18 + 512 + 23, 80)), oracle.normal("recipe.voice", (256,), 0.1)
    face = oracle.uniform("recipe.face", (68, 3), -1, 1).numpy()
    assert oracle.error("landmarks", value=landmarks(content, speaker, speech, voice, face, Gains())) <= 1e-9


def test_crossed_lips_meet_as_in_the_recipe(oracle: Oracle) -> None:
    face = oracle.uniform("recipe.face", (68, 3), -1, 1).numpy()
    assert (
        oracle.error("crossed", value=uncrossed(face + oracle.normal("recipe.crossed", (40, 68, 3), 0.3).numpy()))
        <= 1e-12
    )


def test_face_goes_in_and_comes_back_as_in_the_recipe(oracle: Oracle, points: Floats) -> None:
    face = at_rest(points, oracle.uniform("recipe.depth", (68,), -1, 1).numpy())
    moved = face.points + oracle.normal("recipe.motion", (260, 68, 3), 0.1).numpy()

    class Always40(np.random.Generator):
        """The public code draws a number from 30 to 89 and adds 60."""

        def integers(self, low: int, high: int) -> int:  # type: ignore[override]
            assert (low, high) == (90, 150)
            return 100

    pixels = on_picture(face, moved, Always40(np.random.PCG64(0)))
    assert oracle.error("face", closed=mouth_closed(points), rest=face.points, pixels=pixels) <= 1e-12


def test_drawing_is_the_recipes_to_the_pixel(oracle: Oracle) -> None:
    pixels = oracle.recorded("face")["pixels"].reshape(260, 68, 2)[100].astype(np.int64)
    assert np.array_equal(draw(pixels), oracle.recorded("sketch")["picture"])


def test_points_outside_the_picture_are_cut_off() -> None:
    assert (draw(np.full((68, 2), -50)) == 255).all()
    assert draw(np.linspace([-400, 20], [600, 200], 68).astype(np.int64)).shape == (256, 256, 3)


@given(st.integers(0, 3000))
def test_landmark_frames_are_counted_as_the_recipe_drops_them(spectrogram: int) -> None:
    windows = max(0, spectrogram - 18)
    segments = [min(512, windows - first) for first in range(0, windows, 512)]
    assert landmark_frames(spectrogram) == sum(length for length in segments if length >= 10)


def test_a_blink_shuts_the_eyes_and_leaves_the_rest_alone() -> None:
    face = np.tile(np.random.RandomState(0).rand(68, 2), (60, 1, 1)) * 200
    made = blinking(face, [30])
    gap = np.linalg.norm(made[:, [37, 38, 43, 44]] - made[:, [41, 40, 47, 46]], axis=2).max(axis=1)
    assert gap[30] == pytest.approx(0) and gap.argmin() == 30
    assert np.array_equal(
        np.delete(made, [37, 38, 40, 41, 43, 44, 46, 47], axis=1),
        np.delete(face, [37, 38, 40, 41, 43, 44, 46, 47], axis=1),
    )
    assert np.allclose(made[:20], made[0]) and np.allclose(made[46:], made[0])


@given(st.integers(0, 2000), st.integers(0, 99))
def test_blinks_have_room_to_open_again(frames: int, seed: int) -> None:
    times = blink_times(frames, np.random.default_rng(seed))
    assert all(10 <= time < frames - 16 for time in times)
    assert all(90 <= after - before < 150 for before, after in pairwise(times))


def test_speaker_branch_does_not_open_the_mouth() -> None:
    made = speaker_offsets(np.random.RandomState(0).standard_normal((40, 68, 3)))
    before = np.abs(made[:, 49:54] - made[:, [59, 58, 57, 56, 55]]).max()
    assert before < 0.05


def test_content_branch_rests_at_the_mean_of_its_lower_half() -> None:
    made = content_offsets(np.random.RandomState(0).standard_normal((51, 68, 3)), Gains(1, 1, 1))
    assert np.abs(np.sort(made, axis=0)[:25].mean(axis=0)).max() < 1e-12


def test_gains_of_zero_hold_the_face_still(content: ContentBranch, speaker: SpeakerBranch) -> None:
    face = np.random.RandomState(0).rand(68, 3)
    made = landmarks(content, speaker, torch.randn(60, 80).double(), torch.randn(256).double(), face, Gains(0, 0, 0))
    assert np.allclose(made[:, 48:, :2], uncrossed(np.tile(face, (42, 1, 1)))[:, 48:, :2], atol=1e-9)


def test_lines_are_those_of_cv2_line() -> None:
    """Published pictures are drawn segment by segment; a polygon's corners must look the same."""
    pixels = np.random.RandomState(0).randint(0, 256, (68, 2))
    expected = np.full((256, 256, 3), 255, np.uint8)
    for first, last, closed, colour in ((0, 16, False, (255, 144, 25)), (36, 41, True, (71, 99, 255))):
        pairs = [(k, k + 1) for k in range(first, last)] + ([(first, last)] if closed else [])
        for a, b in pairs:
            cv2.line(expected, pixels[a].tolist(), pixels[b].tolist(), colour, 2)
    alone = np.full((68, 2), -99)
    alone[:17], alone[36:42] = pixels[:17], pixels[36:42]
    assert np.array_equal(draw(alone), expected)
