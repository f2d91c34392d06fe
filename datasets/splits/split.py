"""What a split is, apart from how it is written down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal, Protocol

from datasets.base import DatasetError
from datasets.splits.rules import REVISION, RULES

OTHERS = "others"
"""In the place of a list of speakers: all whom no other split names."""


class Labelled(Protocol):
    """What splits look at: a `SourceClip`, or a row of a table with these columns."""

    @property
    def clip(self) -> str: ...
    @property
    def speaker(self) -> str: ...
    @property
    def emotion(self) -> str | None: ...
    @property
    def level(self) -> int | None: ...
    @property
    def split(self) -> str: ...


@dataclass(frozen=True)
class Split:
    """One named split of one dataset. What it does not name is in no split.

    Attributes:
        speakers: by split, names or patterns of names (``W1*``); None where the dataset's own split is the start.
        others: the split of every speaker that `speakers` does not name, if any.
        version: raised with every change of the file. dataset: the reader that it is for; "" for any.
        clips: by split, names of clips, where a list says which; it then decides alone.
        by: ``speaker``: nobody may be in two splits. ``clip``: speakers are shared, by design.
        rule, parameters: what is done to the clips once their speakers are known (`rules.RULES`); "" for nothing.
    """

    name: str
    speakers: Mapping[str, frozenset[str]] | None = field(default_factory=dict)
    others: str | None = None
    version: int = 1
    dataset: str = ""
    by: Literal["speaker", "clip"] = "speaker"
    rule: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    clips: Mapping[str, frozenset[str]] | None = None

    @property
    def digest(self) -> str:
        """16 hex digits that change with whatever decides which clip is where; not with names and comments."""
        speakers = None if self.speakers is None else {split: sorted(who) for split, who in self.speakers.items()}
        content = [
            self.version, self.dataset, self.by, speakers, self.others, self.rule, dict(self.parameters), REVISION,
        ]  # fmt: skip
        if self.clips is not None:
            content.append({split: sorted(names) for split, names in self.clips.items()})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def assign(self, clips: Sequence[Labelled]) -> list[str | None]:
        """The split of every clip, None where it belongs to none. The order of the clips does not matter.

        Raises:
            DatasetError: a speaker would be in two splits of a split by speaker, or the rule cannot be kept with
                these clips.
        """
        if self.clips is not None:
            listed = {name: split for split, names in self.clips.items() for name in names}
            found: list[str | None] = [listed.get(clip.clip) for clip in clips]
        elif self.speakers is None:
            found = [clip.split or None for clip in clips]
        else:
            who = {speaker: self._of(speaker) for speaker in {clip.speaker for clip in clips}}
            found = [who[clip.speaker] for clip in clips]
        if self.rule:
            try:
                found = RULES[self.rule].apply(clips, found, **self.parameters)
            except DatasetError as error:
                raise DatasetError(f"split {self.name}: {error}") from error
        if self.by == "speaker":
            self._check_apart(clips, found)
        return found

    def missing(self, clips: Iterable[Labelled]) -> list[tuple[str, str]]:
        """What the split names and the clips lack, each with its split: clips of its list, or speakers.

        A pattern of speakers is lacking where it fits nobody.
        """
        clips = list(clips)
        if self.clips is not None:
            here = {clip.clip for clip in clips}
            return [(split, name) for split, names in self.clips.items() for name in sorted(names - here)]
        speakers = {clip.speaker for clip in clips}
        return [
            (split, name)
            for split, names in (self.speakers or {}).items()
            for name in sorted(names - speakers)
            if not any(fnmatchcase(speaker, name) for speaker in speakers)
        ]

    def _of(self, speaker: str) -> str | None:
        named = [split for split, names in (self.speakers or {}).items() if matches(speaker, names)]
        if len(named) > 1:
            raise DatasetError(
                f"split {self.name}: speaker {speaker} is in {' and in '.join(sorted(named))}; splits must not overlap."
            )
        return named[0] if named else self.others

    def _check_apart(self, clips: Sequence[Labelled], found: Sequence[str | None]) -> None:
        seen: dict[str, str] = {}
        for clip, split in zip(clips, found, strict=True):
            if split is not None and seen.setdefault(clip.speaker, split) != split:
                first, second = sorted((seen[clip.speaker], split))
                raise DatasetError(
                    f"split {self.name}: speaker {clip.speaker} is in {first} and in {second}; splits must not overlap. "
                    "Is a folder of the dataset in two places?"
                )


def matches(speaker: str, names: frozenset[str]) -> bool:
    """Whether the speaker is one of the names, or fits one of the patterns."""
    return speaker in names or any(fnmatchcase(speaker, pattern) for pattern in _patterns(names))


@cache
def _patterns(names: frozenset[str]) -> tuple[str, ...]:
    # Thousands of speakers against thousands of names, each taken for a pattern, would take minutes.
    return tuple(sorted(name for name in names if any(c in name for c in "*?[")))
