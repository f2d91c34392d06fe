"""A few evenly spaced frames of a video whose length is known only at its end, from the pass that everything else takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.media import MediaError, probe, read_frames
from metrics.features.base import evenly_spaced

SLACK = 2
"""Frames by which the length that a file declares may be off, and one decoding still do."""


class FewFrames:
    """Holds the frames that may be asked for, by the length that the file declares.

    Args:
        path: of the video. fps: at which it is looked at. per_video: how many frames are wanted.
    """

    def __init__(self, path: Path, fps: float, per_video: int) -> None:
        self.path = path
        self.fps = fps
        self.per_video = per_video
        declared = self._declared()
        lengths = range(max(1, declared - SLACK), declared + SLACK + 1)
        self.candidates = {int(i) for length in lengths for i in evenly_spaced(length, per_video)}
        self.held: dict[int, NDArray[Any]] = {}

    def see(self, index: int, frame: NDArray[np.uint8]) -> None:
        """The next frame."""
        if index in self.candidates:
            self.held[index] = frame

    def chosen(self, count: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Index and picture of the frames of a video that turned out to have `count`.

        Raises:
            MediaError: the file declared another length, and cannot be read again.
        """
        wanted = {int(i) for i in evenly_spaced(count, self.per_video)}
        if not wanted <= self.held.keys():
            self.held = {i: frame for i, frame in enumerate(read_frames(self.path, self.fps)) if i in wanted}
        for index in sorted(wanted & self.held.keys()):
            yield index, self.held[index]

    def _declared(self) -> int:
        try:
            return round(probe(self.path).seconds * self.fps)
        except MediaError:
            return 0  # The pass itself will say what is wrong.
