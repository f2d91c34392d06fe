"""Speakers beyond the fixed cast, drawn by rule: new shapes, colours and voices of the portraits of their split; training
speakers have some portraits of their own too.

A model that is trained on five people learns five people, and three test speakers make wide intervals. These are as many
more as are asked for. The two splits share no portrait, no voice and no sentence.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import NamedTuple

import numpy as np

from datasets.puppet.appearance import Appearance
from datasets.puppet.recipes import CAST, Recipe
from datasets.puppet.shape import BoneShape
from datasets.puppet.speech import Voice

MOST = 99
"""Training speakers are named M101 to M199 or W101 to W199, test speakers M201 to M299 or W201 to W299: three digits, as in
MEAD, whose own end at 42."""

_ACCENTS = ("en-us", "en-us-nyc", "en-gb-x-rp")
_FEMALE = ("f2", "f4", "f5", "Alicia", "Andrea", "Annie", "anika", "aunty", "belinda", "linda", "steph", "shelby")
_MALE = (
    "m1", "m3", "m4", "m5", "m6", "m7", "m8", "Alex", "Andy", "Denis", "Diogo", "Gene", "Henrique", "Hugo", "Lee", "Marco",
    "Michael", "Mike", "Reed", "adam", "antonio", "benjamin", "boris", "caleb", "david", "ed", "edward", "ian", "john",
    "max", "pablo", "paul", "quincy", "rob", "robert", "travis", "victor",
)  # fmt: skip
"""Variants of espeak-ng that sound like people."""
_TEST_FEMALE = ("f1", "f3", "grandma", "steph2", "steph3")
_TEST_MALE = ("m2", "Jacky", "gustave", "iven", "marcelo", "michel", "miguel", "norbert", "pedro", "sandro", "zac")
"""Others, for test speakers alone."""


class _Split(NamedTuple):
    """What tells the extra speakers of the splits apart: a word of their seed, the hundred of their names, their voices by
    letter, and portraits that none of the cast has, each with its letter."""

    word: int
    hundred: int
    voices: dict[str, tuple[str, ...]]
    beside: tuple[tuple[str, str], ...]


_SPLITS = {
    "train": _Split(
        0x5EA4, 1, {"M": _MALE, "W": _FEMALE}, (("W", "grace_hopper"), ("M", "psychopy_face"), ("W", "pyfeat_face_a"))
    ),
    "test": _Split(0x7E57, 2, {"M": _TEST_MALE, "W": _TEST_FEMALE}, ()),
}

_NARROW = {"eye_size": (-0.3, 0.3), "brow_height": (-0.1, 0.8), "mouth_width": (-0.4, 0.3), "forehead": (-0.6, 0.6)}
"""Shapes of which the full range would not look human; the others take `_WIDE`."""
_WIDE = (-0.8, 0.8)


def extra_speaker(seed: int, number: int, split: str = "train") -> Recipe:
    """The extra speaker of a number 0..98 of a split (``train`` or ``test``); it depends on these and the seed alone."""
    own, models = _SPLITS[split], _models(split)
    random = np.random.default_rng([seed, own.word, number])
    letter, portrait = models[number % len(models)]
    voice = drawn_voice(letter, random, split)
    shape = BoneShape(
        **{field.name: float(random.uniform(*_NARROW.get(field.name, _WIDE))) for field in fields(BoneShape)}
    )
    skin, hair, background = (
        _colour(random, *spread) for spread in ((8.0, 4.0, 5.0), (7.0, 3.0, 6.0), (14.0, 14.0, 16.0))
    )
    return Recipe(
        f"{letter}{100 * own.hundred + 1 + number}",
        f"id{90000 + 1000 * own.hundred + number}",
        split,
        portrait,
        voice,
        float(random.uniform(0.8, 1.4)),
        shape,
        Appearance(skin=skin, hair=hair, background=background, mirror=bool(random.integers(2))),
    )


@cache
def _models(split: str) -> tuple[tuple[str, str], ...]:
    """Letter and portrait of all that extra speakers of a split are made from, each once."""
    cast = {(recipe.mead[0], recipe.portrait): None for recipe in CAST if recipe.split == split}
    return (*cast, *_SPLITS[split].beside)


def drawn_voice(letter: str, random: np.random.Generator, split: str = "train") -> Voice:
    """A voice that nobody of the other split has; `letter` is ``M`` or ``W``, as speakers are named."""
    return Voice(
        f"{random.choice(_ACCENTS)}+{random.choice(_SPLITS[split].voices[letter])}",
        speed=int(random.integers(140, 206)),
        pitch=int(random.integers(25, 76)),
    )


def _colour(random: np.random.Generator, light: float, red: float, yellow: float) -> tuple[float, float, float]:
    values = random.uniform(-1, 1, 3) * (light, red, yellow)
    return float(values[0]), float(values[1]), float(values[2])
