"""Clips to measure speed with: pieces of a real talking face, each of other content, so that no cache merges them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.assets import open_store
from datasets.media import read_audio, read_frames, write_video

FACE = "obama_speech_video"
FPS = 25
RATE = 16000
TOP, LEFT, SIDE = 0, 120, 160
"""The square of the source that the speaker's face fills."""
QUIET = 50
"""Frames of the source before its speaker begins."""
SPEAKERS = 20
"""Clips are shared out among so many names, as a test set's are: resampling goes by speaker."""

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """One clip and what a model made of it: the same frames two pixels aside and coarser, under the same sound."""

    name: str
    speaker: str
    real: Path
    made: Path


def make_pairs(folder: Path, count: int, frames: int, first: int = 0) -> list[Pair]:
    """Write pairs number `first` and on, `frames` long, as ``real/NAME.mp4`` and ``made/NAME.mp4``."""
    pairs = []
    for sub in ("real", "made"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        name = f"clip{number:04d}"
        pair = Pair(name, f"speaker{number % SPEAKERS:02d}", folder / f"real/{name}.mp4", folder / f"made/{name}.mp4")
        pictures, sound = _piece(number, frames)
        write_video(pair.real, pictures, FPS, sound, crf=20)
        write_video(pair.made, [np.roll(p, 2, axis=1) & np.uint8(252) for p in pictures], FPS, sound, crf=20)
        pairs.append(pair)
    return pairs


def _piece(number: int, frames: int) -> tuple[list[Frame], NDArray[np.float32]]:
    """Frames and sound that no other number has: another start, another light, another loudness."""
    pictures, sound = _source()
    begin = 7 * number % (len(pictures) - frames)
    light = np.float32(0.8 + 0.4 * (number % 997) / 997)
    lit = [np.clip(picture * light, 0, 255).astype(np.uint8) for picture in pictures[begin : begin + frames]]
    at = round(begin / FPS * RATE)
    return lit, sound[at : at + round(frames / FPS * RATE)] * light


@cache
def _source() -> tuple[list[Frame], NDArray[np.float32]]:
    path = open_store().path(FACE)
    frames = islice(read_frames(path, FPS), QUIET, 215)
    cut = [np.ascontiguousarray(frame[TOP : TOP + SIDE, LEFT : LEFT + SIDE]) for frame in frames]
    return cut, read_audio(path, RATE)[QUIET * RATE // FPS :]
