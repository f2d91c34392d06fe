"""HDTF's annotation files: which parts of which video show a talking face, and where in the picture.

Layout of ``{RD,WDA,WRA}_<what>.txt``, one line a video or clip, words apart by blanks (github.com/MRzzm/HDTF):

    video_url       Radio11 https://...
    annotion_time   Radio11.mp4 00:30-01:00 01:30-02:30     (the misspelling is the dataset's)
    resolution      Radio11.mp4 720                         (height of the frame that was cropped; some say 0)
    crop_wh         Radio11_0.mp4 412 599 0 599             (left, width, top, height)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from datasets.base import Rejected
from datasets.walk import Entry, Tree, stem

KINDS = ("video_url", "annotion_time", "resolution", "crop_wh")

_FILE = re.compile(rf"(RD|WDA|WRA)_({'|'.join(KINDS)})\.txt")
_CLIP = re.compile(r"(.+)_([0-9]{1,4})", re.DOTALL)
_TIME = re.compile(r"(?:([0-9]{1,2}):)?([0-9]{1,3}):([0-5]?[0-9](?:\.[0-9]+)?)")


@dataclass
class Annotated:
    """What the files say of one video.

    Attributes:
        parts: start and end of each clip in seconds, by the clip's index.
        crops: left, top, width, height by the clip's index, in pixels of a frame of `height`.
    """

    url: str = ""
    height: int | None = None
    parts: dict[int, tuple[float, float]] = field(default_factory=dict)
    crops: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)


@dataclass
class Annotations:
    """All videos by name, and the lines that say nothing."""

    videos: dict[str, Annotated] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)

    def of(self, video: str) -> Annotated:
        """The record of a video, made where it is new."""
        return self.videos.setdefault(video, Annotated())


def is_annotation(entry: Entry) -> bool:
    """Whether a file is one of HDTF's annotation files, by its name."""
    return _FILE.fullmatch(entry.name) is not None


def read_annotations(tree: Tree, files: Sequence[Entry]) -> Annotations:
    """Read annotation files. Byte-order marks, CRLF, blank lines and blanks at the end do no harm; a broken line is a row."""
    found = Annotations()
    take: dict[str, Callable[[str, list[str]], None]] = {
        "video_url": lambda name, words: _url(found, name, words),
        "annotion_time": lambda name, words: _times(found, name, words),
        "resolution": lambda name, words: _resolution(found, name, words),
        "crop_wh": lambda name, words: _crop(found, name, words),
    }
    for file in files:
        match = _FILE.fullmatch(file.name)
        if problem := tree.problem(file):
            found.rejected.append(problem)
        elif match:
            try:
                text = Path(file.path).read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                found.rejected.append(tree.reject(file, "bad_annotation", f"cannot be read: {error}"))
                continue
            for number, line in enumerate(text.splitlines(), start=1):
                words = line.split()
                if not words:
                    continue
                try:
                    take[match[2]](video_name(words[0]), words[1:])
                except ValueError as error:
                    found.rejected.append(tree.reject(file, "bad_annotation", f"line {number}: {error}"))
    return found


def video_name(text: str) -> str:
    """A video's name without suffix, in one Unicode form (file systems and editors differ)."""
    return unicodedata.normalize("NFC", re.sub(r"\.mp4$", "", text, flags=re.IGNORECASE))


def clip_of(name: str) -> tuple[str, int] | None:
    """``Radio11_0`` -> ``Radio11`` and 0, ``WDA_KatieHill_000`` -> ``KatieHill`` and 0; None for another name."""
    match = _CLIP.fullmatch(video_name(name))
    return (without_set(match[1]), int(match[2])) if match else None


def without_set(name: str) -> str:
    """A video's name without the set (``RD_``, ``WDA_``, ``WRA_``) that downloading scripts put before it."""
    return re.sub(r"^(RD|WDA|WRA)_", "", name)


def name_of(entry: Entry) -> str:
    """The name under which the annotations know a file."""
    return without_set(video_name(stem(entry)))


def seconds(text: str) -> float:
    """``MM:SS`` or ``H:MM:SS`` in seconds.

    Raises:
        ValueError: anything else.
    """
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(f"not a time: {text!r}")
    return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])


def _url(found: Annotations, name: str, words: list[str]) -> None:
    if len(words) != 1:
        raise ValueError(f"expected a name and an address, found {len(words) + 1} words")
    found.of(name).url = words[0]


def _times(found: Annotations, name: str, words: list[str]) -> None:
    # The record exists even if every part of the line is broken: the video then has its reasons, not silence.
    parts = found.of(name).parts
    wrong = []
    for index, part in enumerate(words):
        try:
            start, end = map(seconds, part.split("-"))
        except ValueError:
            wrong.append(part)
            continue
        if start < end:
            parts[index] = (start, end)
        else:
            wrong.append(part)
    if wrong or not words:
        raise ValueError(f"not a stretch like 00:30-01:00: {' '.join(wrong) or 'none is given'}")


def _resolution(found: Annotations, name: str, words: list[str]) -> None:
    if len(words) != 1:
        raise ValueError(f"expected a name and a height, found {len(words) + 1} words")
    found.of(name).height = int(words[0]) or None


def _crop(found: Annotations, name: str, words: list[str]) -> None:
    clip = clip_of(name)
    if clip is None or len(words) != 4:
        raise ValueError("expected a clip's name and four numbers: left, width, top, height")
    left, width, top, height = map(int, words)
    if min(left, top) < 0 or min(width, height) <= 0:
        raise ValueError(f"not a box: {' '.join(words)}")
    found.of(clip[0]).crops[clip[1]] = (left, top, width, height)
