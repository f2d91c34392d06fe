"""A clip opened for damage: its frames and sound, and, for a synthetic one, the stage to draw it again on."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.config import AUDIO_RATE
from bench.errors import BenchError
from bench.validity.subjects import SPEC, Subject
from datasets.media import probe, read_audio, read_frames
from datasets.puppet.animate import NO_CHANGE, Change, draw, perform
from datasets.puppet.plan import randomness
from datasets.puppet.speakers import Speaker

Frames = NDArray[np.uint8]
CRF = 10
"""Quality at which the suite writes videos, and so damaged ones."""


@dataclass(frozen=True)
class Take:
    """What a damage makes of a clip.

    Attributes:
        frames: ``(T, H, W, 3)``; None keeps the clip's pictures packet for packet.
        sound: ``(S,)`` float32 at 16 kHz, or None. crf: H.264 quality at which the frames are written.
    """

    frames: Frames | None
    sound: NDArray[np.float32] | None
    crf: int = CRF


class Footage:
    """Reads what a damage asks for, once."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.seed = zlib.crc32(subject.clip.encode())
        self.fps = probe(subject.video).fps

    @cached_property
    def frames(self) -> Frames:
        """The clip as it is decoded, ``(T, H, W, 3)``."""
        return np.stack(list(read_frames(self.subject.video)))

    @cached_property
    def sound(self) -> NDArray[np.float32] | None:
        """``(S,)``, or None where the clip has none."""
        return None if self.subject.sound is None else read_audio(self.subject.sound, AUDIO_RATE)

    @cached_property
    def stranger(self) -> Frames:
        """Another person: the double in the same performance, or the frames of another real clip."""
        if self.subject.actor is not None:
            return self._drawn(self.subject.actor.double, NO_CHANGE)
        assert self.subject.stranger is not None
        return np.stack(list(read_frames(self.subject.stranger)))

    def again(self, change: Change) -> Frames:
        """The clip drawn again with a known change. Only synthetic clips can be."""
        if self.subject.actor is None:
            raise BenchError(f"clip {self.subject.clip!r} is not a synthetic one and cannot be drawn again")
        return self._drawn(self.subject.actor.speaker, change)

    def _drawn(self, speaker: Speaker, change: Change) -> Frames:
        assert self.subject.actor is not None
        plan = self.subject.actor.plan
        mesh, placement = speaker.at(plan.size)
        made = perform(plan, speaker, placement, randomness(SPEC, plan.name), change)
        return np.stack(list(draw(made, mesh)))
