"""Which clips there are: who says what, how, and under which names in the two layouts."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from datasets.base import EMOTIONS
from datasets.puppet.emotion import levels
from datasets.puppet.errors import PuppetError
from datasets.puppet.extras import MOST, extra_speaker
from datasets.puppet.recipes import CAST, Recipe
from datasets.puppet.sentences import TEST, TRAIN

SENTENCE_SECONDS = 2.4
"""About how long one sentence takes with the silence around it."""


@dataclass(frozen=True)
class PuppetSpec:
    """What to make.

    Attributes:
        seed: of everything that is drawn by chance.
        size: side of MEAD's videos in pixels; VoxCeleb2's are 7/8 of it (224 beside 256, as in the real sets).
        mead_per_speaker: MEAD clips a speaker; 8 is each emotion once.
        vox_per_speaker: VoxCeleb2 clips a speaker.
        seconds: about how long a clip is; whole sentences are spoken.
        scale: multiplies both counts.
        extras, test_extras: training and test speakers beyond the fixed cast, at most 99 each (`extras`).
    """

    seed: int = 0
    size: int = 256
    mead_per_speaker: int = 8
    vox_per_speaker: int = 2
    seconds: float = SENTENCE_SECONDS
    scale: int = 1
    extras: int = 0
    test_extras: int = 0

    def __post_init__(self) -> None:
        if self.size < 64 or self.size > 512 or self.size % 16:
            raise PuppetError(f"size must be a multiple of 16 from 64 to 512, got {self.size}")
        if min(self.mead_per_speaker, self.vox_per_speaker) < 0 or self.scale < 1 or not 0 < self.seconds <= 60:
            raise PuppetError(f"counts must not be negative, scale at least 1, seconds in 0..60: {self}")
        for name in ("extras", "test_extras"):
            if not 0 <= getattr(self, name) <= MOST:
                raise PuppetError(f"{name} must be from 0 to {MOST}, got {getattr(self, name)}")

    @property
    def cast(self) -> tuple[Recipe, ...]:
        """All speakers: the fixed ones, then the extra ones, whose number does not change the others."""
        train = tuple(extra_speaker(self.seed, number) for number in range(self.extras))
        return CAST + train + tuple(extra_speaker(self.seed, number, "test") for number in range(self.test_extras))

    @property
    def portraits(self) -> tuple[str, ...]:
        """Names of the pictures that the cast is made from, in order of the alphabet."""
        return tuple(sorted({recipe.portrait for recipe in self.cast}))


@dataclass(frozen=True)
class ClipPlan:
    """One clip to make.

    Attributes:
        name: unique, the seed of its chance; also the path of its truth file under ``truth/`` without suffix.
        speaker: number in the specification's cast. text: what is said. emotion, level: how.
        video: path under the root. audio: path of the separate sound.
        boxes: path of VoxCeleb2's text file, or None. muxed: whether the video carries the sound too.
        fps, size: of the video. liveliness: how much the head moves, times the speaker's own.
    """

    name: str
    speaker: int
    text: str
    emotion: str
    level: int
    video: PurePosixPath
    audio: PurePosixPath
    boxes: PurePosixPath | None
    muxed: bool
    fps: float
    size: int
    liveliness: float

    @property
    def truth(self) -> PurePosixPath:
        return PurePosixPath("truth") / f"{self.name}.npz"

    def files(self, root: Path) -> list[Path]:
        """All files of the clip; the truth, written last, comes last."""
        parts = (self.video, self.audio, self.boxes, self.truth)
        return [root / part for part in parts if part is not None]


def plan(spec: PuppetSpec) -> list[ClipPlan]:
    """Every clip of a specification, in a fixed order."""
    places: Counter[str] = Counter()
    clips: list[ClipPlan] = []
    for number, recipe in enumerate(spec.cast):
        place = places[recipe.split]
        places[recipe.split] += 1
        sentences = _sentences(spec, recipe)
        clips += _mead(spec, number, recipe, place, sentences)
        clips += _voxceleb2(spec, number, recipe, sentences)
    return clips


def _mead(spec: PuppetSpec, number: int, recipe: Recipe, place: int, sentences: Iterator[str]) -> Iterator[ClipPlan]:
    takes: Counter[tuple[str, int]] = Counter()
    for index in range(spec.mead_per_speaker * spec.scale):
        which, again = index % len(EMOTIONS), index // len(EMOTIONS)
        emotion = EMOTIONS[which]
        # Three speakers in a row have an emotion at all its levels.
        level = levels(emotion)[(which + place + again) % len(levels(emotion))]
        takes[emotion, level] += 1
        folder = PurePosixPath("mead", recipe.mead)
        stem = PurePosixPath(emotion, f"level_{level}", f"{takes[emotion, level]:03d}")
        video = folder / "video" / "front" / stem
        yield ClipPlan(
            name=video.as_posix(), speaker=number, text=next(sentences), emotion=emotion, level=level,
            video=video.with_suffix(".mp4"), audio=(folder / "audio" / stem).with_suffix(".m4a"), boxes=None,
            muxed=False, fps=30.0, size=spec.size, liveliness=1.0,
        )  # fmt: skip


def _voxceleb2(spec: PuppetSpec, number: int, recipe: Recipe, sentences: Iterator[str]) -> Iterator[ClipPlan]:
    base = PurePosixPath("voxceleb2", "dev" if recipe.split == "train" else "test")
    for index in range(spec.vox_per_speaker * spec.scale):
        # As in the real set, a few utterances come from one video.
        stem = PurePosixPath(recipe.voxceleb2, reference(recipe, index // 4), f"{index % 4 + 1:05d}")
        video = base / "mp4" / stem
        yield ClipPlan(
            name=video.as_posix(), speaker=number, text=next(sentences), emotion="neutral", level=1,
            video=video.with_suffix(".mp4"), audio=(base / "aac" / stem).with_suffix(".m4a"),
            boxes=(base / "txt" / stem).with_suffix(".txt"), muxed=True, fps=25.0, size=spec.size * 7 // 8,
            liveliness=1.4,
        )  # fmt: skip


def reference(recipe: Recipe, video: int) -> str:
    """Eleven characters that name a source video, as YouTube's do."""
    digest = hashlib.sha256(f"{recipe.voxceleb2}/{video}".encode()).digest()
    # A leading dash would make a path look like an option.
    return "p" + base64.urlsafe_b64encode(digest).decode()[:10]


def randomness(spec: PuppetSpec, name: str) -> np.random.Generator:
    """The chance of one clip: depends on the seed and on its name, and on nothing else."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng([spec.seed, *np.frombuffer(digest[:16], dtype="<u4").tolist()])


def _sentences(spec: PuppetSpec, recipe: Recipe) -> Iterator[str]:
    """An endless shuffled supply of texts; none comes again before all have come."""
    pool = TRAIN if recipe.split == "train" else TEST
    count = max(1, round(spec.seconds / SENTENCE_SECONDS))
    random = randomness(spec, f"sentences/{recipe.mead}")
    waiting: list[str] = []
    while True:
        if len(waiting) < count:
            waiting += [pool[i] for i in random.permutation(len(pool))]
        yield " ".join(waiting[:count])
        del waiting[:count]
