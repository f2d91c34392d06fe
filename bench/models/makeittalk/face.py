"""The 68 landmarks of a portrait, on their way into the networks and back onto the picture; blinks.

Points are in the order of iBUG (300-W, dlib): jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, lips 48-67.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from metrics.features.regions import IBUG68

Floats = NDArray[np.float64]

LEAST_FRAMES = 15
"""Shorter clips cannot be smoothed."""
_WIDTH = 1.6
"""Distance of the ends of the jaw as the networks see it."""
_DEPTH = 0.1
"""Share of a standard face's depth that every face is given."""
_UPPER_LIP, _LOWER_LIP = slice(49, 54), slice(55, 60)
_UPPER_LIDS, _LOWER_LIDS = [37, 38, 43, 44], [41, 40, 47, 46]
_THIN_LIPS, _WIDE_EYES = 1.0, 2.0
"""Pixels by which the recipe moves each lip towards the other, and each lid away from the other."""
_RELAXED = 0.95
_SHUT = 0.25
_CLOSING, _OPENING = 10, 15
_FIRST_BLINK, _PAUSE = 30, (90, 150)
"""Frames at 62.5 a second."""


@dataclass(frozen=True)
class Face:
    """A portrait's face as the networks see it.

    Attributes:
        points: at rest ``(68, 3)``: x right and y down from the middle between the ends of the jaw, which are 1.6 apart.
        scale, middle: pixels a unit, and where that middle is in the picture, ``(2,)``.
    """

    points: Floats
    scale: float
    middle: Floats


def portrait_points(mesh: NDArray[np.float32]) -> Floats:
    """The 68 points ``(68, 2)``, in pixels, of a face mesh ``(478, 3)``; in place of face_alignment's, which the recipe asks."""
    return mesh[list(IBUG68), :2].astype(np.float64)


def mouth_closed(points: Floats) -> Floats:
    """The points ``(68, 2)`` with most of an open mouth taken back: what the recipe offers for portraits that show one."""
    made = points.copy()
    inner_top, inner_bottom = points[61:64], points[[67, 66, 65]]
    middle = (inner_top + inner_bottom) / 2
    for inner, corner, lips in ((inner_top, [49, 53], [50, 51, 52]), (inner_bottom, [59, 55], [58, 57, 56])):
        away = inner - middle
        made[lips] -= 0.7 * away
        made[corner] -= 0.5 * away[[0, 2]]
    made[61:64] -= 0.7 * (inner_top - middle)
    made[[67, 66, 65]] -= 0.7 * (inner_bottom - middle)
    return made


def at_rest(points: Floats, depth: Floats) -> Face:
    """The face that the networks are given.

    Args:
        points: ``(68, 2)`` in pixels of the 256x256 portrait. depth: of a standard face ``(68,)``.
    """
    points = points.copy()
    points[_UPPER_LIP, 1] += _THIN_LIPS
    points[_LOWER_LIP, 1] -= _THIN_LIPS
    points[_UPPER_LIDS, 1] -= _WIDE_EYES
    points[_LOWER_LIDS, 1] += _WIDE_EYES
    scale = float(points[16, 0] - points[0, 0]) / _WIDTH
    middle = (points[0] + points[16]) / 2
    return Face(np.column_stack([(points - middle) / scale, _DEPTH * depth]), scale, middle)


def on_picture(face: Face, landmarks: Floats, random: np.random.Generator) -> NDArray[np.int64]:
    """Landmarks ``(T, 68, 3)`` of the networks as whole pixels ``(T, 68, 2)``: placed, blinking, smoothed. T is at least 15."""
    pixels = landmarks[..., :2] * face.scale + face.middle
    pixels = blinking(pixels, blink_times(len(pixels), random))
    pixels[:, :48] = signal.savgol_filter(pixels[:, :48], 15, 3, axis=0)
    pixels[:, 48:] = signal.savgol_filter(pixels[:, 48:], 5, 3, axis=0)
    return pixels.astype(np.int64)


def blink_times(frames: int, random: np.random.Generator) -> list[int]:
    """Frames of shut eyes: the 30th, then one each 1.4 to 2.4 s, while there is time to open them again."""
    times, time = [], _FIRST_BLINK
    while time < frames - 1 - _OPENING:
        times.append(time)
        time += int(random.integers(*_PAUSE))
    return times


def blinking(pixels: Floats, times: list[int]) -> Floats:
    """The points ``(T, 68, 2)`` with eyes that are shut at those frames and close and open around them."""
    upper, lower = pixels[:, _UPPER_LIDS], pixels[:, _LOWER_LIDS]
    upper, lower = _RELAXED * upper + (1 - _RELAXED) * lower, (1 - _RELAXED) * upper + _RELAXED * lower
    lids = np.concatenate([upper, lower], axis=1)
    for time in times:
        half = lids.shape[1] // 2
        lids[time] = np.tile(_SHUT * lids[time, :half] + (1 - _SHUT) * lids[time, half:], (2, 1))
        for frame in range(time - _CLOSING + 1, time):
            share = (time - frame) / _CLOSING
            lids[frame] = share * lids[time - _CLOSING] + (1 - share) * lids[time]
        for frame in range(time + 1, time + _OPENING):
            # As published: the eye stays shut one frame less than the distance says.
            share = (time + _OPENING - 1 - frame) / _OPENING
            lids[frame] = share * lids[time] + (1 - share) * lids[time + _OPENING]
    made = pixels.copy()
    made[:, _UPPER_LIDS + _LOWER_LIDS] = lids
    return made
