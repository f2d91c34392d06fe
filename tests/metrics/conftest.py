"""Synthetic talkers: the canonical face with a moving jaw, a head pose, and sound that goes with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.base import Bundle, FaceTrack, Features, Labels, Phoneme
from metrics.features.canonical import canonical_face
from metrics.features.regions import LIPS_INNER, LIPS_OUTER
from metrics.rigid import rotation_matrix

SIZE = 256
UNIT = 60.0


def face_with_opening(opening: NDArray[np.float64]) -> NDArray[np.float64]:
    """Canonical faces ``(T, 478, 3)`` whose lower lips hang down by `opening` ``(T,)`` from closed lips."""
    face = np.repeat(canonical_face()[None], len(opening), axis=0).copy()
    for contour in (LIPS_INNER, LIPS_OUTER):
        upper, lower = np.array(contour[1:10]), np.array(contour[:10:-1])
        if contour is LIPS_INNER:
            face[:, lower, 1] = face[:, upper, 1]
        face[:, lower, 1] += opening[:, None]
    return face


def place(face: NDArray[np.float64], angles: NDArray[np.float64], origin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Canonical faces turned by `angles` ``(T, 3)`` degrees and put at `origin` ``(T, 3)`` pixels."""
    return np.einsum("tij,tpj->tpi", rotation_matrix(angles), face) * UNIT + origin[:, None]


def track_of(landmarks: NDArray[np.float64], fps: float = 25.0, missing: tuple[int, ...] = ()) -> FaceTrack:
    points = landmarks.astype(np.float32)
    present = np.ones(len(points), dtype=bool)
    present[list(missing)] = False
    points[~present] = np.nan
    return FaceTrack(points, present, SIZE, SIZE, fps)


def smooth_noise(count: int, seed: int, width: int = 3) -> NDArray[np.float64]:
    """A smooth random curve in 0..1."""
    noise = np.random.default_rng(seed).random(count + 4 * width)
    kernel = np.hanning(2 * width + 1)
    curve = np.convolve(noise, kernel / kernel.sum(), "same")[2 * width : 2 * width + count]
    return (curve - curve.min()) / np.ptp(curve)


def sound_of(opening: NDArray[np.float64], fps: float, delay: float = 0.0) -> NDArray[np.float32]:
    """Noise whose loudness follows `opening`, `delay` seconds later."""
    rate = 16000
    times = np.arange(round(len(opening) / fps * rate)) / rate
    level = np.interp(times - delay, np.arange(len(opening)) / fps, opening)
    noise = np.random.default_rng(7).standard_normal(len(times))
    return (0.2 * level**2 * noise).astype(np.float32)


def talker(
    seconds: float = 4.0,
    fps: float = 25.0,
    seed: int = 0,
    delay: float = 0.0,
    angles: NDArray[np.float64] | None = None,
    origin: tuple[float, float, float] = (128.0, 100.0, 0.0),
    frozen: bool = False,
    missing: tuple[int, ...] = (),
    phonemes: tuple[Phoneme, ...] | None = None,
) -> Features:
    """One synthetic clip whose loudness follows its lips, `delay` seconds later."""
    count = round(seconds * fps)
    # The curve lives on a 25 fps grid, so that one seed says the same at every frame rate.
    grid = np.arange(round(seconds * 25) + 2) / 25
    opening = np.interp(np.arange(count) / fps, grid, 0.25 * smooth_noise(len(grid), seed))
    turned = np.zeros((count, 3)) if angles is None else angles
    face = face_with_opening(np.full(count, 0.05) if frozen else opening)
    landmarks = place(face, turned, np.tile(np.array(origin), (count, 1)))
    sound = sound_of(opening / 0.25, fps, delay)
    return Features(fps, count, track_of(landmarks, fps, missing), sound, phonemes=phonemes)


@pytest.fixture
def make_talker() -> Callable[..., Features]:
    return talker


@pytest.fixture
def make_bundle() -> Callable[..., Bundle]:
    def make(generated: Features, reference: Features | None = None, **labels: object) -> Bundle:
        return Bundle(generated, reference, Labels(**labels))  # type: ignore[arg-type]

    return make


@pytest.fixture
def posed() -> Callable[..., FaceTrack]:
    """``posed(angles (T, 3), origin=(x, y, z), fps=25)``: a neutral face that only moves its head."""

    def make(
        angles: NDArray[np.float64], origin: tuple[float, float, float] = (128.0, 100.0, 0.0), fps: float = 25.0
    ) -> FaceTrack:
        face = face_with_opening(np.full(len(angles), 0.05))
        return track_of(place(face, angles, np.tile(np.array(origin), (len(angles), 1))), fps)

    return make
