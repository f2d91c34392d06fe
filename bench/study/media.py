"""The videos of a study: every one through the same encoder, with nothing in it that tells whose it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench import parallel
from bench.config import AUDIO_RATE
from bench.errors import BenchError
from bench.progress import bar
from bench.store import Journal, digest, sha256_file
from datasets.media import MediaError, read_audio, read_frames, write_video

FORMAT = 1
"""Of what is written here; a change of it makes all media anew."""

LAG = 0.5
"""Seconds by which the pictures of a spoiled clip come too late."""


@dataclass(frozen=True)
class Clip:
    """One video to write.

    Attributes:
        name: of the file, below the media folder. source: the video. label: how an error names it.
        frames, fps, width, height: of the result; the source may be longer and of another size, not of another shape.
        sound: whether it has any. late: pictures come `LAG` too late for the sound, the first being held.
    """

    name: str
    source: Path
    label: str
    frames: int
    fps: float
    width: int
    height: int
    sound: bool
    late: bool = False


def write_media(clips: Sequence[Clip], folder: Path, journal: Path, workers: int) -> dict[str, str]:
    """Write what is missing, several at a time.

    The same clips give the same bytes. All are MP4 with H.264 and, where there is sound, AAC at 16 kHz, at its own loudness; the
    time stamp of every file is 1970.

    Args:
        folder: of the media. journal: file that says which are done, and of what; outside `folder`, which is given away.

    Returns:
        sha256 by name.

    Raises:
        BenchError: a source is gone, damaged, too short, without sound, or of another shape; says whose it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = Journal(journal, key="name")
    recipes = {clip.name: _recipe(clip) for clip in clips}
    missing = [(clip, folder) for clip in clips if not _done(log, clip.name, recipes[clip.name], folder)]
    with bar("write videos", len(missing)) as step:
        for (clip, _), (sha256, fault) in parallel.run(_write, missing, workers, threads=True):
            if fault:
                raise BenchError(f"{clip.label}: {fault}")
            log.add({"name": clip.name, "recipe": recipes[clip.name], "sha256": sha256})
            step()
    return {clip.name: log.entries[clip.name]["sha256"] for clip in clips}


def remove_others(folder: Path, names: Iterable[str]) -> None:
    """Remove what an earlier design left behind."""
    kept = set(names)
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink()


def _recipe(clip: Clip) -> str:
    try:
        source = sha256_file(clip.source)
    except OSError as error:
        raise BenchError(f"{clip.label}: cannot read {clip.source}: {error.strerror}") from error
    return digest([FORMAT, source, clip.frames, clip.fps, clip.width, clip.height, clip.sound, clip.late])


def _done(log: Journal, name: str, recipe: str, folder: Path) -> bool:
    entry = log.entries.get(name)
    path = folder / name
    return entry is not None and entry["recipe"] == recipe and path.is_file() and sha256_file(path) == entry["sha256"]


def _write(work: tuple[Clip, Path]) -> tuple[str, str]:
    """The sha256 of the file, or why there is none."""
    clip, folder = work
    try:
        sound = _sound(clip) if clip.sound else None
        path = folder / clip.name
        count = write_video(path, _pictures(clip), clip.fps, sound, AUDIO_RATE)
        if count != clip.frames:
            path.unlink()
            return (
                "",
                f"it has {count} frames at {clip.fps:g} fps and {clip.frames} were expected; --cut takes it, cut to the shortest",
            )
        os.utime(path, (0, 0))
        return sha256_file(path), ""
    except (MediaError, ValueError) as error:
        return "", str(error)


def _sound(clip: Clip) -> NDArray[np.float32]:
    """As long as the pictures, whatever the source has."""
    length = round(clip.frames / clip.fps * AUDIO_RATE)
    heard = read_audio(clip.source, AUDIO_RATE, 0, length)
    return np.pad(heard, (0, length - len(heard)))


def _pictures(clip: Clip) -> Iterator[NDArray[np.uint8]]:
    shown: Iterable[NDArray[np.uint8]] = (_sized(frame, clip) for frame in read_frames(clip.source, clip.fps))
    if clip.late:
        frames = iter(shown)
        first = next(frames)
        shown = chain(repeat(first, 1 + round(LAG * clip.fps)), frames)
    return islice(shown, clip.frames)


def _sized(frame: NDArray[np.uint8], clip: Clip) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    if (width, height) == (clip.width, clip.height):
        return frame
    if abs(width * clip.height - height * clip.width) > max(width, height):
        raise ValueError(
            f"it is {width} x {height} pixels and the true clip {clip.width} x {clip.height}: another shape, which would give it away"
        )
    how = cv2.INTER_AREA if width > clip.width else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, (clip.width, clip.height), interpolation=how), np.uint8)
