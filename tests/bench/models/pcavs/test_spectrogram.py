"""PC-AVS's spectrogram equals the published recipe, and any part of it can be had alone."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.models.pcavs.spectrogram import columns, normalized, windows


def _speech(samples: int) -> NDArray[np.float32]:
    """Three swelling tones and a little noise, ``(samples,)``, mostly inside -0.5..0.5."""
    time = np.arange(samples) / 16000
    tones = sum(np.sin(2 * np.pi * pitch * time) * (1 + np.sin(9 * time + pitch)) for pitch in (140, 900, 3100))
    return (0.05 * tones + 0.01 * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)


SOUND = _speech(16000)


def test_columns_are_those_of_librosa_under_the_published_settings() -> None:
    place = np.arange(1, 2 * 1280, 2) / (2 * 1280)
    window = np.sqrt((0.5 - 0.5 * np.cos(2 * np.pi * place)) * 2 * 160 / 1280)  # lws's: perfect reconstruction
    padded = np.pad(SOUND.astype(np.float64), 1280 - 160)
    amplitude = np.abs(librosa.stft(padded, n_fft=1280, hop_length=160, window=window, center=False))
    mel = librosa.filters.mel(sr=16000, n_fft=1280, n_mels=80, fmin=125, fmax=7600) @ amplitude
    expected = np.clip((librosa.amplitude_to_db(mel, amin=1e-5, top_db=None) - 20 + 100) / 100, 0, 1).T
    assert expected.std() > 0.05 and len(expected) == 107
    assert np.abs(columns(SOUND, 0, 107) - expected).max() <= 2e-6


@settings(deadline=None, max_examples=30)
@given(first=st.integers(-30, 130), count=st.integers(1, 40))
def test_a_part_is_the_same_alone(first: int, count: int) -> None:
    whole = columns(SOUND, -30, 200)
    assert np.array_equal(columns(SOUND, first, count), whole[first + 30 : first + 30 + count])


def test_silence_is_zero_before_after_and_throughout() -> None:
    assert not columns(SOUND, -20, 20).any() and not columns(SOUND, 107, 5).any()
    assert not columns(normalized(np.zeros(4000, np.float32)), 0, 25).any()
    assert not columns(np.zeros(0, np.float32), 0, 3).any()


@pytest.mark.parametrize("gain", [0.01, 1.0, 3.0])
def test_every_sound_has_the_loudness_that_the_network_knows(gain: float) -> None:
    sound = normalized(gain * SOUND)
    assert float(np.sqrt(np.mean(sound**2))) == pytest.approx(0.1, rel=1e-5)
    # Whoever whispers below the floor is not raised to full loudness.
    assert float(np.abs(normalized(1e-6 * SOUND)).max()) < 0.01


def test_a_window_begins_two_frames_before_its_own() -> None:
    made = windows(SOUND, 3, 5, 25.0)
    assert made.shape == (5, 1, 80, 20)
    assert all(np.array_equal(made[i, 0], columns(SOUND, 4 * (3 + i) - 8, 20).T) for i in range(5))


@pytest.mark.parametrize("fps", [30.0, 12.5, 60.0])
def test_at_other_rates_a_window_is_at_the_same_time(fps: float) -> None:
    made = windows(SOUND, 0, round(fps), fps)
    for frame in (0, 1, round(fps / 2), round(fps) - 1):
        assert np.array_equal(made[frame, 0], columns(SOUND, round(100 * frame / fps) - 8, 20).T)
