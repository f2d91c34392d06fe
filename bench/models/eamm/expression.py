"""The video that shows EAMM an emotion: a face held in place, its mouth covered, disturbed as the published script disturbs it.

Only how the upper face moves is to be read from it, so its authors hide the mouth behind noise and turn and warp the pictures at
random, in training and in the script alike. Here that chance is drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.models.eamm.crop import (
    SIZE,
    Array,
    Picture,
    chained,
    crop_matrix,
    cut,
    first_face,
    inverse,
    points_68,
    similarity,
)
from metrics.base import FaceTrack

STEADY = 35
"""Points, jaw to nose, by which every face is laid upon the first one."""
RAISED = {"surprised": 10.0, "fear": 10.0}
"""Pixels by which the first face is moved up before: its brows rise."""
_MOUTH = (slice(160, 220), slice(85, 185))
"""Rows and columns that are covered."""
_DEGREES = 30.0
_LEAST, _ENLARGED, _NARROWED = 20, 40, 30
"""Pixels, from the first number up, by which the corners of a warped picture lie outside, and by which two of them are moved."""

Face = NDArray[np.float32]


@dataclass(frozen=True)
class Tumult:
    """How a video is disturbed: one flip and one turn for all frames, another warp and other noise for each."""

    flipped: bool
    degrees: float
    seed: int


def drawn_tumult(seed: int) -> Tumult:
    """The disturbance of a seed."""
    random = np.random.default_rng(seed)
    return Tumult(bool(random.random() < 0.5), random.uniform(-_DEGREES, _DEGREES), seed)


def steady_faces(frames: Iterable[Picture], track: FaceTrack, emotion: str) -> Iterator[Face]:
    """Faces ``(256, 256, 3)`` in 0..1, each laid upon the first one; frames before it are left out.

    The first face lies upon the template. A later frame without a face is cut where the last one was.

    Args:
        frames, track: of the same video. emotion: what it shows; see `RAISED`.

    Raises:
        ValueError: no frame shows a face, or its points lie on one spot.
    """
    start = first_face(track.present)
    anchor = points_68(track.landmarks[start])
    crop = crop_matrix(anchor)
    target = (_moved(anchor, crop) - (0, RAISED.get(emotion, 0)))[:STEADY]
    matrix = crop
    for index, frame in enumerate(frames):
        if index < start:
            continue
        if track.present[index]:
            points = _moved(points_68(track.landmarks[index]), crop)[:STEADY]
            matrix = chained(crop, inverse(similarity(target, points)))
        yield cut(frame, matrix).astype(np.float32) / 255


def disturbed(face: Face, index: int, tumult: Tumult) -> Face:
    """Face number `index` as the network sees it, ``(256, 256, 3)``: mouth covered, flipped or not, turned, warped."""
    random = np.random.default_rng([tumult.seed, index])
    made = face.copy()
    rows, columns = _MOUTH
    made[rows, columns] = random.random(made[rows, columns].shape, np.float32)
    if tumult.flipped:
        made = np.ascontiguousarray(made[:, ::-1])
    turn = cv2.getRotationMatrix2D(((SIZE - 1) / 2, (SIZE - 1) / 2), tumult.degrees, 1.0)
    made = np.asarray(cv2.warpAffine(made, turn, (SIZE, SIZE), flags=cv2.INTER_LINEAR), np.float32)
    signs = random.choice([-1, 1], 2)
    narrowed, enlarged = signs * (random.integers(_LEAST, _NARROWED), random.integers(_LEAST, _ENLARGED))
    low, high = -enlarged, SIZE + enlarged
    before = np.array([[low, low], [low, high], [high, low], [high, high]], np.float32)
    after = before + np.array([[0, 0], [narrowed, 0], [0, 0], [-narrowed, 0]], np.float32)
    warp = cv2.getPerspectiveTransform(before, after)
    return np.asarray(cv2.warpPerspective(made, warp, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE), np.float32)


def _moved(points: Array, matrix: Array) -> Array:
    return points @ matrix[:, :2].T + matrix[:, 2]
