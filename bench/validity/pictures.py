"""Damage to pictures: each takes frames ``(T, H, W, 3)`` uint8 RGB and gives as many of the same size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.media import read_frames, write_video

Frames = NDArray[np.uint8]


def blur(frames: Frames, sigma: float) -> Frames:
    """Gaussian blur; `sigma` in pixels."""
    return _each(frames, lambda frame: cv2.GaussianBlur(frame, (0, 0), sigma))


def jpeg(frames: Frames, quality: int) -> Frames:
    """Each frame through JPEG of that quality (libjpeg's 1..100)."""
    return np.stack([_decoded(picture) for picture in jpeg_bytes(frames, quality)])


def jpeg_bytes(frames: Frames, quality: int) -> list[bytes]:
    """The JPEG file of each frame."""
    how = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    return [cv2.imencode(".jpg", frame[..., ::-1], how)[1].tobytes() for frame in frames]


def _decoded(picture: bytes) -> Frames:
    return np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def noise(frames: Frames, sigma: float, seed: int) -> Frames:
    """Gaussian noise of standard deviation `sigma` (of 255), another in every frame. The same seed gives the same field."""
    random = np.random.default_rng(seed)
    return np.stack([_rounded(frame + sigma * random.standard_normal(frame.shape)) for frame in frames])


def colour(frames: Frames, levels: float) -> Frames:
    """A warmer picture: red up and blue down by so many of 255 levels."""
    return np.stack([_rounded(frame + np.array([levels, 0.0, -levels])) for frame in frames])


def rotate(frames: Frames, degrees: float) -> Frames:
    """The picture turned clockwise about its middle; what comes in from outside repeats the edge."""
    height, width = frames.shape[1:3]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    return _warped(frames, turn)


def move(frames: Frames, share: float) -> Frames:
    """The picture moved to the right by a share of its width; what comes in repeats the edge."""
    return _warped(frames, np.array([[1.0, 0.0, share * frames.shape[2]], [0.0, 1.0, 0.0]]))


def zoom(frames: Frames, factor: float) -> Frames:
    """The picture shrunk about its middle to that factor; what comes in repeats the edge."""
    height, width = frames.shape[1:3]
    return _warped(frames, cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 0.0, factor))


def generations(frames: Frames, times: int, fps: float, crf: int) -> Frames:
    """The frames after that many times through H.264 and back."""
    with TemporaryDirectory() as folder:
        for number in range(times):
            path = Path(folder) / f"{number}.mp4"
            write_video(path, frames, fps, crf=crf)
            frames = np.stack(list(read_frames(path)))
    return frames


def _each(frames: Frames, change: Callable[[Frames], Any]) -> Frames:
    return np.stack([np.asarray(change(frame), np.uint8) for frame in frames])


def _warped(frames: Frames, matrix: Any) -> Frames:
    size = (frames.shape[2], frames.shape[1])
    edge = cv2.BORDER_REPLICATE
    return _each(frames, lambda frame: cv2.warpAffine(frame, matrix, size, flags=cv2.INTER_LINEAR, borderMode=edge))


def _rounded(values: NDArray[np.float64]) -> Frames:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
