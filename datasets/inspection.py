"""Finding out what is wrong with a copy of a dataset: what was turned away, is missing, is broken, or is there twice."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from datasets.base import DatasetError
from datasets.expected import missing
from datasets.face_boxes import read_face_boxes
from datasets.index import Index
from datasets.media import MediaError, probe
from datasets.media.source import opened, packets

_HEAD = 65536
"""Bytes. Two different videos of the same size differ in their first ones: the header lists all frames."""

REMEDIES: dict[str, str] = {
    "bad_annotation": "put the dataset's own annotation file back",
    "decode_error": "fetch the file again, or unpack it again",
    "duplicate": "keep one of them; two that differ need two names",
    "empty_file": "fetch the file again, or unpack it again",
    "known_bad": "nothing: the dataset's authors know of it",
    "lfs_pointer": "run `git lfs pull` in the dataset's folder",
    "missing": "unpack the archives again, or fetch what they lack",
    "no_annotation": "put the dataset's own annotation file back",
    "no_audio": "nothing, or unpack the sound: such a clip counts only where no sound is needed",
    "no_separate_sound": "unpack the dataset's sound; without it that of the video is taken, if it has any",
    "no_video": "unpack the pictures, if you want these clips",
    "not_speech": "nothing: only speech is used",
    "outside_root": "put the files themselves under the root, or set `root` to where they are",
    "packed": "unpack the archive",
    "split": "complete the dataset, or choose another split",
    "unreadable": "give yourself the right to read it",
}
"""What to do about each kind of finding; what is not here is a name outside the dataset's code."""
_RENAMED = "nothing, if it is not part of the dataset; else give it its own name back"


@dataclass(frozen=True)
class Finding:
    """One kind of problem.

    Attributes:
        problem: a reason of `Rejected`, or a key of `REMEDIES`. sources: where, each with details if there are any.
    """

    problem: str
    sources: tuple[str, ...]

    @property
    def todo(self) -> str:
        return REMEDIES.get(self.problem, _RENAMED)


def findings(reader: str, index: Index) -> list[Finding]:
    """What the index tells without a file being opened: things turned away, empty files, missing clips and sounds."""
    found: dict[str, list[str]] = defaultdict(list)
    for item in index.rejected:
        found[item.reason].append(f"{item.source}: {item.detail}" if item.detail else item.source)
    clips = index.clips
    found["empty_file"] += clips.filter(pc.equal(clips["bytes"], 0))["video"].to_pylist()
    found["empty_file"] += clips.filter(pc.equal(clips["audio_bytes"], 0))["audio"].to_pylist()
    found["missing"] += missing(reader, clips)
    if clips["audio"].null_count < len(clips):
        found["no_separate_sound"] += clips.filter(pc.is_null(clips["audio"]))["clip"].to_pylist()
    return gathered(found)


def gathered(found: Mapping[str, Iterable[str]]) -> list[Finding]:
    """Findings from sources by problem; problems without any are left out."""
    made = [Finding(problem, tuple(sources)) for problem, sources in found.items()]
    return sorted((finding for finding in made if finding.sources), key=lambda finding: finding.problem)


@dataclass(frozen=True)
class Check:
    """One clip to look into. `whole`: read all packets too, to find files that end too soon."""

    clip: str
    video: Path
    audio: Path | None
    boxes: Path | None
    whole: bool


def checks(index: Index, most: int | None) -> list[Check]:
    """The clips to look into: every so many, `most` in all, by their first frame; with None all, whole."""
    clips = index.clips
    step = 1 if most is None else max(1, -(-len(clips) // most))
    every = clips.take(list(range(0, len(clips), step)))
    return [
        Check(
            clip,
            index.path(video),
            None if audio is None else index.path(audio),
            None if boxes is None else index.path(boxes),
            most is None,
        )
        for clip, video, audio, boxes in zip(
            *(every[name].to_pylist() for name in ("clip", "video", "audio", "boxes")), strict=True
        )
    ]


def look_into(check: Check) -> list[tuple[str, str]]:
    """Problems and sources, where a clip's files cannot be read, are silent, or have face boxes that say nothing."""
    problem = _media(check)
    return [*([problem] if problem else []), *_boxes(check)]


def _boxes(check: Check) -> list[tuple[str, str]]:
    if check.boxes is None:
        return []
    try:
        found = read_face_boxes(check.boxes)
    except DatasetError as error:
        return [("bad_annotation", f"{check.clip}: {error}")]
    return [("bad_annotation", f"{check.clip}: {check.boxes.name}: {line}") for line in found.skipped]


def _media(check: Check) -> tuple[str, str] | None:
    for path in filter(None, (check.video, check.audio)):
        try:
            path.open("rb").close()
        except PermissionError:
            return "unreadable", f"{check.clip}: {path.name}: permission denied"
        except OSError:
            break  # the reading below says what it is
    try:
        holds = probe(check.video)
        if not holds.has_video:
            return "no_video", f"{check.video.name}: no pictures in it"
        if check.audio is not None:
            holds = probe(check.audio)
        if check.whole:
            for path in {check.video, check.audio or check.video}:
                with opened(path) as container:
                    for _ in packets(path, container, container.streams[0]):
                        pass
    except MediaError as error:
        return error.reason, f"{check.clip}: {error.path.name}: {error.detail}"
    return None if holds.has_audio else ("no_audio", check.clip)


def same_size(index: Index) -> list[list[Path]]:
    """Videos that have their size in common with another one; a file from which several clips are cut counts once."""
    clips = index.clips
    groups: dict[int, dict[str, None]] = defaultdict(dict)
    for size, video in zip(clips["bytes"].to_pylist(), clips["video"].to_pylist(), strict=True):
        if size > 0:
            groups[size][video] = None
    return [[index.path(video) for video in group] for group in groups.values() if len(group) > 1]


def same_content(group: list[Path]) -> list[list[Path]]:
    """The parts of a group whose files are equal, byte for byte by sha256. Files that cannot be read are left out."""
    alike = _parted([group], _HEAD)
    return _parted(alike, -1)


def _parted(groups: Iterable[list[Path]], count: int) -> list[list[Path]]:
    parts: dict[tuple[int, bytes], list[Path]] = defaultdict(list)
    for number, group in enumerate(groups):
        for path in group:
            try:
                with path.open("rb") as file:
                    digest = hashlib.sha256(file.read(count)) if count > 0 else hashlib.file_digest(file, "sha256")
            except OSError:
                continue
            parts[number, digest.digest()].append(path)
    return [part for part in parts.values() if len(part) > 1]
