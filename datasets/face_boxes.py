"""VoxCeleb2's face boxes: a header, then ``FRAME X Y W H`` a line, the box in shares of the frame.

The frame numbers and boxes are those of the video at its source, before the clip was cut out of it [the published text
files number their frames from thousands on]. They are read only where somebody needs them: a set has a million files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.base import DatasetError


@dataclass(frozen=True)
class FaceBoxes:
    """The boxes of one utterance.

    Attributes:
        frames: ``(N,)`` int64, number of the frame in the video at its source.
        boxes: ``(N, 4)`` float64, left, top, width, height in shares of the frame, cut to it: 0..1.
        skipped: what could not be used, one line of text each: ``line 9: ...``.
    """

    frames: NDArray[np.int64]
    boxes: NDArray[np.floating[Any]]
    skipped: tuple[str, ...]


def read_face_boxes(path: Path) -> FaceBoxes:
    """Read a text file; a byte-order mark, CRLF and blank lines do no harm.

    Raises:
        DatasetError: the file cannot be read, has no line ``FRAME X Y W H``, or no usable box.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}. Fetch the file again.") from error
    frames: list[int] = []
    boxes: list[tuple[float, float, float, float]] = []
    skipped: list[str] = []
    heading = False
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not heading:
            heading = [word.upper() for word in words] == ["FRAME", "X", "Y", "W", "H"]
        elif words:
            try:
                frame, box = _parse(words)
            except ValueError as error:
                skipped.append(f"line {number}: {error}")
            else:
                frames.append(frame)
                boxes.append(box)
    if not boxes:
        found = skipped[0] if skipped else ("no line below it" if heading else "no such line")
        raise DatasetError(f"{path}: no face box below a line `FRAME X Y W H`: {found}. Fetch the file again.")
    return FaceBoxes(np.array(frames, np.int64), np.array(boxes, np.float64), tuple(skipped))


def _parse(words: list[str]) -> tuple[int, tuple[float, float, float, float]]:
    if len(words) != 5:
        raise ValueError(f"expected 5 numbers, found {len(words)}")
    frame, (x, y, w, h) = int(words[0]), map(float, words[1:])
    if not 0 <= frame < 2**31 or not all(map(math.isfinite, (x, y, w, h))):
        raise ValueError(f"not a box: {' '.join(words)}")
    left, top, right, bottom = max(0.0, x), max(0.0, y), min(1.0, x + w), min(1.0, y + h)
    if left >= right or top >= bottom:
        raise ValueError(f"a box outside the frame: {' '.join(words[1:])}")
    return frame, (left, top, right - left, bottom - top)
