"""Decoded frames that wait until the crop of their clip is known: in memory while they are few, else in a scratch file."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from datasets.media import MediaError

Frame = NDArray[np.uint8]

MEMORY = 256 * 2**20
"""Bytes that are held in memory: ten seconds of 512x512 at 25 frames a second, or three of 1280x720."""

_idle: dict[Path, list[FileIO]] = defaultdict(list)
"""Scratch files of this process that nobody uses, by folder. Writing over what is there costs a tenth of the computing
that growing a file does (1 against 9 ms for a frame of 1920x1080), so the next clip takes the file of the last."""


def free_scratch() -> None:
    """Give the disk space of idle scratch files back; the end of the process does so too."""
    for files in _idle.values():
        for file in files:
            file.close()
    _idle.clear()


class FrameBuffer:
    """Frames in order, each with its times, to be read again any number of times.

    The scratch file is raw (writing and reading a frame costs a fraction of decoding it) and has no name: the system
    frees it whatever happens to the process. See `free_scratch`.

    Args:
        folder: where a scratch file may lie. memory: bytes of frames to hold before there is one.
    """

    def __init__(self, folder: Path, memory: int = MEMORY) -> None:
        self._folder, self._memory = folder, memory
        self._held: list[Frame] = []
        self._scratch: FileIO | None = None
        self._shape: tuple[int, ...] = ()
        self._bytes = 0
        self.times: list[tuple[float, float]] = []
        """When each frame appears and goes, as `datasets.media.read_shown` says."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._held = []
        if self._scratch is not None:
            _idle[self._folder].append(self._scratch)
            self._scratch = None

    def __len__(self) -> int:
        return len(self.times)

    @property
    def spilled(self) -> bool:
        """Whether there is a scratch file."""
        return self._scratch is not None

    def add(self, frame: Frame, begins: float, until: float) -> None:
        """Keep a frame ``(H, W, 3)``, of the size of the first; it must not be written into afterwards.

        Raises:
            MediaError: ``write_error`` where the scratch file cannot grow (disk full).
        """
        self._shape = self._shape or frame.shape
        if frame.shape != self._shape:
            raise ValueError(f"frames must be of one size {self._shape}, got {frame.shape}")
        if not self.spilled and self._bytes + frame.nbytes <= self._memory:
            self._held.append(frame)
            self._bytes += frame.nbytes
        else:
            self._spill(frame)
        self.times.append((begins, until))

    def shown(self) -> Iterator[tuple[int, float, float]]:
        """Number and times of each frame, for `datasets.media.resample`."""
        return ((index, begins, until) for index, (begins, until) in enumerate(self.times))

    def __getitem__(self, index: int) -> Frame:
        if index < len(self._held):
            return self._held[index]
        if self._scratch is None or not index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")
        frame = np.empty(self._shape, np.uint8)
        self._scratch.seek((index - len(self._held)) * frame.nbytes)
        self._scratch.readinto(frame.data.cast("B"))
        return frame

    def _spill(self, frame: Frame) -> None:
        try:
            if self._scratch is None:
                files = _idle[self._folder]
                self._scratch = files.pop() if files else _opened(self._folder)
            self._scratch.seek((len(self) - len(self._held)) * frame.nbytes)
            left = np.ascontiguousarray(frame).data.cast("B")
            while left:  # a raw file may take less than it is given
                left = left[self._scratch.write(left) :]
        except OSError as error:
            detail = (
                f"{error.strerror or error}, while frames were set aside. Free some space, or lower video.max_seconds"
            )
            raise MediaError("write_error", self._folder, detail) from error


def _opened(folder: Path) -> FileIO:
    return tempfile.TemporaryFile(dir=folder, buffering=0)
