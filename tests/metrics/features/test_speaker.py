"""The speaker among several faces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.base import FaceTrack
from metrics.features.face_mesh import candidates
from metrics.features.regions import INNER_LIP_BOTTOM, LEFT_EYE_OUTER
from metrics.features.speaker import choose_speaker, lip_aperture

FPS, RATE = 25.0, 16000


def _talking(opening: NDArray[np.float64]) -> FaceTrack:
    """A face of 100 pixels between the eyes whose lips open by these shares of it."""
    landmarks = np.zeros((len(opening), 478, 3), np.float32)
    landmarks[:, LEFT_EYE_OUTER, 0] = 100
    landmarks[:, INNER_LIP_BOTTOM, 1] = 100 * opening
    return FaceTrack(landmarks, np.ones(len(opening), bool), 320, 240, FPS)


def _bursts(frames: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Speech-like activity of half a second on, half a second off: loudness per frame and the sound."""
    active = (np.arange(frames) // 12 % 2).astype(float)
    sound = np.repeat(active, int(RATE / FPS)) * np.random.default_rng(0).normal(0, 0.1, int(frames * RATE / FPS))
    return active, sound.astype(np.float32)


def test_motion_with_the_sound_wins_over_motion_against_it() -> None:
    active, sound = _bursts(100)
    chatter = 0.1 * np.abs(np.sin(np.arange(100) * 1.3))
    speaker, chewer = _talking(chatter * active), _talking(chatter * (1 - active))
    assert choose_speaker([chewer, speaker], sound, RATE) == 1
    assert choose_speaker([speaker, chewer], sound, RATE) == 0


def test_without_sound_the_moving_mouth_is_chosen() -> None:
    still, moving = _talking(np.full(50, 0.05)), _talking(0.1 * np.abs(np.sin(np.arange(50))))
    assert choose_speaker([still, moving], None) == 1
    assert choose_speaker([still, moving], np.zeros(0, np.float32)) == 1
    assert choose_speaker([still], None) == 0


def test_aperture_bridges_missing_frames() -> None:
    track = _talking(np.array([0.1, 0.2, 0.3]))
    track.present[1] = False
    track.landmarks[1] = np.nan
    assert lip_aperture(track) == pytest.approx([0.1, 0.2, 0.3])


def test_no_faces_is_an_error() -> None:
    with pytest.raises(ValueError, match="no face"):
        choose_speaker([], None)


def test_the_speaker_of_a_real_clip_is_the_man_on_the_right(
    asset_path: Callable[[str], Path], frames_of: Callable[..., list[NDArray[np.uint8]]]
) -> None:
    frames = frames_of(asset_path("obama_speech_video"), limit=60)
    with av.open(str(asset_path("obama_speech_audio"))) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        blocks = [out.to_ndarray()[0] for block in container.decode(audio=0) for out in resampler.resample(block)]
    tracks = candidates(frames, 12)
    assert len(tracks) == 2
    chosen = tracks[choose_speaker(tracks, np.concatenate(blocks)[: 5 * RATE], RATE)]
    assert np.nanmean(chosen.landmarks[:, :, 0]) > 160
