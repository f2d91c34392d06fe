"""HSEmotion (Savchenko 2022): eight expressions by an EfficientNet-B0 trained on AffectNet, in its published ONNX form.

The PyTorch file is a pickled timm module, which would have to be executed to be read; the ONNX file is data.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from metrics.base import FloatArray
from metrics.features.emotion_classes import HSEMOTION
from metrics.features.onnx_file import OnnxNetwork
from metrics.features.regions import face_crop

SIZE = 224
SCALE = 2.2
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


class HSEmotion:
    """`FrameNetwork`: probabilities of eight expressions by ``enet_b0_8_best_vgaf``, five times a second."""

    name = "hsemotion"
    assets = ("hsemotion_b0",)
    per_second = 5.0
    needs_face = True

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        """Raises `WeightsError` where the file cannot be used."""
        self.network = OnnxNetwork(assets["hsemotion_b0"], SIZE, len(HSEMOTION), device)

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": "HSEmotion enet_b0_8_best_vgaf.onnx",
            "crop": {"size": SIZE, "scale": SCALE, "colour": "RGB / 255, ImageNet mean and deviation"},
            "output": "softmax of the classes",
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Upright face crop ``(224, 224, 3)`` uint8; `ValueError` where landmarks are NaN."""
        return face_crop(frame, landmarks, SIZE, SCALE)

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 224, 224, 3)`` uint8 -> ``(B, 8)`` float32 probabilities in the order of `HSEMOTION`."""
        x = (batch.astype(np.float32) / 255 - MEAN) / STD
        rows = self.network(np.ascontiguousarray(x.transpose(0, 3, 1, 2), dtype=np.float32))
        return np.asarray(softmax(rows, axis=1), dtype=np.float32)
