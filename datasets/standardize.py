"""From a source clip to its standard form: a window of the source frame (still or moving), one size, sound cut to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Border = Literal["inside", "reflect", "constant"]
"""What is seen beyond the source frame: the crop is moved and shrunk to lie inside, the picture mirrored, or one grey."""

_BEYOND: dict[Border, int] = {"reflect": cv2.BORDER_REFLECT_101, "constant": cv2.BORDER_CONSTANT}


@dataclass(frozen=True)
class Crop:
    """A square of the source frame, in source pixels: left, top, side."""

    left: int
    top: int
    side: int

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.side}"

    @property
    def mean_side(self) -> float:
        """Source pixels along a side."""
        return float(self.side)

    def moved(self, x: int, y: int) -> Crop:
        """The same square in a frame of which the present one is the part that begins at ``(x, y)``."""
        return Crop(self.left + x, self.top + y, self.side)

    def cut(self, frame: Frame, index: int, size: int) -> Frame:
        """The square ``(size, size, 3)`` of frame number `index`. Area filter down, cubic up."""
        square = frame[self.top : self.top + self.side, self.left : self.left + self.side]
        if self.side == size:
            return square
        filter_ = cv2.INTER_AREA if self.side > size else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(square, (size, size), interpolation=filter_), np.uint8)

    def seen(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Where points ``(T, N, 2)`` of the source frames lie in the crop, whose sides run from 0 to 1."""
        return (points.astype(np.float64) - (self.left, self.top)) / self.side


@dataclass(frozen=True)
class CropPath:
    """A square that moves over the source frames.

    Attributes:
        matrices: ``(T, 2, 3)``, a similarity a frame, from the crop (sides 0..1) to source pixels; the middle of the
            first pixel is at 0.5.
        border, fill: what is seen beyond the frame (not ``inside``); the grey level 0..255 for ``constant``.
    """

    matrices: NDArray[np.float64]
    border: Border
    fill: int = 0

    def __str__(self) -> str:
        return f"path of {len(self.matrices)}, side {self.mean_side:.0f}"

    @property
    def mean_side(self) -> float:
        """Source pixels along a side, mean over the frames."""
        return float(np.hypot(self.matrices[:, 0, 0], self.matrices[:, 1, 0]).mean())

    def moved(self, x: int, y: int) -> CropPath:
        """The same path in frames of which the present ones are the part that begins at ``(x, y)``."""
        return CropPath(self.matrices + np.array([[0, 0, x], [0, 0, y]], np.float64), self.border, self.fill)

    def cut(self, frame: Frame, index: int, size: int) -> Frame:
        """The square ``(size, size, 3)`` of frame number `index`: area filter down to about the size, then bilinear; cubic up."""
        matrix = self.matrices[index]
        corners = matrix @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]], np.float64)
        low = np.floor(corners.min(axis=1)).astype(int) - 3
        high = np.ceil(corners.max(axis=1)).astype(int) + 3
        region = self._region(frame, low, high)
        per_pixel = float(np.hypot(matrix[0, 0], matrix[1, 0])) / size
        scale = np.ones(2)
        if per_pixel > 1:
            wide, tall = (max(1, round(n / per_pixel)) for n in region.shape[1::-1])
            scale = np.array([wide / region.shape[1], tall / region.shape[0]])
            region = np.asarray(cv2.resize(region, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)
        # From indices of output pixels to indices in the region; middles of pixels lie half a pixel further.
        linear = matrix[:, :2] / size * scale[:, None]
        offset = linear.sum(axis=1) / 2 + (matrix[:, 2] - low) * scale - 0.5
        how = cv2.WARP_INVERSE_MAP | (cv2.INTER_LINEAR if per_pixel > 1 else cv2.INTER_CUBIC)
        placed = np.concatenate([linear, offset[:, None]], axis=1)
        warped = cv2.warpAffine(region, placed, (size, size), flags=how, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, np.uint8)

    def seen(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Where points ``(T, N, 2)`` of the source frames lie in the crop, whose sides run from 0 to 1."""
        inverse = np.linalg.inv(self.matrices[:, :, :2])
        there: NDArray[np.float64] = np.einsum("tij,tnj->tni", inverse, points - self.matrices[:, None, :, 2])
        return there

    def _region(self, frame: Frame, low: NDArray[np.int64], high: NDArray[np.int64]) -> Frame:
        bounds = np.array(frame.shape[1::-1])
        near, far = np.clip(low, 0, bounds), np.clip(high, 0, bounds)
        if (near >= far).any():  # the crop lies beside the frame, all of which is there to be mirrored
            near, far = np.zeros(2, np.int64), bounds
        (left, top), (right, bottom) = np.maximum(near - low, 0), np.maximum(high - far, 0)
        region = frame[near[1] : far[1], near[0] : far[0]]
        if left or top or right or bottom:
            grey = (self.fill,) * 3
            beyond = _BEYOND[self.border]
            grown = cv2.copyMakeBorder(region, int(top), int(bottom), int(left), int(right), beyond, value=grey)
            region = np.asarray(grown, np.uint8)
        x, y = np.maximum(low - near, 0)
        return region[y : y + high[1] - low[1], x : x + high[0] - low[0]]


def face_crop_box(
    boxes: NDArray[np.floating[Any]],
    width: int,
    height: int,
    scale: float,
    shift: float = 0.06,
    whole_from: float = 0.75,
) -> Crop:
    """One fixed square for a whole clip, so that head motion stays motion.

    Args:
        boxes: ``(T, 4)`` left, top, right, bottom of the face in pixels; rows of NaN where it was not seen.
        width, height: of the source frame.
        scale: side of the crop over the (median) longer side of the face box.
        shift: share of the side by which the centre is moved up from the box's: it ends at the brows' upper edge, so
            that hair and chin get equal room.
        whole_from: a square frame is taken whole where the crop would be more than this share of it: it was cropped before.

    Returns:
        The square, moved (and, where the frame is too small, shrunk) to lie inside the frame.

    Raises:
        ValueError: no row of `boxes` is finite.
    """
    seen = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(seen):
        raise ValueError("no face box in any frame")
    left, top, right, bottom = np.median(seen, axis=0)
    side = scale * max(right - left, bottom - top)
    limit = min(width, height)
    if was_cropped(width, height, side, whole_from):
        return Crop(0, 0, limit)
    side = round(min(side, limit))
    centre_x, centre_y = (left + right) / 2, (top + bottom) / 2 - shift * side
    return Crop(
        int(np.clip(round(centre_x - side / 2), 0, width - side)),
        int(np.clip(round(centre_y - side / 2), 0, height - side)),
        side,
    )


def was_cropped(width: int, height: int, side: float, whole_from: float) -> bool:
    """Whether a frame looks like the output of a crop: square, and not much larger than the wanted side."""
    return width == height and side > whole_from * width


def cut_audio(audio: NDArray[np.float32], rate: int, start: float, frames: int, fps: float) -> NDArray[np.float32]:
    """The sound of `frames` frames from `start` seconds on: exactly ``round(frames / fps * rate)`` samples, zeros beyond the end."""
    first, count = round(start * rate), round(frames / fps * rate)
    piece = audio[first : first + count]
    return np.pad(piece, (0, count - len(piece)))


def as_stored(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound as 16-bit PCM will give it back: the video and the sound file of a clip then hold the very same speech."""
    return (np.round(np.clip(audio, -1, 1) * 32767) / 32768).astype(np.float32)
