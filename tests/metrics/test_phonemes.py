from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import resample_poly

from datasets.puppet.speech import Utterance, Voice, say
from metrics.base import Phoneme
from metrics.features.phonemes import (
    ARPABET,
    BILABIALS,
    PROTOCOL,
    RATE,
    SILENCE,
    _contiguous,
    _decoder,
    _pieces,
    recognise,
)


@pytest.fixture(scope="module")
def spoken() -> list[Utterance]:
    texts = [
        "Please bring the blue map back before midnight.",
        "Seven people were walking along the river bank.",
        "The morning began with a simple plan.",
    ]
    return [say(text, Voice("en-us", speed=150)) for text in texts]


def _middles(symbols: list[str] | tuple[str, ...], starts: object, ends: object) -> NDArray[np.float64]:
    middles = (np.asarray(starts) + np.asarray(ends)) / 2
    return middles[[symbol in BILABIALS for symbol in symbols]]


def _bilabials(phonemes: list[Phoneme]) -> NDArray[np.float64]:
    return _middles([p.symbol for p in phonemes], [p.start for p in phonemes], [p.end for p in phonemes])


def test_phonemes_follow_each_other_without_gaps_over_the_whole_sound(spoken: list[Utterance]) -> None:
    for utterance in spoken:
        phonemes = recognise(utterance.samples)
        assert {p.symbol for p in phonemes} <= {*ARPABET, SILENCE}
        assert phonemes[0].start == 0.0
        assert phonemes[-1].end == len(utterance.samples) / RATE
        assert all(a.end == b.start and a.end > a.start for a, b in pairwise(phonemes))


def test_bilabials_are_found_where_they_were_spoken(spoken: list[Utterance]) -> None:
    found, true, hits = 0, 0, 0
    for utterance in spoken:
        truth = _middles(utterance.symbols, utterance.starts, utterance.ends)
        middles = _bilabials(recognise(utterance.samples))
        distance = np.abs(truth[:, None] - middles[None, :])
        found, true, hits = found + len(middles), true + len(truth), hits + int((distance.min(axis=1) < 0.07).sum())
    assert hits / true > 0.5
    assert hits / found > 0.5


def test_the_result_does_not_depend_on_what_was_recognised_before(spoken: list[Utterance]) -> None:
    first, second = spoken[:2]
    _decoder.cache_clear()
    fresh = recognise(first.samples)
    recognise(second.samples)
    again = recognise(first.samples)
    assert fresh == again


def test_loudness_does_not_change_the_result(spoken: list[Utterance]) -> None:
    assert recognise(spoken[0].samples * np.float32(0.125)) == recognise(spoken[0].samples)


def test_other_rates_are_resampled(spoken: list[Utterance]) -> None:
    phonemes = recognise(resample_poly(spoken[2].samples, 3, 1).astype(np.float32), 48000)
    assert phonemes[-1].end == pytest.approx(len(spoken[2].samples) / RATE)
    assert len(_bilabials(phonemes)) == pytest.approx(len(_bilabials(recognise(spoken[2].samples))), abs=1)


@pytest.mark.parametrize("samples", [1, 100, 2000, 32000])
def test_silence_and_sound_too_short_for_speech_are_one_silence(samples: int) -> None:
    assert recognise(np.zeros(samples, np.float32)) == [Phoneme(SILENCE, 0.0, samples / RATE)]
    loud = recognise(np.full(min(samples, 2000), 0.5, np.float32))
    assert [p.symbol for p in loud] == [SILENCE]


def test_no_audio_gives_no_phonemes() -> None:
    assert recognise(np.zeros(0, np.float32)) == []


@pytest.mark.parametrize("audio", [np.zeros((2, 100)), np.array([0.0, np.nan]), np.array([np.inf])])
def test_what_is_not_a_waveform_is_refused(audio: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="audio"):
        recognise(audio)


def test_long_recordings_are_cut_where_it_is_quiet() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 70 * RATE)
    sound[25 * RATE : int(25.5 * RATE)] = 0.0
    pieces = list(_pieces(sound))
    assert [a for a, _ in pieces[1:]] == [b for _, b in pieces[:-1]]
    assert pieces[0][0] == 0 and pieces[-1][1] == len(sound)
    assert max(b - a for a, b in pieces) <= 30 * RATE
    assert 25.0 <= pieces[0][1] / RATE <= 25.5


def test_gaps_become_silence_and_silences_are_joined() -> None:
    phonemes = _contiguous([(SILENCE, 0.0, 0.1), ("P", 0.1, 0.2), ("AA", 0.3, 0.4), (SILENCE, 0.4, 0.5)], 1.0)
    assert [p.symbol for p in phonemes] == [SILENCE, "P", SILENCE, "AA", SILENCE]
    assert phonemes[-1].end == 1.0


def test_real_speech_is_recognised(asset_path: Callable[[str], Path]) -> None:
    rate, pcm = wavfile.read(asset_path("obama_speech_audio"))
    mono = pcm.astype(np.float32).reshape(len(pcm), -1).mean(axis=1) / 32768
    symbols = [p.symbol for p in recognise(mono, rate)]
    assert 50 < sum(symbol != SILENCE for symbol in symbols) < 90
    assert "P" in symbols[symbols.index("SH") :]  # "negotiations ... partners"


def test_the_protocol_names_version_and_parameters() -> None:
    assert "pocketsphinx 5" in PROTOCOL["recogniser"]
    assert PROTOCOL["parameters"]["maxhmmpf"] == 2000
