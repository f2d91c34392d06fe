"""Speech to landmarks: both branches over windows of speech, and what the recipe does to their offsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from bench.models.makeittalk.content import WINDOW, ContentBranch
from bench.models.makeittalk.speaker import NOISE, SEGMENT, SpeakerBranch

Floats = NDArray[np.float64]

LEAST_SEGMENT = 10
"""A rest of fewer frames than this at the end of the speech is left out."""
_VOICE_GAIN = 3.0
_SMOOTHING = 31
_CLOSED = 0.99
"""How much of the opening of the mouth is taken from the speaker branch: lips are the content branch's."""
_UPPER, _LOWER = slice(49, 54), [59, 58, 57, 56, 55]
_INNER_UPPER, _INNER_LOWER = slice(61, 64), [67, 66, 65]
_OUTER_OF_INNER = ([55, 56, 57, 58, 59, 49, 50, 51, 52, 53], [64, 65, 66, 67, 60, 60, 61, 62, 63, 64])
"""Outer lip points, and the inner ones whose height they follow where lips would cross."""


@dataclass(frozen=True)
class Gains:
    """Factors on what the branches move: lips across, lips up and down, head and the rest of the face."""

    lips_x: float = 2.0
    lips_y: float = 2.0
    head: float = 0.5


def landmark_frames(spectrogram_frames: int) -> int:
    """How many landmark frames so much speech gives."""
    count = max(0, spectrogram_frames - WINDOW)
    return count - count % SEGMENT if count % SEGMENT < LEAST_SEGMENT else count


@torch.no_grad()
def landmarks(
    content: ContentBranch, speaker: SpeakerBranch, speech: Tensor, voice: Tensor, face: Floats, gains: Gains
) -> Floats:
    """Landmarks of a face that speaks, one frame each 16 ms.

    Args:
        speech: standardized spectrogram ``(S, 80)`` at 62.5 frames a second, on the networks' device.
        voice: embedding ``(256,)``. face: at rest ``(68, 3)``, see `bench.models.makeittalk.face`.

    Returns:
        ``(landmark_frames(S), 68, 3)``. A frame's window begins at its own time, so the last 18 have none.
    """
    # A copy would hold everything 18 times; the windows of a segment are made when it is reached.
    windows = speech.unfold(0, WINDOW, 1)
    count = landmark_frames(len(speech))
    made = [
        _segment(content, speaker, windows[first : min(first + SEGMENT, count)].transpose(1, 2), voice, face, gains)
        for first in range(0, count, SEGMENT)
    ]
    frames = np.concatenate(made)
    frames[:, 27] = 2 * frames[:, 28] - frames[:, 29]
    return np.asarray(signal.savgol_filter(frames, 5, 3, axis=0))


def _segment(
    content: ContentBranch, speaker: SpeakerBranch, windows: Tensor, voice: Tensor, face: Floats, gains: Gains
) -> Floats:
    count = len(windows)
    head, _ = speaker(windows, _VOICE_GAIN * voice[None], windows.new_zeros(count, NOISE))
    lips = content(windows, torch.from_numpy(face.reshape(1, -1)).to(windows))
    moved = face + gains.head * speaker_offsets(_points(head)) + content_offsets(_points(lips), gains)
    return uncrossed(moved)


def speaker_offsets(offsets: Floats) -> Floats:
    """Offsets ``(N, 68, 3)`` of the speaker branch, smoothed over 31 frames (fewer in short segments), lips on each other."""
    length = min(len(offsets) - 1, _SMOOTHING) // 2 * 2 + 1
    made = np.asarray(signal.savgol_filter(offsets, length, 3, axis=0))
    for upper, lower in ((_UPPER, _LOWER), (_INNER_UPPER, _INNER_LOWER)):
        middle = (made[:, upper] + made[:, lower]) / 2
        for lip in (upper, lower):
            made[:, lip] = _CLOSED * middle + (1 - _CLOSED) * made[:, lip]
    return made


def content_offsets(offsets: Floats, gains: Gains) -> Floats:
    """Offsets ``(N, 68, 3)`` of the content branch from where each coordinate rests (the mean of its lower half), lips gained."""
    half = len(offsets) // 2
    made = offsets - np.partition(offsets, half, axis=0)[:half].mean(axis=0)
    made[:, 48:, 0] *= gains.lips_x
    made[:, 48:, 1] *= gains.lips_y
    return made


def uncrossed(frames: Floats) -> Floats:
    """Landmarks ``(N, 68, 3)`` in which no upper lip lies under its lower one: there they meet, and the outer lips keep the
    thickness that they had one frame before."""
    made = frames.copy()
    x, y = made[:, 60:68, 0], made[:, 60:68, 1]
    area = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)
    outer, inner = _OUTER_OF_INNER
    for frame in np.flatnonzero(area < 0):
        middle = (made[frame, _INNER_UPPER] + made[frame, _INNER_LOWER]) / 2
        made[frame, _INNER_UPPER] = made[frame, _INNER_LOWER] = middle
        before = made[max(frame - 1, 0)]
        made[frame, outer, 1] = made[frame, inner, 1] + before[outer, 1] - before[inner, 1]
    return made


def _points(offsets: Tensor) -> Floats:
    return offsets.double().cpu().numpy().reshape(len(offsets), 68, 3)
