"""From boxes of a face to the 224 x 224 crop that SyncNet sees: smoothed, with a margin below, grey beyond the frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import medfilt

from metrics.base import FaceTrack, Status, Unscorable
from metrics.features.syncnet_layout import FPS, SIZE
from metrics.features.syncnet_protocol import SyncProtocol

MESH_POINTS = 468
"""Of the 478 points of the face track; the rest are the irises, which say nothing about the face's outline."""

Boxes = NDArray[np.float64]


def mesh_boxes(track: FaceTrack) -> Boxes:
    """Bounding boxes of the mesh at 25 frames a second, ``(K, 4)`` left, top, right, bottom in pixels; NaN without a face.

    The outline of the mesh runs over forehead, cheeks and chin, which is what S3FD was taught to box. At another frame rate
    positions are interpolated in time between neighbouring frames that both show the face.
    """
    points = track.landmarks[:, :MESH_POINTS, :2].astype(np.float64)
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    boxes[~track.present] = np.nan
    if track.fps == FPS or len(boxes) == 0:
        return boxes
    count = max(1, int(np.floor(len(boxes) * FPS / track.fps + 0.5)))
    at = np.minimum(np.arange(count) * track.fps / FPS, len(boxes) - 1)
    before = np.floor(at).astype(int)
    after, part = np.minimum(before + 1, len(boxes) - 1), (at - before)[:, None]
    # A weight of 0 must not let a missing neighbour in: 0 times NaN is NaN.
    mixed: Boxes = np.where(part > 0, (1 - part) * boxes[before] + part * boxes[after], boxes[before])
    return mixed


def longest_stretch(boxes: Boxes, protocol: SyncProtocol) -> tuple[int, Boxes]:
    """The longest run of frames with a face, gaps bridged linearly: index of its first frame, its boxes ``(K, 4)``.

    Raises:
        Unscorable: ``no_face`` if there is none, or in less than half of the frames; ``too_short`` if the run has fewer
            frames than the protocol asks for.
    """
    found = np.flatnonzero(np.all(np.isfinite(boxes), axis=1))
    need_faces(len(found), len(boxes))
    runs = np.split(found, np.flatnonzero(np.diff(found) > protocol.max_gap) + 1)
    run = max(runs, key=lambda frames: int(frames[-1] - frames[0]))
    first, frames = int(run[0]), np.arange(run[0], run[-1] + 1)
    need_frames(len(frames), protocol)
    return first, np.stack([np.interp(frames, run, column) for column in boxes[run].T], axis=1)


def need_faces(found: int, frames: int) -> None:
    """Raises `Unscorable`, ``no_face``, if less than half of the frames show the face."""
    if found == 0 or 2 * found < frames:
        raise Unscorable(Status.NO_FACE, f"a face in {found} of {frames} frames; at least half are needed")


def need_frames(count: int, protocol: SyncProtocol) -> None:
    """Raises `Unscorable`, ``too_short``, if `count` frames are fewer than the protocol asks for."""
    if count < protocol.min_frames:
        raise Unscorable(
            Status.TOO_SHORT,
            f"{count} frames at {FPS} a second; {protocol.name} needs at least {protocol.min_frames}",
        )


def smoothed(boxes: Boxes, protocol: SyncProtocol) -> Boxes:
    """Centre and half side of the square around each box, median-filtered over time: ``(K, 3)`` x, y, half in pixels."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    columns = (x, y, np.maximum(width, height) / 2)
    return np.stack([medfilt(column, protocol.median) for column in columns], axis=1)


def crop_face(frame: NDArray[np.uint8], place: NDArray[np.float64], protocol: SyncProtocol) -> NDArray[np.uint8]:
    """One crop: the square and its margin, half of it below.

    Args:
        frame: ``(H, W, 3)`` uint8. place: ``(3,)`` of `smoothed`.

    Returns:
        ``(224, 224, 3)`` uint8, channels as they came; what lies outside the frame is the protocol's grey.

    Raises:
        Unscorable: ``no_face`` where the box has no area.
    """
    x, y, half = (float(value) for value in place)
    margin = protocol.crop_scale
    # The original pads the frame first and cuts at whole numbers of the padded one; the offset decides the rounding.
    offset = int(half * (1 + 2 * margin))
    top, bottom = int(y + offset - half) - offset, int(y + offset + half * (1 + 2 * margin)) - offset
    left, right = (int(x + offset + sign * half * (1 + margin)) - offset for sign in (-1, 1))
    if bottom <= top or right <= left:
        raise Unscorable(Status.NO_FACE, f"the box of the face has no area ({right - left} x {bottom - top} pixels)")
    height, width = frame.shape[:2]
    cut = np.full((bottom - top, right - left, 3), protocol.pad, np.uint8)
    y0, y1, x0, x1 = max(top, 0), min(bottom, height), max(left, 0), min(right, width)
    if y0 < y1 and x0 < x1:
        cut[y0 - top : y1 - top, x0 - left : x1 - left] = frame[y0:y1, x0:x1]
    return np.asarray(cv2.resize(cut, (SIZE, SIZE)), dtype=np.uint8)


def whole_frame(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The whole frame ``(H, W, 3)`` squeezed to ``(224, 224, 3)``."""
    return np.asarray(cv2.resize(frame, (SIZE, SIZE)), dtype=np.uint8)
