"""dlib's 68 face points, found as EAT's evaluation does: frontal detector on the grey frame, twice as large, then the predictor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray
from metrics.features.dlib_identity import dlib_version
from metrics.features.weights import WeightsError

POINTS = 68
HEIGHT = 256
"""Coordinates are stored in pixels of a frame so high."""


class DlibLandmarks:
    """`FrameNetwork`: 68 points (iBUG order) of every frame, NaN where dlib finds no face. Looks for the face itself."""

    name = "dlib68"
    assets = ("dlib_landmarks_68",)
    per_second = 0.0
    needs_face = False

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        """Loads the predictor; the detector is part of dlib. `device` is not used.

        Raises:
            WeightsError: the file cannot be read as a predictor, or finds another number of points.
        """
        path = assets["dlib_landmarks_68"]
        self.detect = dlib.get_frontal_face_detector()
        try:
            self.predict = dlib.shape_predictor(str(path))
        except RuntimeError as error:
            raise WeightsError(f"{path}: cannot be loaded as dlib's landmark predictor: {error}") from error
        found = self.predict(np.zeros((8, 8), np.uint8), dlib.rectangle(0, 0, 7, 7)).num_parts
        if found != POINTS:
            raise WeightsError(f"{path}: a predictor of {found} points, expected {POINTS}")

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": "dlib frontal face detector (grey, upsampled once) and shape_predictor_68_face_landmarks",
            "dlib": dlib_version(),
            "face": "the first that the detector names",
            "unit": f"pixels of a frame {HEIGHT} high",
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Points ``(68, 2)`` of the frame ``(H, W, 3)``, NaN without a face."""
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        faces = self.detect(grey, 1)
        if not faces:
            return np.full((POINTS, 2), np.nan, np.float32)
        shape = self.predict(grey, faces[0])
        points = np.array([(part.x, part.y) for part in shape.parts()], dtype=np.float64)
        return (points * (HEIGHT / len(frame))).astype(np.float32)

    def forward(self, batch: NDArray[np.float32]) -> FloatArray:
        """``(B, 68, 2)`` -> ``(B, 136)`` float32: x and y of each point in turn."""
        return np.ascontiguousarray(batch.reshape(len(batch), 2 * POINTS))
