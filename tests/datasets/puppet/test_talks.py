"""Talks: hours of training speech without pictures, of training speakers, voices and sentences only."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.puppet import CAST, PuppetError, PuppetSpec, Talk, talks
from datasets.puppet.sentences import TEST, TRAIN
from datasets.puppet.speech import RATE
from tests.datasets.puppet.conftest import Image, Locate

SPEC = PuppetSpec()


@pytest.fixture(scope="module")
def made(portrait: Image, locate: Locate) -> list[Talk]:
    return talks(SPEC, 12, 25.0, dict.fromkeys(SPEC.portraits, portrait), locate)


def _words(texts: list[str] | tuple[str, ...]) -> set[str]:
    return {word for text in texts for word in re.findall(r"[a-z']+", text.lower())}


def test_talks_use_training_speakers_voices_and_words_only(made: list[Talk]) -> None:
    hidden = {recipe.voice.name.partition("+")[2] for recipe in CAST if recipe.split == "test"}
    assert {talk.speaker.recipe.split for talk in made} == {"train"}
    assert not {talk.speaker.recipe.voice.name.partition("+")[2] for talk in made} & hidden
    assert _words([talk.clip.text for talk in made]) <= _words(TRAIN)
    assert not any(sentence in talk.clip.text for talk in made for sentence in TEST)


def test_one_speaker_talks_in_many_voices(made: list[Talk]) -> None:
    first = [talk for talk in made if talk.clip.speaker == 0]
    assert len(first) > 1 and len({talk.speaker.recipe.voice for talk in first}) == len(first)


def test_sound_and_landmarks_belong_together(made: list[Talk]) -> None:
    landmarks, sound = made[0].perform(SPEC)
    assert landmarks.shape[1:] == (478, 3) and landmarks.dtype == np.float32
    assert len(sound) / RATE == pytest.approx(len(landmarks) / 25, abs=0.5 / 25)
    assert np.abs(landmarks[..., :2]).max() < 1.3
    opening = np.linalg.norm(landmarks[:, 14] - landmarks[:, 13], axis=1)
    speaking = opening[8:-8]
    # Silence at both ends: the mouth rests there and moves between.
    assert speaking.max() > 3 * max(opening[0], 1e-3)


def test_talk_number_n_is_the_same_however_many_there_are(made: list[Talk], portrait: Image, locate: Locate) -> None:
    fewer = talks(SPEC, 6, 25.0, dict.fromkeys(SPEC.portraits, portrait), locate)
    assert [talk.clip for talk in fewer] == [talk.clip for talk in made[:6]]
    again: NDArray[np.float32] = fewer[3].perform(SPEC)[0]
    assert np.array_equal(again, made[3].perform(SPEC)[0])


def test_a_negative_count_is_refused(portrait: Image, locate: Locate) -> None:
    with pytest.raises(PuppetError, match="must not be negative"):
        talks(SPEC, -1, 25.0, dict.fromkeys(SPEC.portraits, portrait), locate)
