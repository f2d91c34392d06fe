"""What an extractor network looks like to the engine that batches it across clips."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray


class FrameNetwork(Protocol):
    """A network run on sampled frames of one video, batched across clips by the engine.

    Attributes:
        name: feature name, as metrics ask for it.
        assets: asset names whose files the constructor takes (as ``Mapping[str, Path]``).
        protocol: all that changes its output (crop, resize, weights' sha256, per-second sampling).
        per_second: how many frames a second it looks at; 0 means every frame.
        needs_face: whether it looks at faces. A network of whole frames does not: its `prepare` takes landmarks None too.
    """

    name: str
    assets: tuple[str, ...]
    per_second: float
    needs_face: bool

    @property
    def protocol(self) -> Mapping[str, Any]: ...

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[Any]:
        """Network input of one RGB frame ``(H, W, 3)`` and its landmarks ``(478, 3)`` in pixels. Fixed shape."""
        ...

    def forward(self, batch: NDArray[Any]) -> FloatArray:
        """``(B, ...)`` inputs -> ``(B, D)`` float32. Row i must not depend on the other rows."""
        ...


class Weightless:
    """What is computed without weights, as a network; it runs on the CPU."""

    assets: tuple[str, ...] = ()

    def __init__(self, assets: Mapping[str, Path] | None = None, device: str = "cpu") -> None:
        """Takes what it does not need, so that all networks are made alike."""


@runtime_checkable
class FewFramesNetwork(Protocol):
    """A `FrameNetwork` that looks at `per_video` evenly spaced frames of a video (`evenly_spaced`), however long it is."""

    per_video: int


@runtime_checkable
class WindowNetwork(Protocol):
    """A `FrameNetwork` of motion: it looks at `window` consecutive frames, one window after the other from the first frame.

    What is left at the end is not looked at. Its `forward` takes ``(B, window, ...)``, stacked from what `prepare` gives.
    """

    window: int


def evenly_spaced(frames: int, count: int) -> NDArray[np.int64]:
    """Indices of `count` evenly spaced frames, the first among them; all where there are fewer. ``(min(frames, count),)``.

    As EAT's script: ``linspace`` without its end point, truncated.
    """
    chosen: NDArray[np.int64] = np.linspace(0, frames, min(frames, count), endpoint=False).astype(np.int64)
    return chosen


class PairNetwork(Protocol):
    """Like `FrameNetwork`, but looks at a generated frame beside the reference frame of the same time."""

    name: str
    assets: tuple[str, ...]
    per_second: float

    @property
    def protocol(self) -> Mapping[str, Any]: ...

    def prepare(self, frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[Any]:
        """Input of one pair of RGB frames, already the same size ``(H, W, 3)``."""
        ...

    def forward(self, batch: NDArray[Any]) -> FloatArray:
        """``(B, ...)`` -> ``(B, D)`` float32."""
        ...
