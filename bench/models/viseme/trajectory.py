"""From phonemes and loudness to a mouth that moves smoothly: who dominates when, and when the lips must meet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from bench.models.viseme.articulation import CHANNELS, TABLE
from metrics.base import Phoneme
from metrics.features.phonemes import BILABIALS

STEPS = 100
"""Steps a second of the trajectory."""

BEFORE, AFTER = 0.08, 0.05
"""Seconds over which a sound's pull falls to 1/e: sounds are anticipated more than they linger."""
LEAD = 0.06
"""Seconds by which lips are ahead of what is heard."""
REACH = 0.45
CLOSED, PARTING = 0.07, 0.07
"""Bilabials: seconds that the lips are shut at the least, and seconds that they take to meet or part."""
SMOOTH = 0.015
QUIET, LOUD = 0.35, 1.15
"""Opening of the softest and of the loudest sounds, relative to those of usual loudness."""

_GAP, _JAW, _PRESS = (CHANNELS.index(name) for name in ("gap", "jaw", "press"))


def trajectory(phonemes: Sequence[Phoneme], audio: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Mouth shape over time, ``(N, 6)`` at `STEPS` a second, in the order and units of `CHANNELS`.

    Each sound pulls towards its shape with a dominance that falls off exponentially around its middle (after Cohen and
    Massaro, "Modeling coarticulation in synthetic visual speech", 1993); loudness scales the opening; bilabials shut
    the lips whatever surrounds them.

    Args:
        phonemes: contiguous, in order. audio: ``(S,)`` in -1..1 at `rate`, what they were recognised in.
    """
    count = max(1, int(np.ceil(len(audio) / rate * STEPS)))
    times = np.arange(count) / STEPS
    pull = np.full((count, 1), 1e-6)
    pulled = np.zeros((count, len(CHANNELS)))
    closure = np.zeros(count)
    for phoneme in phonemes:
        shapes = TABLE[phoneme.symbol]
        edges = np.linspace(phoneme.start, phoneme.end, len(shapes) + 1) - LEAD
        for shape, start, end in zip(shapes, edges[:-1], edges[1:], strict=True):
            near = slice(max(0, int((start - REACH) * STEPS)), max(0, int((end + REACH) * STEPS) + 1))
            dominance = shape.weight * _dominance(times[near], start, end)[:, None]
            pull[near] += dominance
            pulled[near] += dominance * shape.target
        if phoneme.symbol in BILABIALS:
            near = slice(max(0, int((edges[0] - REACH) * STEPS)), max(0, int((edges[-1] + REACH) * STEPS) + 1))
            closure[near] = np.maximum(closure[near], _closure(times[near], edges[0], edges[-1]))
    shapes_over_time = gaussian_filter1d(pulled / pull, SMOOTH * STEPS, axis=0, mode="nearest")
    ahead = np.minimum(np.arange(count) + round(LEAD * STEPS), count - 1)
    gain = opening_gain(audio, rate, count)[ahead]
    shapes_over_time[:, _GAP] *= gain * (1.0 - closure)
    shapes_over_time[:, _JAW] *= gain * (1.0 - 0.5 * closure)
    shapes_over_time[:, _PRESS] = np.maximum(shapes_over_time[:, _PRESS] * 0.3, closure)
    return shapes_over_time


def _dominance(times: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """1 through the middle of a sound, falling off on both sides."""
    middle, half = (start + end) / 2, (end - start) / 4
    distance = np.where(times < middle, (middle - times) / BEFORE, (times - middle) / AFTER)
    slack = np.where(times < middle, half / BEFORE, half / AFTER)
    return np.asarray(np.exp(-np.maximum(distance - slack, 0.0)))


def _closure(times: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """1 while the lips are shut for one bilabial, raised-cosine flanks."""
    middle, half = (start + end) / 2, max(end - start, CLOSED) / 2
    outside = np.clip((np.abs(times - middle) - half) / PARTING, 0.0, 1.0)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * outside))


def loudness(audio: NDArray[np.float32], rate: int, count: int) -> NDArray[np.float64]:
    """Decibels relative to the loud parts of the sound (its 90th percentile), ``(count,)``, not under -60.

    Smoothed over about 60 ms. Silence is -60 throughout.
    """
    hop = rate / STEPS
    edges = np.minimum(np.arange(count + 1) * hop, len(audio)).astype(int)
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
    power = gaussian_filter1d((energy[edges[1:]] - energy[edges[:-1]]) / hop, 0.03 * STEPS, mode="nearest")
    top = np.percentile(power, 90)
    if top < 1e-9:
        return np.full(count, -60.0)
    return np.asarray(np.maximum(10 * np.log10(np.maximum(power, 1e-12) / top), -60.0))


def opening_gain(audio: NDArray[np.float32], rate: int, count: int) -> NDArray[np.float64]:
    """How far the mouth opens for its sounds, ``(count,)``: 1 at usual loudness, 0 where nothing is heard."""
    level = loudness(audio, rate, count)
    audible = np.clip((level + 45.0) / 10.0, 0.0, 1.0)
    return np.asarray(np.clip(1.05 + level / 30.0, QUIET, LOUD) * audible)
