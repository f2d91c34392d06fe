"""Splits as files: which speakers (and, where a paper says so, which clips) belong to ``train`` and ``test``."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from datasets.base import DatasetError, SourceClip


@dataclass(frozen=True)
class Split:
    """One named split of one dataset. Speakers not named are in no split.

    Attributes:
        speakers: by split, names or patterns of names (``W1*``).
    """

    name: str
    speakers: dict[str, frozenset[str]] = field(default_factory=dict)

    def of(self, clip: SourceClip) -> str | None:
        """The split of a clip, or None if it belongs to none."""
        return next((split for split, names in self.speakers.items() if _matches(clip.speaker, names)), None)


def load(name: str) -> Split:
    """Read a split by name (``puppet-mead``) or from a YAML file of the user's.

    Raises:
        DatasetError: no such split, unknown keys, or a speaker in two splits.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else Path(__file__).with_name(f"{name}.yaml")
    if not path.is_file():
        known = sorted(p.stem for p in Path(__file__).parent.glob("*.yaml"))
        raise DatasetError(f"unknown split {name!r}: known are {', '.join(known)}, or a path to a YAML file.")
    data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    unknown = set(data) - {"name", "source", "speakers"}
    if unknown or not isinstance(data.get("speakers"), dict):
        raise DatasetError(
            f"{path}: expected the keys name, source, speakers; found {', '.join(map(str, data)) or 'none'}."
        )
    speakers = {str(split): frozenset(map(str, names)) for split, names in data["speakers"].items()}
    for split, names in speakers.items():
        for other in speakers.keys() - {split}:
            for speaker in sorted(names):
                if _matches(speaker, speakers[other]):
                    first, second = sorted((split, other))
                    raise DatasetError(
                        f"{path}: speaker {speaker} is in {first} and in {second}; splits must not overlap."
                    )
    return Split(str(data.get("name", path.stem)), speakers)


def _matches(speaker: str, names: frozenset[str]) -> bool:
    return any(fnmatchcase(speaker, name) for name in names)
