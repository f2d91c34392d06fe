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
SMALL = 0.08
"""Below this share of the frame's longer side a face is better searched on tiles."""
TILE_SHARES = (0.4, 0.2)
"""Side of the tiles, as a share of the frame's longer side, coarse to fine."""
MIN_TILE = 192
"""Finer tiles than the detector's own input would only show it enlarged pixels."""

PROTOCOL: Mapping[str, Any] = {
    "detectors": ["blazeface-short-range", "blazeface-full-range-sparse"],
    "min_score": MIN_SCORE,
    "small": SMALL,
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

    def find(self, frame: NDArray[np.uint8], deep: bool = True) -> list[Box]:
        """Faces of an RGB frame ``(H, W, 3)``, most prominent first.

        Args:
            frame: any size.
            deep: also search tiles where the frame as a whole shows no face or only small ones. Costs up to about half
                a second at 1920x1080 when there is no face at all; the plain search takes about 10 ms at any size.
        """
        height, width = frame.shape[:2]
        boxes = self._in_windows(frame, [(0, 0, width, height)], self._models)
        if deep:
            longer = max(width, height)
            for share in TILE_SHARES:
                if boxes and max(box.side for box in boxes) >= SMALL * longer:
                    break
                side = round(share * longer)
                if side >= MIN_TILE or (share == TILE_SHARES[0] and not boxes):
                    found = self._in_windows(frame, list(_tiles(width, height, side)), self._models[1:])
                    boxes = _distinct([*boxes, *found])
        return sorted(boxes, key=lambda box: -prominence(box, width, height))

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
