"""From a source clip to its standard form: fixed square crop around one face, one size, one frame rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.media import read_frames


@dataclass(frozen=True)
class Crop:
    """A square of the source frame, in source pixels: left, top, side."""

    left: int
    top: int
    side: int

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.side}"


def face_crop_box(boxes: NDArray[np.floating[Any]], width: int, height: int, scale: float) -> Crop:
    """One fixed square for a whole clip, so that head motion stays motion.

    Args:
        boxes: ``(T, 4)`` left, top, right, bottom of the face in pixels; rows of NaN where it was not seen.
        width, height: of the source frame.
        scale: side of the crop over the (median) longer side of the face box.

    Returns:
        The square, moved (and, where the frame is too small, shrunk) to lie inside the frame. A frame that is
        already square and not much larger than the wanted crop is taken whole: it was cropped before.

    Raises:
        ValueError: no row of `boxes` is finite.
    """
    seen = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(seen):
        raise ValueError("no face box in any frame")
    left, top, right, bottom = np.median(seen, axis=0)
    side = scale * max(right - left, bottom - top)
    limit = min(width, height)
    if width == height and side > 0.75 * limit:
        return Crop(0, 0, limit)
    side = round(min(side, limit))
    # The face box ends at the brows' upper edge: the centre moves up so that hair and chin get equal room.
    centre_x, centre_y = (left + right) / 2, (top + bottom) / 2 - 0.06 * side
    return Crop(
        int(np.clip(round(centre_x - side / 2), 0, width - side)),
        int(np.clip(round(centre_y - side / 2), 0, height - side)),
        side,
    )


def cut_frames(path: Path, fps: float, start: float, end: float | None) -> Iterator[NDArray[np.uint8]]:
    """Frames of ``[start, end)`` seconds at `fps`, full size, streamed."""
    first = round(start * fps)
    stop = None if end is None else max(first + 1, round(end * fps))
    return islice(read_frames(path, fps), first, stop)


def standard_frames(
    path: Path, crop: Crop, size: int, fps: float, start: float, end: float | None
) -> Iterator[NDArray[np.uint8]]:
    """Cropped, resized frames ``(size, size, 3)`` of ``[start, end)`` seconds. Area filter down, cubic up."""
    rows, columns = slice(crop.top, crop.top + crop.side), slice(crop.left, crop.left + crop.side)
    filter_ = cv2.INTER_AREA if crop.side > size else cv2.INTER_CUBIC
    for frame in cut_frames(path, fps, start, end):
        square = frame[rows, columns]
        if crop.side != size:
            square = np.asarray(cv2.resize(square, (size, size), interpolation=filter_), np.uint8)
        yield square


def cut_audio(audio: NDArray[np.float32], rate: int, start: float, frames: int, fps: float) -> NDArray[np.float32]:
    """The sound of `frames` frames from `start` seconds on: exactly ``round(frames / fps * rate)`` samples, zeros beyond the end."""
    first, count = round(start * rate), round(frames / fps * rate)
    piece = audio[first : first + count]
    return np.pad(piece, (0, count - len(piece)))


def as_stored(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound as 16-bit PCM will give it back: the video and the sound file of a clip then hold the very same speech."""
    return (np.round(np.clip(audio, -1, 1) * 32767) / 32768).astype(np.float32)
