"""Pictures and frames that the extractor tests share."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from metrics.features.face_mesh import locate

Frame = NDArray[np.uint8]


@pytest.fixture(scope="session")
def portrait() -> Frame:
    """A frontal smiling face, about 110 pixels wide, in ``(512, 512, 3)``."""
    picture: Frame = skimage.data.astronaut()
    return picture


@pytest.fixture(scope="session")
def portrait_landmarks(portrait: Frame) -> NDArray[np.float32]:
    landmarks = locate(portrait)
    assert landmarks is not None
    return landmarks


@pytest.fixture(scope="session")
def backdrop() -> Callable[[int, int], Frame]:
    """``backdrop(width, height)``: a picture without a face."""

    def make(width: int, height: int) -> Frame:
        return np.asarray(cv2.resize(skimage.data.coffee(), (width, height)), dtype=np.uint8)

    return make


@pytest.fixture(scope="session")
def picture() -> Callable[[Path], Frame]:
    """``picture(path)``: RGB of a picture file."""

    def read(path: Path) -> Frame:
        return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])

    return read


@pytest.fixture(scope="session")
def frames_of() -> Callable[..., list[Frame]]:
    """``frames_of(path, step=1, limit=None)``: RGB frames of a video file."""

    def read(path: Path, step: int = 1, limit: int | None = None) -> list[Frame]:
        with av.open(str(path)) as container:
            chosen = islice(container.decode(video=0), 0, None if limit is None else limit * step, step)
            return [frame.to_ndarray(format="rgb24") for frame in chosen]

    return read


@pytest.fixture(scope="session")
def paste() -> Callable[..., Frame]:
    """``paste(canvas, picture, scale, x, y)``: a copy of the canvas with the shrunk picture's corner at (x, y)."""

    def make(canvas: Frame, picture: Frame, scale: float, x: int, y: int) -> Frame:
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        out = canvas.copy()
        out[y : y + small.shape[0], x : x + small.shape[1]] = small
        return out

    return make
