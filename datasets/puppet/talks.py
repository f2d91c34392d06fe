"""Talks: sound and landmarks of puppets that nobody draws, for networks that see no pictures.

Drawing takes nearly all of the time that a clip takes. Without it, hours of speech in many voices cost minutes; half
of the talks are sentences, half are words of these sentences in an order of chance, so that no sentence is learned
by heart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from datasets.base import EMOTIONS
from datasets.puppet.animate import perform
from datasets.puppet.emotion import levels
from datasets.puppet.errors import PuppetError
from datasets.puppet.extras import drawn_voice
from datasets.puppet.plan import ClipPlan, PuppetSpec, randomness
from datasets.puppet.sentences import TRAIN
from datasets.puppet.speakers import Locate, Speaker, make_speaker

SIZE = 256
"""Side of the frame that the landmarks lie in."""
_NEUTRAL = 0.3
"""Share of talks without an emotion: of any other there is as much as of the rest."""
_SENTENCES = (1, 2)
_WORDS = (6, 14)


@dataclass(frozen=True)
class Talk:
    """One talk.

    Attributes:
        clip: what is said by whom and how; its paths name no files. speaker: who, without a picture.
    """

    clip: ClipPlan
    speaker: Speaker

    def perform(self, spec: PuppetSpec) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Landmarks ``(T, 478, 3)`` in frame units (the frame is -1..1), and sound ``(S,)`` at 16 kHz."""
        made = perform(self.clip, self.speaker, self.speaker.placed(SIZE), randomness(spec, self.clip.name))
        units = made.vertices * (2 / SIZE) - np.array([1.0, 1.0, 0.0])
        return units.astype(np.float32), made.utterance.samples


def talks(
    spec: PuppetSpec, count: int, fps: float, portraits: Mapping[str, NDArray[np.uint8]], locate: Locate
) -> list[Talk]:
    """`count` talks of the training speakers of a specification, in a fixed order.

    Args:
        spec: whose speakers and seed. count: how many. fps: landmarks a second. portraits, locate: as for `datasets.puppet.build`.

    Raises:
        PuppetError: a portrait is missing or unfit.
    """
    if count < 0:
        raise PuppetError(f"the number of talks must not be negative, got {count}")
    cast = [recipe for recipe in spec.cast if recipe.split == "train"]
    people = [make_speaker(recipe, portraits, locate).unseen() for recipe in cast[:count]]
    return [_talk(spec, people, number, fps) for number in range(count)]


def _talk(spec: PuppetSpec, people: Sequence[Speaker], number: int, fps: float) -> Talk:
    name = f"talk/{number:06d}"
    # Apart from the chance of the performance, which is seeded by the name alone.
    random = randomness(spec, f"{name}/plan")
    person = people[number % len(people)]
    emotion = "neutral" if random.random() < _NEUTRAL else str(random.choice([e for e in EMOTIONS if e != "neutral"]))
    clip = ClipPlan(
        name=name, speaker=number % len(people), text=_text(random), emotion=emotion,
        level=int(random.choice(levels(emotion))), video=PurePosixPath(name), audio=PurePosixPath(name), boxes=None,
        muxed=False, fps=fps, size=SIZE, liveliness=float(random.uniform(0.8, 1.4)),
    )  # fmt: skip
    voice = drawn_voice(person.recipe.mead[0], random)
    return Talk(clip, replace(person, recipe=replace(person.recipe, voice=voice)))


def _text(random: np.random.Generator) -> str:
    if random.random() < 0.5:
        chosen = random.choice(len(TRAIN), int(random.integers(_SENTENCES[0], _SENTENCES[1] + 1)), replace=False)
        return " ".join(TRAIN[int(index)] for index in chosen)
    words = sorted({word for sentence in TRAIN for word in re.findall(r"[A-Za-z']+", sentence.lower())})
    return " ".join(random.choice(words, int(random.integers(_WORDS[0], _WORDS[1] + 1)))) + "."
