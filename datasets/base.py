"""What every dataset reader yields: source clips as they lie on disk, and what could not be read and why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

EMOTIONS = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
"""The shared vocabulary: MEAD's eight names."""


_LONGEST = 200
"""Bytes. File systems allow 255; what is written beside a file until it is whole has a longer name."""


class DatasetError(Exception):
    """A dataset cannot be read at all: says what was expected, what was found, and what to do."""


@dataclass(frozen=True)
class SourceClip:
    """One talking-face clip as its dataset stores it.

    Attributes:
        clip: identifier, unique within the dataset and stable.
        speaker: identifier of the person.
        video: the file with the pictures.
        audio: the file with the sound, or None where the sound is in the video file (or there is none).
        emotion: one of `EMOTIONS`, or None where the dataset has no label. level: 1..3, or None.
        split: the dataset's own split of this clip, or "" where it has none.
        start, end: the part to take, in seconds; end None means to the end.
        truth: file with known landmarks, for synthetic data; else None.
        label: the dataset's own word for the emotion (``calm`` has no equal in `EMOTIONS`), or None.
        sex: ``female`` or ``male``, where the dataset's names say it.
        boxes: file with face boxes (`datasets.face_boxes`), not opened by the reader; or None.
        crop: the part of the picture that the dataset says to keep, left, top, width, height; None: all of it.
        crop_frame_height: the crop is in pixels of a frame of this height; None: of the video in hand.
    """

    clip: str
    speaker: str
    video: Path
    audio: Path | None = None
    emotion: str | None = None
    level: int | None = None
    split: str = ""
    start: float = 0.0
    end: float | None = None
    truth: Path | None = None
    label: str | None = None
    sex: str | None = None
    boxes: Path | None = None
    crop: tuple[int, int, int, int] | None = None
    crop_frame_height: int | None = None

    def crop_in(self, width: int, height: int) -> tuple[int, int, int, int] | None:
        """The crop in pixels of a frame of this size, cut to the frame; None without a crop, or where nothing is left."""
        if self.crop is None:
            return None
        scale = height / self.crop_frame_height if self.crop_frame_height else 1.0
        left, top, wide, high = self.crop
        x, y = max(0, round(left * scale)), max(0, round(top * scale))
        right, bottom = min(width, round((left + wide) * scale)), min(height, round((top + high) * scale))
        return (x, y, right - x, bottom - y) if x < right and y < bottom else None


@dataclass(frozen=True)
class Rejected:
    """Something in a dataset that is not a usable clip. `source` is a path relative to the dataset's root.

    Reasons of the readers: ``bad_annotation``, ``duplicate``, ``empty_file``, ``known_bad``, ``lfs_pointer``,
    ``missing``, ``no_annotation``, ``no_audio``, ``no_video``, ``not_speech``, ``outside_root``, ``packed``,
    ``unknown_emotion``, ``unknown_level``, ``unknown_name``, ``unknown_speaker``, ``unknown_view``, ``unreadable``.
    """

    source: str
    reason: str
    detail: str


class Reader(Protocol):
    """Reads one dataset layout.

    Raises:
        DatasetError: from `read`, when the root does not hold this dataset.
    """

    name: str
    summary: str

    def read(self, root: Path) -> Iterator[SourceClip | Rejected]:
        """Everything under the root, in a stable order."""
        ...


def with_name(root: Path) -> Path:
    """The root, spelled so that it ends in its own name, which says a thing or two: ``.`` inside ``test`` is that."""
    return root if root.name not in ("", "..") else root.resolve()


def file_name(text: str) -> str:
    """A text as the name of a file on any system: odd characters replaced by ``_``, not hidden, never too long.

    A name of more than 200 bytes is cut, and ends in 12 digits of the sha256 of the whole.
    """
    name = re.sub(r"[^\w.+@-]", "_", text).lstrip(".-").rstrip(".") or "clip"
    if len(name.encode()) <= _LONGEST:
        return name
    start = name.encode()[: _LONGEST - 13].decode(errors="ignore")
    return f"{start}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def readable(text: str) -> str:
    """The text on one line, for people: line breaks, control characters and bytes that are no text as escapes."""
    return (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    )


def listing(folder: Path) -> str:
    """The first few names in a folder, for error messages."""
    if not folder.is_dir():
        return "a file, not a folder" if folder.is_file() else "no such folder"
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        return f"a folder that cannot be read ({error.strerror})"
    return readable(", ".join(names[:6])) + (", ..." if len(names) > 6 else "") if names else "an empty folder"
