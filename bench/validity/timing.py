"""Damage to time: which frame stands where. Each takes frames ``(T, H, W, 3)`` and gives as many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]


def freeze(frames: Frames, share: float) -> Frames:
    """The first share of the clip shows its first frame."""
    index = np.arange(len(frames))
    index[: round(share * len(frames))] = 0
    return frames[index]


def repeat_every(frames: Frames, n: int) -> Frames:
    """Every n-th frame is dropped: the one before it stands in its place."""
    index = np.arange(len(frames))
    index[n - 1 :: n] -= 1
    return frames[index]


def drop(frames: Frames, share: float, seed: int) -> Frames:
    """A random share of the frames is dropped: the last one that came stands on. The first frame always comes.

    With the same seed, what a small share drops a larger one drops too.
    """
    order = np.random.default_rng(seed).permutation(np.arange(1, len(frames)))
    index = np.arange(len(frames))
    index[order[: round(share * len(frames))]] = 0
    return frames[np.maximum.accumulate(index)]


def hold(frames: Frames, n: int) -> Frames:
    """The frame rate divided by n: every n-th frame is shown for n frames."""
    return frames[np.arange(len(frames)) // n * n]


def take_over(frames: Frames, other: Frames, share: float) -> Frames:
    """The last share of the clip shows other frames, those of the same times; where they end, they begin again."""
    index = np.arange(len(frames))
    first = len(frames) - round(share * len(frames))
    return np.concatenate([frames[:first], other[index[first:] % len(other)]])
