"""Rules: splits that follow from the clips, not from a list of speakers. Each is a pure function of labels and names."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datasets.base import DatasetError

if TYPE_CHECKING:
    from datasets.splits.split import Labelled

REVISION = 1
"""Raised whenever what a rule does changes, so that the digests of all splits change too."""

Found = list[str | None]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        apply: takes the clips, the split of each so far (None: in none), and the parameters; gives the splits anew.
        parameters: names and types that a file must give.
        parts_speakers: whether one speaker's clips come to lie in two splits.
    """

    apply: Callable[..., Found]
    parameters: dict[str, type]
    parts_speakers: bool = False


def own(clips: Sequence[Labelled], found: Sequence[str | None]) -> Found:
    """The dataset's own split, as its folders or lists say."""
    return [clip.split or None for clip in clips]


def last_per_level(clips: Sequence[Labelled], found: Sequence[str | None], *, neutral: int, others: int) -> Found:
    """The last `neutral` neutral clips, and the last `others` of each other emotion, of every level are ``test``.

    Clips of one speaker, view, emotion and level are ordered by the number that ends their names; the rest is ``train``.
    """
    groups: dict[tuple[str, str, str | None, int | None], list[int]] = defaultdict(list)
    for index, clip in enumerate(clips):
        groups[clip.speaker, _series(clip.clip)[0], clip.emotion, clip.level].append(index)
    result: Found = ["train"] * len(clips)
    for (_, _, emotion, _), members in groups.items():
        members.sort(key=lambda index: _series(clips[index].clip)[1:])
        count = neutral if emotion == "neutral" else others
        for index in members[max(0, len(members) - count) :]:
            result[index] = "test"
    return result


def seeded_test(clips: Sequence[Labelled], found: Sequence[str | None], *, split: str, count: int, seed: int) -> Found:
    """`count` clips of `split`: those with the least sha256 of seed and name. Other splits stay as they are.

    A clip's place depends on its own name only. So a subset of 100 is part of that of 200, and a clip that is
    missing on one disk is replaced by the next one while the others stay.

    Raises:
        DatasetError: there are fewer clips than asked for: a smaller test set under this name would not be this set.
    """
    members = [index for index, name in enumerate(found) if name == split]
    if len(members) < count:
        raise DatasetError(
            f"{count} clips of {split!r} are asked for and {len(members)} are here. Complete the dataset, or ask for fewer."
        )
    members.sort(key=lambda index: (hashlib.sha256(f"{seed}/{clips[index].clip}".encode()).digest(), clips[index].clip))
    left_out = set(members[count:])
    return [None if index in left_out else name for index, name in enumerate(found)]


def one_level(clips: Sequence[Labelled], found: Sequence[str | None], *, split: str, level: int) -> Found:
    """Of `split`, only the clips of one level. Neutral, which has no levels, stays."""
    return [
        None if name == split and clip.level != level and clip.emotion != "neutral" else name
        for clip, name in zip(clips, found, strict=True)
    ]


RULES: dict[str, Rule] = {
    "own": Rule(own, {}),
    "last-per-level": Rule(last_per_level, {"neutral": int, "others": int}, parts_speakers=True),
    "seeded-test": Rule(seeded_test, {"split": str, "count": int, "seed": int}),
    "one-level": Rule(one_level, {"split": str, "level": int}),
}


def _series(clip: str) -> tuple[str, int, str]:
    """A clip's name without the number at its end, the number, and the name (to order names without one)."""
    match = re.search(r"\d+$", clip)
    return (clip[: match.start()], int(match[0]), clip) if match else (clip.rpartition("-")[0], 0, clip)
