"""The rules of the crop protocols: from the landmarks of one face to the square that is cut out of each frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d, median_filter
from scipy.signal import lfilter
from skimage.transform import SimilarityTransform

from datasets.crops import CropProtocol, Rule
from datasets.standardize import Crop, CropPath, face_crop_box, was_cropped

Floats = NDArray[np.float64]

_PCAVS_SIZE = 224
_PCAVS_POINTS = np.array([[87, 59], [137, 59], [112, 120]], np.float64)
_PCAVS_NEW = 0.8


@dataclass(frozen=True)
class FaceGeometry:
    """What the rules need of one face over a clip, in pixels; rows of NaN where it was not seen.

    Attributes:
        boxes: ``(T, 4)`` left, top, right, bottom. eyes: ``(T, 2, 2)`` middles of the eye that is left in the picture and
            of the other. corners: ``(T, 2, 2)`` of the mouth, in the same order. mouth: ``(T, 2)`` middle of the inner lips.
        width, height: of the frame. fps: frames a second.
    """

    boxes: NDArray[np.floating[Any]]
    eyes: NDArray[np.floating[Any]]
    corners: NDArray[np.floating[Any]]
    mouth: NDArray[np.floating[Any]]
    width: int
    height: int
    fps: float

    def resampled(self, times: Floats, fps: float) -> FaceGeometry:
        """At other times (seconds after the first row), linear between rows; NaN rows are filled in."""
        own = np.arange(len(self.boxes)) / self.fps
        boxes, eyes, corners, mouth = (
            _interpolated(_filled(rows), own, times) for rows in (self.boxes, self.eyes, self.corners, self.mouth)
        )
        return FaceGeometry(boxes, eyes, corners, mouth, self.width, self.height, fps)


def place(protocol: CropProtocol, face: FaceGeometry) -> Crop | CropPath:
    """The crop of a clip under a protocol.

    Raises:
        ValueError: the face is in no frame.
    """
    if not np.isfinite(face.boxes).all(axis=1).any():
        raise ValueError("no face box in any frame")
    return _RULES[protocol.rule](protocol, face)


def _fixed(protocol: CropProtocol, face: FaceGeometry) -> Crop:
    return face_crop_box(face.boxes, face.width, face.height, protocol.scale, protocol.shift, protocol.whole_from)


def _tube(protocol: CropProtocol, face: FaceGeometry) -> Crop:
    union = np.concatenate([np.nanmin(face.boxes[:, :2], axis=0), np.nanmax(face.boxes[:, 2:], axis=0)])
    return _fixed(protocol, replace(face, boxes=union[None]))


def _follow(protocol: CropProtocol, face: FaceGeometry) -> Crop | CropPath:
    boxes = _filled(face.boxes)
    longer = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    if was_cropped(face.width, face.height, float(np.median(longer)) * protocol.scale, protocol.whole_from):
        return Crop(0, 0, face.width)
    side = protocol.scale * smoothed(longer[:, None], protocol, face.fps)
    centre = smoothed((boxes[:, :2] + boxes[:, 2:]) / 2, protocol, face.fps)
    centre[:, 1] -= protocol.shift * side[:, 0]
    across = np.concatenate([side, np.zeros_like(side)], axis=1)
    return _path(centre, across, protocol)


def _ffhq(protocol: CropProtocol, face: FaceGeometry) -> CropPath:
    eyes, corners = (smoothed(_filled(points), protocol, face.fps) for points in (face.eyes, face.corners))
    eye_middle, between = eyes.mean(axis=1), eyes[:, 1] - eyes[:, 0]
    down = corners.mean(axis=1) - eye_middle
    # Half the side, along the eyes: they and the upright mouth tell the direction together.
    half = between + np.stack([down[:, 1], -down[:, 0]], axis=1)
    length = np.maximum(np.linalg.norm(between, axis=1) * 2.0, np.linalg.norm(down, axis=1) * 1.8)
    half *= (length / np.linalg.norm(half, axis=1))[:, None]
    return _path(eye_middle + 0.1 * down, 2 * half, protocol)


def _pcavs(protocol: CropProtocol, face: FaceGeometry) -> CropPath:
    points = np.concatenate([_filled(face.eyes), _filled(face.mouth)[:, None]], axis=1)
    target = _PCAVS_POINTS + 0.5  # there, whole numbers are the middles of pixels
    fit = SimilarityTransform.from_estimate(points.mean(axis=0), target)
    if not fit:
        raise ValueError("eyes and mouth lie in one point")
    matrix = np.asarray(fit.params, np.float64)
    off = target[2] - (points[:, 2] @ matrix[:2, :2].T + matrix[:2, 2])
    moved = smoothed(off, protocol, face.fps)
    inverse = np.linalg.inv(matrix[:2, :2])
    origin = -(matrix[:2, 2] + moved) @ inverse.T
    linear = np.broadcast_to(inverse * _PCAVS_SIZE, (len(points), 2, 2))
    return CropPath(np.concatenate([linear, origin[:, :, None]], axis=2), protocol.border, protocol.fill)


_RULES: dict[Rule, Callable[[CropProtocol, FaceGeometry], Crop | CropPath]] = {
    "fixed": _fixed, "tube": _tube, "follow": _follow, "ffhq": _ffhq, "pcavs": _pcavs,
}  # fmt: skip


def smoothed(values: Floats, protocol: CropProtocol, fps: float) -> Floats:
    """Rows ``(T, ...)`` of numbers smoothed in time as the protocol says; the ends are repeated beyond themselves."""
    if protocol.smoothing == "recursive":
        start = (1 - _PCAVS_NEW) * values[:1]  # as if it had stood at the first value ever before
        out, _ = lfilter([_PCAVS_NEW], [1, _PCAVS_NEW - 1], values, axis=0, zi=start)
        return np.asarray(out, np.float64)
    width = round(protocol.window * fps) | 1  # odd: the middle is the frame itself
    if protocol.smoothing == "none" or width == 1:
        return values.copy()
    if protocol.smoothing == "median":
        shape = (width, *(1,) * (values.ndim - 1))
        return np.asarray(median_filter(values, size=shape, mode="nearest"), np.float64)
    weights = np.hanning(width + 2)[1:-1]
    return np.asarray(convolve1d(values, weights / weights.sum(), axis=0, mode="nearest"), np.float64)


def _path(centre: Floats, across: Floats, protocol: CropProtocol) -> CropPath:
    """Squares with this centre ``(T, 2)`` whose upper side is the vector `across` ``(T, 2)``."""
    down = np.stack([-across[:, 1], across[:, 0]], axis=1)
    origin = centre - (across + down) / 2
    return CropPath(np.stack([across, down, origin], axis=2), protocol.border, protocol.fill)


def _filled(rows: NDArray[np.floating[Any]]) -> Floats:
    """Rows of NaN interpolated from those around them."""
    values = rows.astype(np.float64)
    seen = np.flatnonzero(np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    return _interpolated(values[seen], seen.astype(np.float64), np.arange(len(values), dtype=np.float64))


def _interpolated(values: Floats, own: Floats, times: Floats) -> Floats:
    flat = values.reshape(len(values), -1)
    columns = [np.interp(times, own, column) for column in flat.T]
    return np.stack(columns, axis=1).reshape(len(times), *values.shape[1:])
