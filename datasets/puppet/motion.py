"""How a head moves while its owner speaks: pose, blinks and gaze, smooth and from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_BAND = (0.12, 1.1)
"""Hertz: heads of people who talk move in this band."""
_SPREAD = np.array([2.6, 4.2, 1.7])
"""Standard deviation of pitch, yaw and roll in degrees, at liveliness 1."""
_LIMIT = np.array([11.0, 16.0, 9.0])
_NOD = 2.6
"""Degrees that the head goes down with a loud syllable."""
_SHIFT = np.array([0.035, 0.025, 0.0])
"""Standard deviation of the head's place in distances between the irises."""
_CLOSING, _SHUT, _OPENING = 0.09, 0.05, 0.16
"""Seconds of a blink."""
_BLINKS = ((0, 0.2), (1, 0.45), (2, 0.25), (3, 0.1))
"""How many blinks in 2.5 seconds, and how likely."""


@dataclass(frozen=True)
class Motion:
    """Attributes:
    euler: ``(T, 3)`` pitch, yaw, roll in degrees. shift: ``(T, 3)`` in distances between the irises.
    blink: ``(T,)`` 0 open to 1 shut. blinks: ``(B, 2)`` start and end in seconds.
    gaze: ``(T, 2)`` degrees to the picture's right and down.
    """

    euler: FloatArray
    shift: FloatArray
    blink: FloatArray
    blinks: FloatArray
    gaze: FloatArray


def move(times: FloatArray, loudness: FloatArray, liveliness: float, random: np.random.Generator) -> Motion:
    """Motion at `times` ``(T,)``; `loudness` ``(T,)`` of the voice there; `liveliness` scales the head's movements."""
    seconds = float(times[-1]) if len(times) else 0.0
    euler = liveliness * _SPREAD * np.stack([_wander(times, random) for _ in range(3)], axis=1)
    slow = np.convolve(np.pad(loudness, 4, mode="edge"), np.hanning(11)[1:-1] / np.hanning(11).sum(), mode="valid")
    euler[:, 0] += liveliness * _NOD * (slow - slow.mean())
    euler = _LIMIT * np.tanh(euler / _LIMIT)
    shift = liveliness * _SHIFT * np.stack([_wander(times, random) for _ in range(3)], axis=1)
    blinks = _blink_times(seconds, random)
    return Motion(euler, shift, _blink_curve(times, blinks), blinks, _look(times, seconds, random))


def rotation(euler: FloatArray) -> FloatArray:
    """Rotations ``(..., 3, 3)`` from pitch, yaw, roll ``(..., 3)`` in degrees: Rz(roll) Ry(yaw) Rx(pitch).

    In the head frame (x to the picture's right, y down, z away): positive pitch looks down, positive yaw looks to the
    picture's left, positive roll leans to the picture's right.
    """
    (cx, cy, cz), (sx, sy, sz) = (np.moveaxis(f(np.radians(euler)), -1, 0) for f in (np.cos, np.sin))
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def _wander(times: FloatArray, random: np.random.Generator) -> FloatArray:
    """Band-limited noise of unit variance in the long run."""
    rates = random.uniform(*_BAND, 8)
    weights = rates**-0.7
    phases = random.uniform(0.0, 2 * np.pi, 8)
    waves = np.sin(2 * np.pi * rates * times[:, None] + phases)
    return np.asarray(waves @ weights / np.sqrt((weights**2).sum() / 2))


def _blink_times(seconds: float, random: np.random.Generator) -> FloatArray:
    length = _CLOSING + _SHUT + _OPENING
    counts, odds = zip(*_BLINKS, strict=True)
    wanted = int(random.choice(counts, max(1, round(seconds / 2.5)), p=odds).sum())
    # Slots of one blink and some rest each; the first moments stay open, so that the first frame can be a portrait.
    slots = int(max(0.0, seconds - 0.3 - length) // (length + 0.2))
    chosen = np.sort(random.permutation(slots)[:wanted])
    starts = 0.3 + chosen * (length + 0.2) + random.uniform(0.0, 0.15, len(chosen))
    return np.stack([starts, starts + length], axis=1)


def _blink_curve(times: FloatArray, blinks: FloatArray) -> FloatArray:
    shut = np.zeros_like(times)
    for start, end in blinks:
        knots = [start, start + _CLOSING, start + _CLOSING + _SHUT, end]
        ramp = np.interp(times, knots, [0.0, 1.0, 1.0, 0.0], left=0.0, right=0.0)
        shut = np.maximum(shut, ramp * ramp * (3.0 - 2.0 * ramp))
    return shut


def _look(times: FloatArray, seconds: float, random: np.random.Generator) -> FloatArray:
    """Fixations joined by fast jumps; the first looks into the camera."""
    starts, targets, at = [0.0], [np.zeros(2)], float(random.uniform(0.5, 1.4))
    while at < seconds:
        starts.append(at)
        targets.append(np.clip(random.normal(0.0, 1.0, 2) * (6.0, 2.5), (-14.0, -5.0), (14.0, 5.0)))
        at += float(random.uniform(0.5, 1.6))
    gaze = np.zeros((len(times), 2))
    for start, before, after in zip(starts[1:], targets[:-1], targets[1:], strict=True):
        share = np.clip((times - start) / 0.05, 0.0, 1.0)[:, None]
        gaze = np.where(times[:, None] >= start, before + share * (after - before), gaze)
    return gaze
