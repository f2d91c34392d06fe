"""How blurred a frame is, without a reference: scikit-image's ``blur_effect`` (Crété-Roffet et al. 2007)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import blur_effect

from metrics.base import FloatArray
from metrics.features.base import Weightless


class Blur(Weightless):
    """`FrameNetwork`: 0 for no blur, 1 for the most, of the whole frame, once a second. Needs no face."""

    name = "blur"
    per_second = 1.0
    needs_face = False

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "definition": "skimage.measure.blur_effect, h_size 11, grey, larger of the two directions",
            "scikit-image": version("scikit-image"),
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        """The frame as it is, ``(H, W, 3)`` uint8."""
        return frame

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, H, W, 3)`` uint8 -> ``(B, 1)`` float32, NaN for a frame of one colour, which has no edges to measure."""
        # On a frame of one colour scikit-image measures the rounding of its filters.
        values = [
            [blur_effect(frame, channel_axis=-1) if np.ptp(frame, axis=(0, 1)).any() else np.nan] for frame in batch
        ]
        return np.array(values, dtype=np.float32).reshape(-1, 1)
