"""Where the face is: what adapters ask of the face tracker, for portraits and for videos that many cases follow."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.media import read_frames
from metrics.base import FaceTrack
from metrics.features.face_mesh import FaceTracker


class FaceTracks:
    """One tracker, loaded when it is first needed, and the last tracks that it made.

    Args:
        kept: how many tracks; all rows of a case ask for the same pose source, one after the other.
    """

    def __init__(self, kept: int = 1) -> None:
        self.of_video = lru_cache(maxsize=kept)(self._of_video)

    @cached_property
    def tracker(self) -> FaceTracker:
        """For videos that are followed frame by frame."""
        return FaceTracker()

    def of_picture(self, picture: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Landmarks ``(478, 3)`` in pixels of the face in an RGB picture, or None; as `face_mesh.locate`, without loading anew."""
        self.tracker.start(picture.shape[1], picture.shape[0], 1.0)
        return self.tracker.step(picture)

    def _of_video(self, path: Path, fps: float) -> FaceTrack:
        return self.tracker.track(read_frames(path, fps), fps)
