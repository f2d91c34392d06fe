"""Sanity models: rows that every table should carry. A metric that cannot tell them apart is not worth printing.

They look at the real clip, which a model under test never may.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat

import numpy as np
from numpy.typing import NDArray

from bench.config import AUDIO_RATE
from bench.models.base import Animation, Case, Context, ModelError, Options, check_options
from datasets.media import read_audio, read_frames


class GroundTruth:
    """The clip itself, byte for byte: the ceiling of every metric."""

    name = "ground-truth"
    uses = frozenset({"clip"})
    version = "1"

    def animate(self, case: Case, seed: int) -> Animation:
        return Animation(file=case.clip_video)


class ReEncoded:
    """The clip once more through the codec: prices codec noise."""

    name = "re-encoded"
    uses = frozenset({"clip"})

    def __init__(self, crf: int = 32) -> None:
        self.crf = crf

    @property
    def version(self) -> str:
        return f"1-crf{self.crf}"

    def animate(self, case: Case, seed: int) -> Animation:
        return Animation(frames=_all_frames(case), audio=_sound(case), crf=self.crf)


class Still:
    """The portrait, held: what doing nothing scores."""

    name = "still"
    uses = frozenset({"audio"})
    version = "1"

    def animate(self, case: Case, seed: int) -> Animation:
        return Animation(frames=repeat(case.portrait, case.frames), audio=_sound(case))


class Shuffled:
    """The clip's pictures with the sound of another case, of another speaker where there is one."""

    name = "shuffled"
    uses = frozenset({"clip"})
    version = "1"

    def __init__(self, context: Context) -> None:
        self.context = context

    def animate(self, case: Case, seed: int) -> Animation:
        if case.silent:
            return Animation(file=case.clip_video)
        borrowed = borrowed_sound(case, self.context, seed)
        return Animation(file=case.clip_video, sound_of_its_own=True, audio=borrowed)


def borrowed_sound(case: Case, context: Context, seed: int) -> NDArray[np.float32]:
    """The speech of another case, of another speaker where there is one, as long as this case's own.

    Raises:
        ModelError: no other case has sound.
    """
    mine = context.speakers[case.name]
    names = [name for name in context.sounds if name != case.name]
    others = [name for name in names if context.speakers[name] != mine] or names
    if not others:
        raise ModelError("not_generated", "the case set has no other case with sound to take it from")
    # The same distance for every case spreads the borrowed sounds evenly.
    other = others[(list(context.sounds).index(case.name) + seed) % len(others)]
    return np.resize(read_audio(context.sounds[other], AUDIO_RATE), len(case.audio))


class Shifted:
    """The clip's pictures with its own sound moved by a number of frames; positive means that the sound comes later."""

    name = "shifted"
    uses = frozenset({"clip"})

    def __init__(self, frames: int = 5) -> None:
        self.frames = frames

    @property
    def version(self) -> str:
        return f"1-{self.frames:+d}"

    def animate(self, case: Case, seed: int) -> Animation:
        if case.silent:
            return Animation(file=case.clip_video)
        sound = shift(case.audio, round(self.frames / case.fps * AUDIO_RATE))
        return Animation(file=case.clip_video, sound_of_its_own=True, audio=sound)


def shift(audio: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """The sound moved by `samples` (positive: later), same length, silence where nothing is known."""
    moved = np.zeros_like(audio)
    if samples >= 0:
        moved[samples:] = audio[: max(0, len(audio) - samples)]
    else:
        moved[:samples] = audio[-samples:]
    return moved


def _all_frames(case: Case) -> Iterator[NDArray[np.uint8]]:
    return islice(read_frames(case.clip_video, case.fps), case.frames)


def _sound(case: Case) -> NDArray[np.float32] | None:
    return None if case.silent else case.audio


def ground_truth(options: Options, context: Context) -> GroundTruth:
    check_options("ground-truth", options, {})
    return GroundTruth()


def re_encoded(options: Options, context: Context) -> ReEncoded:
    check_options("re-encoded", options, {"crf": int})
    return ReEncoded(**options)


def still(options: Options, context: Context) -> Still:
    check_options("still", options, {})
    return Still()


def shuffled(options: Options, context: Context) -> Shuffled:
    check_options("shuffled", options, {})
    return Shuffled(context)


def shifted(options: Options, context: Context) -> Shifted:
    check_options("shifted", options, {"frames": int})
    return Shifted(**options)
