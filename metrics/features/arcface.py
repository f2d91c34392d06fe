"""Identity by ArcFace: 512 numbers a face, from insightface's PyTorch or ONNX files, on aligned faces or on whole frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from metrics.base import FloatArray
from metrics.features.arcface_align import POINTS, SIZE, aligned_face, five_points
from metrics.features.iresnet import EMBEDDING, IResNet
from metrics.features.onnx_file import OnnxNetwork
from metrics.features.weights import fill, load_state

ALIGNED: Mapping[str, Any] = {
    "crop": "five points to ArcFace's template at 112², similarity, bilinear, black outside",
    "template": "insightface 2.1, face_align.arcface_dst",
    "points": {name: list(chosen) for name, chosen in POINTS.items()},
}
WHOLE: Mapping[str, Any] = {"crop": "none: the whole frame resized to 112², cv2.INTER_LINEAR"}


class _Aligned:
    """Pictures of the aligned face."""

    crop = ALIGNED
    needs_face = True

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The aligned face, ``(112, 112, 3)`` uint8; `ValueError` where landmarks are NaN."""
        return aligned_face(frame, five_points(landmarks))


class _Whole:
    """Pictures of the whole frame, squeezed, as the ViCo challenge does. Needs no face."""

    crop = WHOLE
    needs_face = False

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        """The frame at ``(112, 112, 3)`` uint8."""
        return np.asarray(cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


class _ArcFace(ABC):
    """The network behind either kind of picture."""

    name: ClassVar[str]
    network: ClassVar[str]
    colour: ClassVar[str]
    crop: Mapping[str, Any]
    assets: tuple[str, ...]
    per_second = 1.0

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        """Raises `WeightsError` where the file cannot be used."""
        self.embed = self._open(assets[self.assets[0]], device)

    @classmethod
    def over(cls, other: _ArcFace) -> Self:
        """These pictures through the network that `other` has loaded."""
        made = cls.__new__(cls)
        made.embed = other.embed
        return made

    @abstractmethod
    def _open(self, path: Path, device: str) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """A function from RGB pictures ``(B, 3, 112, 112)`` in 0..255 to embeddings ``(B, 512)``."""

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {"network": self.network, **self.crop, "colour": self.colour, "per_second": self.per_second}

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 112, 112, 3)`` uint8 -> ``(B, 512)`` float32, not normalized: compared by cosine."""
        return self.embed(np.ascontiguousarray(batch.transpose(0, 3, 1, 2), dtype=np.float32))


class _Torch(_ArcFace):
    colour = "RGB / 127.5 - 1"
    depth: ClassVar[str]

    def _open(self, path: Path, device: str) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        module = fill(IResNet(self.depth), load_state(path), path, device)

        def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
            with torch.inference_mode():
                scaled = torch.from_numpy(pictures / np.float32(127.5) - np.float32(1))
                out: NDArray[np.float32] = module(scaled.to(device)).cpu().numpy()
            return out

        return embed


class _Onnx(_ArcFace):
    colour = "RGB, scaled as insightface reads from the file: outside, or by the network itself"

    def _open(self, path: Path, device: str) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        from insightface.model_zoo.arcface_onnx import ArcFaceONNX

        network = OnnxNetwork(path, SIZE, EMBEDDING, device)
        found = ArcFaceONNX(str(path), network.session)
        mean, deviation = np.float32(found.input_mean), np.float32(found.input_std)
        return lambda pictures: network((pictures - mean) / deviation)


class ArcFaceR100(_Aligned, _Torch):
    """`FrameNetwork`: ms1mv3_arcface_r100_fp16 on aligned faces, once a second."""

    name = "arcface_r100"
    network = "ms1mv3_arcface_r100_fp16, iresnet100"
    depth = "r100"
    assets = ("arcface_r100",)


class ArcFaceR50(_Aligned, _Torch):
    """`FrameNetwork`: ms1mv3_arcface_r50_fp16 on aligned faces, once a second."""

    name = "arcface_r50"
    network = "ms1mv3_arcface_r50_fp16, iresnet50"
    depth = "r50"
    assets = ("arcface_r50",)


class ArcFaceVico(_Whole, _Torch):
    """`FrameNetwork`: ms1mv3_arcface_r100_fp16 on every whole frame, as in the ViCo challenge."""

    name = "arcface_vico"
    network = "ms1mv3_arcface_r100_fp16, iresnet100"
    depth = "r100"
    assets = ("arcface_r100",)
    per_second = 0.0


class ArcFaceBuffalo(_Aligned, _Onnx):
    """`FrameNetwork`: w600k_r50.onnx of insightface's pack buffalo_l on aligned faces, once a second."""

    name = "arcface_buffalo"
    network = "buffalo_l w600k_r50.onnx"
    assets = ("arcface_buffalo",)


class ArcFaceAntelope(_Aligned, _Onnx):
    """`FrameNetwork`: glintr100.onnx of insightface's pack antelopev2 on aligned faces, once a second."""

    name = "arcface_antelope"
    network = "antelopev2 glintr100.onnx"
    assets = ("arcface_antelope",)
