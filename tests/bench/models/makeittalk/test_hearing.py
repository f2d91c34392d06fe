"""Speech on its way into the networks, against what the public recipe and its packages gave (`golden`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.models.base import Context
from bench.models.checkpoints import load_network
from bench.models.makeittalk.adapter import _inferring
from bench.models.makeittalk.autovc import AutoVC
from bench.models.makeittalk.pitch import log_pitch
from bench.models.makeittalk.speech import (
    CHUNK,
    at_loudness,
    cleaned,
    mel_levels,
    pitch_classes,
    said_by,
    sixteen_bit,
)
from bench.models.makeittalk.voice import VoiceEncoder, at_least_loud, partial_starts, without_silence
from datasets.media import read_audio
from tests.oracle import Oracle

CPU = Context("cpu", {}, {}, "")


@pytest.fixture(scope="module")
def real_speech(asset_path: Callable[[str], Path]) -> NDArray[np.int16]:
    """8.7 s of a man."""
    return sixteen_bit(read_audio(asset_path("obama_speech_audio")))


def _quiet(oracle: Oracle) -> NDArray[np.int16]:
    return np.rint(oracle.audio("recipe.sound", 16384) * 0.1).astype(np.int16)


def test_loudness_is_pydubs_to_the_bit(oracle: Oracle) -> None:
    golden = oracle.recorded("heard")
    assert np.array_equal(at_loudness(_quiet(oracle))[:: int(golden["loud.stride"])], golden["loud"])


def test_loud_peaks_are_cut_off_and_silence_stays() -> None:
    clicks = np.zeros(16000, np.int16)
    clicks[::1000] = 20000
    assert at_loudness(clicks).max() == 32767
    assert np.array_equal(at_loudness(np.zeros(9, np.int16)), np.zeros(9))
    assert len(at_loudness(np.zeros(0, np.int16))) == 0


def test_spectrogram_is_the_recipes(oracle: Oracle) -> None:
    golden = oracle.recorded("heard")
    mel = mel_levels(cleaned(at_loudness(_quiet(oracle))))
    assert mel.shape == tuple(golden["mel.shape"])
    assert np.abs(mel.reshape(-1)[:: int(golden["mel.stride"])] - golden["mel"]).max() <= 1e-9


def test_pitch_classes_are_the_recipes(oracle: Oracle) -> None:
    unvoiced = oracle.uniform("recipe.voiced", (200,)).numpy() < 0.3
    hertz = np.where(unvoiced, np.nan, oracle.normal("recipe.pitch", (200,), 0.3).numpy() + 5)
    assert np.array_equal(pitch_classes(hertz), oracle.recorded("heard")["classes"])


def test_speech_without_voice_or_with_one_voiced_frame_has_classes() -> None:
    assert not pitch_classes(np.full(5, np.nan)).any()
    assert list(pitch_classes(np.array([np.nan, 5.0]))) == [0, 129]


def test_pitch_is_sptks_but_for_single_frames(oracle: Oracle, real_speech: NDArray[np.int16]) -> None:
    recorded = oracle.recorded("real")["log_pitch"]
    found = log_pitch(cleaned(real_speech))
    voiced, expected = np.isfinite(found), np.isfinite(recorded)
    assert found.shape == recorded.shape
    assert (voiced == expected).mean() >= 0.98
    error = np.abs(found - recorded)[voiced & expected]
    assert np.median(error) < 0.001
    assert (error < 0.05).mean() > 0.95


@pytest.mark.parametrize("hertz", [120, 200, 350, 590])
def test_pitch_of_a_tone_with_overtones_is_found(hertz: float) -> None:
    time = np.arange(16000) / 16000
    tone = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 6))
    found = np.exp(log_pitch(0.1 * np.asarray(tone)))
    assert np.nanmedian(found) == pytest.approx(hertz, rel=0.005)


def test_no_pitch_in_silence_noise_and_low_voices() -> None:
    time = np.arange(16000) / 16000
    low = sum(np.sin(2 * np.pi * 105 * k * time) / k for k in range(1, 6))
    noise = np.random.RandomState(1).standard_normal(16000)
    for sound in (np.zeros(16000), 0.1 * np.asarray(low), 0.05 * noise):
        assert np.isfinite(log_pitch(sound)).mean() < 0.05


def test_words_in_another_voice_are_the_recipes(oracle: Oracle, autovc: AutoVC) -> None:
    """65 frames, padded to 96. The recipe goes through float32 on its way into the network."""
    mel = oracle.normal("recipe.mel", (65, 80), 0.5).float().double().numpy()
    pitch = np.floor(257 * oracle.uniform("recipe.classes", (65,)).numpy()).astype(np.int64)
    own, other = (oracle.normal(f"recipe.{who}", (256,), 0.3).float().double() for who in ("own", "other"))
    assert oracle.error("said", value=said_by(autovc, mel, pitch, own, other)) <= 1e-9


def test_words_are_said_in_chunks_of_which_none_hears_the_other(
    autovc: AutoVC, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CHUNK % 32 == 0
    monkeypatch.setattr("bench.models.makeittalk.speech.CHUNK", 64)
    random = np.random.RandomState(0)
    mel, pitch = random.rand(150, 80), random.randint(0, 257, 150)
    voices = torch.rand(256), torch.rand(256)
    said = said_by(autovc, mel, pitch, *voices)
    assert said.shape == (150, 80)
    for first, last in ((64, 128), (128, 150)):
        alone = said_by(autovc, mel[first:last], pitch[first:last], *voices)
        assert torch.allclose(said[first:last], alone, atol=1e-9)


def test_silence_is_cut_as_by_resemblyzer(oracle: Oracle, real_speech: NDArray[np.int16]) -> None:
    sound = (real_speech / 32768).astype(np.float32)
    assert len(without_silence(at_least_loud(sound))) == int(oracle.recorded("real")["kept"])
    assert len(without_silence(np.zeros(32000, np.float32))) == 0


@given(st.integers(0, 400_000))
def test_partial_utterances_cover_the_speech(samples: int) -> None:
    starts = partial_starts(samples)
    assert starts == list(range(0, 50 * len(starts), 50))
    assert samples - (starts[-1] + 160) * 160 < 50 * 160
    assert len(starts) == 1 or samples - starts[-1] * 160 >= 0.75 * 160 * 160


def test_voice_is_resemblyzers(
    oracle: Oracle, real_speech: NDArray[np.int16], asset_path: Callable[[str], Path]
) -> None:
    asset_path("resemblyzer")
    network = load_network(VoiceEncoder(), "resemblyzer", CPU, key="model_state", rename=_inferring)
    sound = (real_speech / 32768).astype(np.float32)
    voice = network.embed(sound)
    assert np.abs(voice - oracle.recorded("real")["voice"]).max() <= 1e-5
    assert np.isfinite(network.embed(np.zeros(16000, np.float32))).all()
    half = len(sound) // 2
    higher = np.interp(np.arange(0, half, 1.4), np.arange(half), sound[:half]).astype(np.float32)
    same, other = (float(network.embed(sound[half:]) @ network.embed(each)) for each in (sound[:half], higher))
    assert same > other + 0.1
