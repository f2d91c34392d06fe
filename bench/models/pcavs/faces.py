"""The pictures that PC-AVS sees: faces aligned as its authors align them, then trimmed as their loader trims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.models.pcavs.generator import SIZE
from bench.prepare_clip import geometry
from datasets.crop_rules import place
from datasets.crops import PROTOCOLS
from datasets.standardize import Crop, CropPath
from metrics.base import FaceTrack

TRIM = 16
"""Pixels that the loader cuts from the left and the right of 224, and twice that from below; then it enlarges again."""

Picture = NDArray[np.uint8]


def alignment(track: FaceTrack) -> Crop | CropPath:
    """Where the aligned square of each frame lies: the crop protocol ``pcavs``. Frames without a face lie between those with one.

    Raises:
        ValueError: the face is in no frame.
    """
    return place(PROTOCOLS["pcavs"], geometry(track))


def seen(frame: Picture, crop: Crop | CropPath, index: int) -> Picture:
    """What the networks see of frame number `index`, ``(224, 224, 3)``."""
    aligned = crop.cut(frame, index, SIZE)
    trimmed = aligned[: SIZE - 2 * TRIM, TRIM : SIZE - TRIM]
    return np.asarray(cv2.resize(trimmed, (SIZE, SIZE)), np.uint8)


def driving_faces(frames: Iterable[Picture], track: FaceTrack) -> Iterator[Picture]:
    """`seen` of every frame that shows the face; what it is in the others is nobody's head pose.

    Raises:
        ValueError: the face is in no frame of the track.
    """
    crop = alignment(track)
    for index, frame in enumerate(frames):
        if track.present[index]:
            yield seen(frame, crop, index)


def pose_order(present: NDArray[np.bool_], frames: int) -> NDArray[np.int64]:
    """Which of the faces of `driving_faces` each frame of a video follows, ``(frames,)``.

    A pose source that is too short runs forth and back, its ends shown twice, as published. A frame without the face
    holds the last one before it, or the first of all.

    Raises:
        ValueError: the face is in no frame.
    """
    if not present.any():
        raise ValueError("no face in any frame")
    number, length = np.arange(frames), len(present)
    there = number % (2 * length)
    there = np.where(there < length, there, 2 * length - 1 - there)
    return np.asarray(np.maximum(np.cumsum(present) - 1, 0)[there], np.int64)


def to_tensor(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """RGB ``(B, 224, 224, 3)`` as the networks take them: ``(B, 3, 224, 224)`` in -1..1."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pictures(made: Tensor) -> NDArray[np.uint8]:
    """The way back; decimals are cut off, as the public code does."""
    pixels = ((made + 1) * 127.5).clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).cpu().numpy())


def resized(picture: Picture, size: int) -> Picture:
    """A square picture with `size` pixels a side: area filter down, cubic up."""
    if len(picture) == size:
        return picture
    how = cv2.INTER_AREA if len(picture) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size, size), interpolation=how), np.uint8)
