"""Talks of puppets in the training store: sound and landmarks, no pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import soxr

from bench.training.build import finish_clip, packed_sound
from bench.training.store import StoreSettings
from datasets.puppet import VERSION, PuppetSpec, Talk
from datasets.puppet.speech import RATE


@dataclass(frozen=True)
class TalkSource:
    """A talk as a `bench.training.build.Source`; its landmarks are the truth, not tracked."""

    talk: Talk
    spec: PuppetSpec

    @property
    def clip(self) -> str:
        return self.talk.clip.name

    @property
    def speaker(self) -> str:
        # Not the name of the drawn speaker: portraits are taken from a speaker's own clips, and tracked landmarks of
        # a portrait lie elsewhere than true ones.
        return f"talk-{self.talk.speaker.recipe.mead}"

    @property
    def emotion(self) -> str | None:
        return self.talk.clip.emotion

    @property
    def level(self) -> int | None:
        return self.talk.clip.level

    @property
    def dataset(self) -> str:
        return "talk"

    @property
    def split(self) -> str:
        return "train"

    @property
    def place(self) -> str:
        return self.clip

    def fingerprint(self) -> Any:
        return [
            VERSION,
            self.spec.seed,
            self.spec.extras,
            self.clip,
            self.talk.clip.fps,
            self.talk.speaker.recipe.portrait,
        ]

    def write(self, stream: BinaryIO, settings: StoreSettings) -> dict[str, int]:
        landmarks, speech = self.talk.perform(self.spec)
        sound = np.asarray(soxr.resample(speech, RATE, settings.audio_rate), np.float32)
        offsets = [0] * (len(landmarks) + 1)
        return finish_clip(stream, offsets, landmarks, len(landmarks), packed_sound(sound, len(landmarks), settings))
