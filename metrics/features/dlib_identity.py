"""Identity embedding: dlib's face ResNet, 128 numbers a face; two pictures of a person are within about 0.6."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import dlib
import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray
from metrics.features import regions
from metrics.features.weights import WeightsError

SIZE = 150
PADDING = 0.25

FIVE_POINTS = (
    regions.LEFT_EYE_OUTER,
    regions.LEFT_EYE_INNER,
    regions.RIGHT_EYE_OUTER,
    regions.RIGHT_EYE_INNER,
    regions.NOSE_BASE,
)
"""Mesh points in the order of dlib's 5-point model, by which the network's training chips were aligned."""


class DlibIdentity:
    """`FrameNetwork`: 128-d identity embedding, once a second (about 0.1 s a face on one core)."""

    name = "identity"
    assets = ("dlib_face_resnet",)
    per_second = 1.0
    needs_face = True

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        """Loads the network. dlib chooses its own device when it is built; `device` is not used.

        Raises:
            WeightsError: the file cannot be read as dlib's face recognition network.
        """
        path = assets["dlib_face_resnet"]
        try:
            self.model = dlib.face_recognition_model_v1(str(path))
        except RuntimeError as error:
            raise WeightsError(f"{path}: cannot be loaded as dlib's face network: {error}") from error

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": "dlib_face_recognition_resnet_model_v1",
            "dlib": dlib_version(),
            "crop": {"size": SIZE, "padding": PADDING, "points": list(FIVE_POINTS)},
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Face chip ``(150, 150, 3)`` uint8, aligned by dlib on eye corners and nose base.

        Raises:
            ValueError: landmarks are NaN.
        """
        if not np.isfinite(landmarks[list(FIVE_POINTS), :2]).all():
            raise ValueError("no face to crop: its landmarks are missing")
        points = [dlib.point(round(float(landmarks[k, 0])), round(float(landmarks[k, 1]))) for k in FIVE_POINTS]
        xs, ys = [p.x for p in points], [p.y for p in points]
        shape = dlib.full_object_detection(dlib.rectangle(min(xs), min(ys), max(xs), max(ys)), points)
        chip = dlib.get_face_chip(np.ascontiguousarray(frame), shape, size=SIZE, padding=PADDING)
        return np.asarray(chip, dtype=np.uint8)

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 150, 150, 3)`` uint8 -> ``(B, 128)`` float32, compared by Euclidean distance or cosine."""
        chips = [np.ascontiguousarray(chip) for chip in batch]
        if not chips:
            return np.empty((0, 128), np.float32)
        return np.array(self.model.compute_face_descriptor(chips), dtype=np.float32)


def dlib_version() -> str:
    """Version of the installed dlib, under either of its package names."""
    for package in ("dlib-bin", "dlib"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "unknown"
