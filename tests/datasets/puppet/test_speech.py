from __future__ import annotations

import re
import time

import numpy as np
import pytest

from datasets.puppet import CAST, PuppetError
from datasets.puppet.articulation import CLOSED, SYMBOLS, articulate, hold
from datasets.puppet.motion import move, rotation
from datasets.puppet.sentences import TEST, TRAIN
from datasets.puppet.speech import _ARPABET, RATE, SILENCE, Utterance, Voice, say

VOICE = Voice("en-us", 170, 50)


@pytest.fixture(scope="module")
def utterance() -> Utterance:
    return say("My bike met papa.", VOICE)


def test_phonemes_cover_the_sound_without_gaps(utterance: Utterance) -> None:
    assert utterance.starts[0] == 0 and np.allclose(utterance.starts[1:], utterance.ends[:-1])
    assert (utterance.ends > utterance.starts).all()
    assert np.isclose(utterance.ends[-1] * RATE, len(utterance.samples), atol=1)
    assert np.isclose(utterance.ends[-1] * 30 % 1, 0, atol=1e-6) or np.isclose(
        utterance.ends[-1] * 30 % 1, 1, atol=1e-6
    )


def test_the_words_are_spoken_in_order(utterance: Utterance) -> None:
    spoken = [s for s in utterance.symbols if s != SILENCE]
    assert [s for s in spoken if s in {"M", "B", "K", "P", "T"}] == ["M", "B", "K", "M", "T", "P", "P"]
    assert utterance.symbols[0] == utterance.symbols[-1] == SILENCE


def test_silence_is_silent_and_vowels_are_not(utterance: Utterance) -> None:
    def level(start: float, end: float) -> float:
        return float(np.sqrt(np.mean(utterance.samples[round(start * RATE) : round(end * RATE)] ** 2)))

    vowels = [
        level(a, b) for s, a, b in zip(utterance.symbols, utterance.starts, utterance.ends, strict=True) if s == "AA"
    ]
    assert level(0, utterance.ends[0] - 0.02) < 1e-3 < 0.02 < min(vowels)


def test_the_same_text_sounds_the_same_whatever_was_said_before(utterance: Utterance) -> None:
    say("Something else.", VOICE)
    assert np.array_equal(say("My bike met papa.", VOICE).samples, utterance.samples)


def test_a_voice_with_breath_in_it_sounds_the_same_a_second_later() -> None:
    breathy = Voice("en-us-nyc+f5")
    first = say("plums", breathy)
    time.sleep(1.1)
    assert np.array_equal(say("plums", breathy).samples, first.samples)


def test_an_unknown_voice_is_an_error_that_names_it() -> None:
    with pytest.raises(PuppetError, match="xx-nobody"):
        say("Hello.", Voice("xx-nobody"))


def test_every_phoneme_that_can_be_spoken_can_be_articulated() -> None:
    assert set(_ARPABET.values()) <= SYMBOLS


def test_lips_are_shut_at_every_p_b_m(utterance: Utterance) -> None:
    for fps in (25.0, 30.0):
        times = np.arange(round(utterance.ends[-1] * fps)) / fps
        closed = articulate(utterance, times).closed
        for symbol, start, end in zip(utterance.symbols, utterance.starts, utterance.ends, strict=True):
            if symbol in CLOSED:
                a, b = hold(start, end)
                inside = (times >= a) & (times <= b)
                assert inside.any() and np.allclose(closed[inside], 1.0)


def test_the_mouth_rests_in_silence_and_opens_for_vowels(utterance: Utterance) -> None:
    times = np.arange(round(utterance.ends[-1] * 100)) / 100
    jaw = articulate(utterance, times).jaw
    (first,) = [s for p, s in zip(utterance.symbols, utterance.starts, strict=True) if p == "AA"][:1]
    assert jaw[0] < 0.1 and jaw[-1] < 0.1
    assert jaw[(times > first) & (times < first + 0.15)].max() > 0.3


def test_train_and_test_share_no_sentence_no_voice_and_no_portrait() -> None:
    assert len(set(TRAIN)) + len(set(TEST)) >= 40 and not set(TRAIN) & set(TEST)
    train, test = ([r for r in CAST if r.split == split] for split in ("train", "test"))
    assert len(train) >= 5 and len(test) >= 3
    for what in ("mead", "voxceleb2", "portrait"):
        assert not {getattr(r, what) for r in train} & {getattr(r, what) for r in test}
    assert not {r.voice.name for r in train} & {r.voice.name for r in test}
    assert len({r.voice.name for r in CAST}) == len(CAST)


def test_every_test_sentence_and_most_others_have_sounds_that_close_the_lips() -> None:
    closing = [bool(re.search("[pbm]", sentence.lower())) for sentence in (*TEST, *TRAIN)]
    assert all(closing[: len(TEST)]) and sum(closing) > 0.7 * len(closing)


def test_motion_is_smooth_bounded_and_repeatable() -> None:
    times = np.arange(300) / 30
    one, other = (move(times, np.ones(300), 1.5, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one.euler, other.euler) and np.array_equal(one.blinks, other.blinks)
    assert np.abs(one.euler).max() < 17 and np.abs(np.diff(one.euler, axis=0)).max() < 3


def test_blinks_happen_when_the_truth_says_and_do_not_overlap() -> None:
    times = np.arange(900) / 30
    motion = move(times, np.ones(900), 1.0, np.random.default_rng(1))
    assert len(motion.blinks) >= 2
    inside = np.zeros(900, dtype=bool)
    for start, end in motion.blinks:
        assert 0.2 <= end - start <= 0.4
        window = (times >= start) & (times <= end)
        assert motion.blink[window].max() > 0.8
        inside |= window
    assert (motion.blink[~inside] == 0).all() and motion.blink[0] == 0
    assert (motion.blinks[1:, 0] > motion.blinks[:-1, 1]).all()


def test_rotations_turn_the_way_that_is_documented() -> None:
    nose, down, right = np.array([0, 0, -1.0]), np.array([0, 1.0, 0]), np.array([1.0, 0, 0])
    assert (rotation(np.array([10.0, 0, 0])) @ nose)[1] > 0, "positive pitch looks down"
    assert (rotation(np.array([0, 10.0, 0])) @ nose)[0] < 0, "positive yaw looks to the picture's left"
    assert (rotation(np.array([0, 0, 10.0])) @ right) @ down > 0, "positive roll lowers the picture's right side"
