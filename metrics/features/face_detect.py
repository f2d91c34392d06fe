"""Where faces are in a frame of any size: MediaPipe's two BlazeFace detectors, on the whole frame and on tiles of it.

Measured on pasted portraits: the short-range model finds faces wider than about 15 % of the longer side of what it is
shown, the full-range one down to about 7 %. Smaller ones (full body, distant speaker) are found on overlapping tiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.features.quiet import native_stderr_silenced

MIN_SCORE = 0.5
TILE_SHARES = (0.4, 0.2)
"""Side of the tiles, as a share of the frame's longer side, coarse to fine."""
MIN_TILE = 192
"""Pixels; finer tiles would only show the detector enlarged pixels."""

PROTOCOL: Mapping[str, Any] = {
    "detectors": ["blazeface-short-range", "blazeface-full-range-sparse"],
    "min_score": MIN_SCORE,
    "tile_shares": list(TILE_SHARES),
    "min_tile": MIN_TILE,
}


@dataclass(frozen=True)
class Box:
    """A square-ish face box in pixels: centre ``(x, y)``, longer side, detector score in 0..1."""

    x: float
    y: float
    side: float
    score: float

    def distance(self, other: Box) -> float:
        """Distance of the centres in units of the larger side."""
        return float(np.hypot(self.x - other.x, self.y - other.y)) / max(self.side, other.side)


def prominence(box: Box, width: int, height: int) -> float:
    """The rule by which one face is chosen among several: size, halved towards the corners of the frame.

    ``side * (1 - 0.5 * d)`` with ``d`` the distance of the box from the frame's centre over half the frame's diagonal.
    """
    half_diagonal = 0.5 * float(np.hypot(width, height))
    distance = float(np.hypot(box.x - width / 2, box.y - height / 2)) / half_diagonal
    return box.side * (1.0 - 0.5 * min(distance, 1.0))


def depths(width: int, height: int) -> range:
    """Search depths that make sense for a frame of this size: without tiles finer than the detector's own input."""
    return range(1 + sum(share * max(width, height) >= MIN_TILE for share in TILE_SHARES))


class FaceDetector:
    """Finds all faces of single frames; keeps nothing from one frame to the next."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_detection import FaceDetection

        with native_stderr_silenced():
            self._models = [FaceDetection(min_detection_confidence=MIN_SCORE, model_selection=k) for k in (0, 1)]
            for model in self._models:
                model.process(np.zeros((64, 64, 3), np.uint8))

    def close(self) -> None:
        """Frees the two graphs; the detector cannot be used afterwards."""
        for model in self._models:
            model.close()

    def find(self, frame: NDArray[np.uint8], depth: int = 0) -> list[Box]:
        """Faces of an RGB frame ``(H, W, 3)`` of any size, most prominent first; some are none (0.5 to 0.7 is common).

        Args:
            frame: the frame.
            depth: 0 looks at the frame as a whole (about 10 ms); 1 and 2 at tiles, coarse and fine, for smaller faces
                (at 1920x1080 about 0.1 and 0.4 s). See `depths`.
        """
        height, width = frame.shape[:2]
        if depth == 0:
            found = self._in_windows(frame, [(0, 0, width, height)], self._models)
        else:
            side = round(TILE_SHARES[depth - 1] * max(width, height))
            found = self._in_windows(frame, list(_tiles(width, height, side)), self._models[1:])
        return sorted(found, key=lambda box: -prominence(box, width, height))

    def _in_windows(
        self, frame: NDArray[np.uint8], windows: Sequence[tuple[int, int, int, int]], models: Sequence[Any]
    ) -> list[Box]:
        found: list[Box] = []
        for left, top, width, height in windows:
            view = np.ascontiguousarray(frame[top : top + height, left : left + width])
            for model in models:
                for detection in model.process(view).detections or ():
                    area = detection.location_data.relative_bounding_box
                    found.append(
                        Box(
                            x=left + (area.xmin + area.width / 2) * width,
                            y=top + (area.ymin + area.height / 2) * height,
                            side=max(area.width * width, area.height * height),
                            score=float(detection.score[0]),
                        )
                    )
        return _distinct(found)


def _distinct(boxes: Sequence[Box]) -> list[Box]:
    """Of boxes of one face (centres closer than half a side) the surest."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        if all(box.distance(other) > 0.5 for other in kept):
            kept.append(box)
    return kept


def _tiles(width: int, height: int, side: int) -> Iterator[tuple[int, int, int, int]]:
    """Windows ``(left, top, width, height)`` that overlap by half a side, so that no face is cut by all of them."""
    for top in _starts(height, side):
        for left in _starts(width, side):
            yield left, top, min(side, width), min(side, height)


def _starts(length: int, side: int) -> list[int]:
    if side >= length:
        return [0]
    count = int(np.ceil((length - side) / (side / 2))) + 1
    return [round(k * (length - side) / (count - 1)) for k in range(count)]
