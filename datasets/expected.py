"""What a complete copy of a dataset would hold, so that what is missing can be named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import product

import pyarrow as pa

from datasets.base import EMOTIONS, Rejected
from datasets.crema_d import KNOWN_BAD, SENTENCES
from datasets.ravdess import EMOTION_CODES
from datasets.splits import Labelled, Split

_LEVELS = (1, 2, 3)
_SPEAKERS = {"dev": 5994, "test": 118}
UTTERANCES = {"dev": 1_092_009, "test": 36_237}
"""Of VoxCeleb2's splits, by its authors."""


def missing(reader: str, clips: pa.Table) -> list[str]:
    """Names of clips, or of whole folders, that the layout has and this copy lacks; for a reader without a plan none.

    A speaker of whom nothing is here is missing as a whole and not listed clip by clip.
    """
    plan = next((plan for name, plan in _PLANS.items() if f"{reader}-".startswith(f"{name}-")), None)
    return [] if plan is None else plan(clips)


def not_here(split: Split, clips: Sequence[Labelled]) -> list[Rejected]:
    """Rows for what a split names and the clips lack, and for a seeded subset that was drawn from too few."""
    rows = [
        Rejected(what, "missing", f"named by split {split.name} for {part}, and not in this copy")
        for part, what in split.missing(clips)
    ]
    short = _short_draw(split, clips)
    return rows if short is None else [*rows, Rejected(split.name, "missing", short)]


def _short_draw(split: Split, clips: Sequence[Labelled]) -> str | None:
    # A clip that a copy lacks is replaced by the next one: two such copies may give two subsets of one name.
    if split.rule != "seeded-test" or not split.name.startswith("voxceleb2/"):
        return None
    part = split.parameters["split"]
    here, whole = sum(clip.split == part for clip in clips), UTTERANCES.get(part, 0)
    if here >= whole:
        return None
    return f"drawn from {here:,} of {whole:,} utterances of {part}: a whole copy may give other clips"


def _mead(clips: pa.Table) -> list[str]:
    """Emotions at levels that a speaker lacks, and numbers left out between the first and the last of a folder."""
    series: dict[tuple[str, str, int], set[int]] = defaultdict(set)
    for clip, speaker, emotion, level in _rows(clips, "clip", "speaker", "emotion", "level"):
        series[speaker, emotion, level].add(int(clip.rpartition("-")[2]))
    lacking: list[str] = []
    for speaker in sorted({speaker for speaker, _, _ in series}):
        for emotion, level in product(EMOTIONS, _LEVELS):
            if emotion == "neutral" and level > 1:
                continue
            numbers = series.get((speaker, emotion, level))
            folder = f"{speaker}/{emotion}/level_{level}"
            if numbers is None:
                lacking.append(folder)
            else:
                lacking += [f"{folder}/{number:03d}" for number in range(1, max(numbers)) if number not in numbers]
    return lacking


def _ravdess(clips: pa.Table) -> list[str]:
    names = [
        f"01-01-{emotion}-{intensity}-{statement}-{repetition}"
        for emotion, intensity, statement, repetition in product(EMOTION_CODES, *[("01", "02")] * 3)
        if (emotion, intensity) != ("01", "02")
    ]
    return _grid(
        clips, (f"Actor_{actor:02d}" for actor in range(1, 25)), lambda actor: [f"{n}-{actor[-2:]}" for n in names]
    )


def _crema_d(clips: pa.Table) -> list[str]:
    loud = ("ANG", "DIS", "FEA", "HAP", "SAD")
    names = [f"{SENTENCES[0]}_{emotion}_{level}" for emotion in loud for level in ("LO", "MD", "HI")]
    names += [f"{sentence}_{emotion}_XX" for sentence in SENTENCES[1:] for emotion in loud]
    names += [f"{sentence}_NEU_XX" for sentence in SENTENCES]
    lacking = _grid(clips, map(str, range(1001, 1092)), lambda actor: [f"{actor}_{name}" for name in names])
    return [name for name in lacking if name not in KNOWN_BAD]


def _voxceleb2(clips: pa.Table) -> list[str]:
    """The archives have no list of utterances inside: they and the speakers are only counted."""
    speakers: dict[str, set[str]] = defaultdict(set)
    numbers: Counter[str] = Counter()
    for split, speaker in _rows(clips, "split", "speaker"):
        speakers[split].add(speaker)
        numbers[split] += 1
    return [
        f"{total - here:,} of {total:,} {what} of {split}"
        for split in _SPEAKERS
        for what, here, total in (
            ("speakers", len(speakers[split]), _SPEAKERS[split]), ("utterances", numbers[split], UTTERANCES[split]),
        )
        if 0 < here < total
    ]  # fmt: skip


def _grid(clips: pa.Table, speakers: Iterable[str], names: Callable[[str], list[str]]) -> list[str]:
    here = set(clips["clip"].to_pylist())
    spoken = set(clips["speaker"].to_pylist())
    lacking: list[str] = []
    for speaker in speakers:
        if speaker not in spoken:
            lacking.append(speaker)
        else:
            lacking += [name for name in names(speaker) if name not in here]
    return lacking


def _rows(clips: pa.Table, *columns: str) -> Iterable[tuple]:
    return zip(*(clips[column].to_pylist() for column in columns), strict=True)


_PLANS: dict[str, Callable[[pa.Table], list[str]]] = {
    "mead": _mead, "ravdess": _ravdess, "crema-d": _crema_d, "voxceleb2": _voxceleb2,
}  # fmt: skip
