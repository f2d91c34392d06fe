"""How SyncNet lays out time, and embeddings as they are kept: no network is needed to read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray

WINDOW = 5
"""Frames of one lip window."""
COLUMNS = 20
"""MFCC columns of one sound window."""
SIZE = 224
FPS = 25
RATE = 16000
SAMPLES_PER_FRAME = RATE // FPS
EMBEDDING = 1024


@dataclass(frozen=True)
class LipTrack:
    """What SyncNet says of one stretch of one face.

    Attributes:
        first: frame, of 25 a second, that the stretch begins with. embeddings: ``(K - 4, 1024)`` of its K frames.
    """

    first: int
    embeddings: FloatArray


def packed(tracks: Sequence[LipTrack]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Tracks as arrays: all embeddings ``(N, 1024)``, and the frame at which each window begins, ``(N,)``."""
    at = [track.first + np.arange(len(track.embeddings)) for track in tracks]
    return np.concatenate([track.embeddings for track in tracks]), np.concatenate(at).astype(np.int64)


def unpacked(embeddings: FloatArray, at: NDArray[np.int64]) -> list[LipTrack]:
    """The inverse of `packed`: a track has a window at every frame, and its last four frames begin none."""
    starts = [0, *(np.flatnonzero(np.diff(at) != 1) + 1), len(at)]
    return [LipTrack(int(at[begin]), embeddings[begin:end]) for begin, end in pairwise(starts) if end > begin]
