"""Which of several faces is speaking: the one whose mouth moves, and moves with the sound."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from metrics.base import FaceTrack, FloatArray
from metrics.features.regions import INNER_LIP_BOTTOM, INNER_LIP_TOP, inter_ocular

MAX_LAG = 0.2
"""Seconds by which sound and lips may be apart."""
SMOOTH = 0.25
"""Seconds over which loudness and mouth motion are averaged: about a syllable."""


def choose_speaker(tracks: Sequence[FaceTrack], audio: NDArray[np.float32] | None, rate: int = 16000) -> int:
    """Index of the speaking face.

    Args:
        tracks: faces of one video, of the same frames.
        audio: ``(S,)`` mono sound, sample 0 at the first frame; None if there is none, then lip motion alone decides.
        rate: samples per second.

    Returns:
        Index into `tracks` with the highest `speaking_score`; the first one if all are equal.

    Raises:
        ValueError: no tracks.
    """
    if not tracks:
        raise ValueError("no face tracks to choose a speaker from")
    return int(np.argmax([speaking_score(track, audio, rate) for track in tracks]))


def speaking_score(track: FaceTrack, audio: NDArray[np.float32] | None, rate: int = 16000) -> float:
    """Share of frames with the face × mean lip motion (inter-ocular distances a second) × (0.2 + correlation).

    The correlation, 0 where negative, is the best within `MAX_LAG` between loudness and mouth motion, both smoothed;
    it counts as 0 without sound. A face that is seen in fewer than 3 frames scores 0.
    """
    if int(track.present.sum()) < 3:
        return 0.0
    motion = _smooth(lip_motion(track), track.fps)
    correlation = 0.0
    if audio is not None and audio.size:
        correlation = _best_correlation(loudness(audio, rate, len(track), track.fps), motion, track.fps)
    return float(track.present.mean() * motion.mean() * (0.2 + max(correlation, 0.0)))


def lip_aperture(track: FaceTrack) -> FloatArray:
    """Inner lip opening ``(T,)`` in inter-ocular distances, interpolated over frames without the face."""
    gap = track.landmarks[:, INNER_LIP_TOP, :2] - track.landmarks[:, INNER_LIP_BOTTOM, :2]
    opening = np.linalg.norm(gap, axis=1) / inter_ocular(track.landmarks)
    frames = np.arange(len(track))
    return np.interp(frames, frames[track.present], opening[track.present])


def lip_motion(track: FaceTrack) -> FloatArray:
    """Speed of the lip opening ``(T,)`` in inter-ocular distances a second, 0 and up."""
    return np.abs(np.gradient(lip_aperture(track))) * track.fps


def loudness(audio: NDArray[np.float32], rate: int, frames: int, fps: float) -> FloatArray:
    """Sound level of each frame's time ``(frames,)``: root mean square, as log10 above -60 dB, smoothed."""
    bounds = np.round(np.arange(frames + 1) * rate / fps).astype(int)
    padded = np.pad(audio.astype(np.float64), (0, max(0, bounds[-1] - audio.size)))
    energy = np.array([np.mean(padded[a:b] ** 2) for a, b in pairwise(bounds)])
    return _smooth(np.log10(np.sqrt(energy) + 1e-3), fps)


def _smooth(values: FloatArray, fps: float) -> FloatArray:
    width = max(1, round(SMOOTH * fps)) | 1
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")


def _best_correlation(one: FloatArray, other: FloatArray, fps: float) -> float:
    reach = min(round(MAX_LAG * fps), len(one) - 3)
    best = -1.0
    for lag in range(-reach, reach + 1):
        a = one[max(lag, 0) : len(one) + min(lag, 0)]
        b = other[max(-lag, 0) : len(other) + min(-lag, 0)]
        if a.std() > 0 and b.std() > 0:
            best = max(best, float(np.corrcoef(a, b)[0, 1]))
    return best
