"""The Inception network of FID and KID: pytorch-fid's, whose weights were converted from TensorFlow's 2015 release.

It is torchvision's Inception v3 with the blocks that pytorch-fid exchanges (average pools that do not count their padding, a
maximum pool in the last block). Frames are looked at whole, as decoded, with no JPEG in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from metrics.base import FloatArray
from metrics.features.torchvision_ready import ready_torchvision
from metrics.features.weights import fill, load_state

SIZE = 299
CLASSES = 1008


class FidInception(nn.Module):
    """``(B, 3, H, W)`` in 0..1 -> features by block. Submodules are named as in the published file.

    Source: pytorch-fid 0.3.0, ``inception.InceptionV3``.
    """

    def __init__(self) -> None:
        super().__init__()
        ready_torchvision()
        from pytorch_fid import inception as patched
        from torchvision.models import inception_v3

        base = inception_v3(weights=None, num_classes=CLASSES, aux_logits=False, init_weights=False)
        base.Mixed_5b = patched.FIDInceptionA(192, pool_features=32)
        base.Mixed_5c = patched.FIDInceptionA(256, pool_features=64)
        base.Mixed_5d = patched.FIDInceptionA(288, pool_features=64)
        base.Mixed_6b = patched.FIDInceptionC(768, channels_7x7=128)
        base.Mixed_6c = patched.FIDInceptionC(768, channels_7x7=160)
        base.Mixed_6d = patched.FIDInceptionC(768, channels_7x7=160)
        base.Mixed_6e = patched.FIDInceptionC(768, channels_7x7=192)
        base.Mixed_7b = patched.FIDInceptionE_1(1280)
        base.Mixed_7c = patched.FIDInceptionE_2(2048)
        for name, module in base.named_children():
            self.add_module(name, module)

    def blocks(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Outputs of pytorch-fid's blocks 0 to 3: 64, 192, 768 and 2048 channels; the last is pooled to ``(B, 2048)``."""
        x = functional.interpolate(x, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
        first = self._run(2 * x - 1, "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1")
        second = self._run(first, "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2")
        third = self._run(second, *(f"Mixed_{stage}" for stage in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e")))
        return first, second, third, self._run(third, "Mixed_7a", "Mixed_7b", "Mixed_7c").mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, 3, H, W)`` in 0..1 -> ``(B, 2048)``."""
        return self.blocks(x)[3]

    def _run(self, x: Tensor, *names: str) -> Tensor:
        for name in names:
            x = self.get_submodule(name)(x)
        return x


class InceptionFeatures:
    """`FrameNetwork`: 2048 features of every whole frame, for FID and KID. Needs no face."""

    name = "inception"
    assets = ("inception_fid",)
    per_second = 0.0
    needs_face = False

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        path = assets["inception_fid"]
        self.device = device
        self.module = fill(FidInception(), load_state(path), path, device)

    @classmethod
    def over(cls, other: InceptionFeatures) -> Self:
        """These frames through the network that `other` has loaded."""
        made = cls.__new__(cls)
        made.device, made.module = other.device, other.module
        return made

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": "pytorch-fid 0.3.0 InceptionV3, block 3 (2048)",
            "frame": "whole, RGB / 255, no JPEG",
            "resize": f"{SIZE}², torch bilinear, align_corners False, no antialiasing",
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        """The frame as it is, ``(H, W, 3)`` uint8; the network resizes."""
        return frame

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, H, W, 3)`` uint8 -> ``(B, 2048)`` float32."""
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device).permute(0, 3, 1, 2).float()
            out: FloatArray = self.module(x / 255).cpu().numpy()
        return out


class FewInceptionFeatures(InceptionFeatures):
    """`FrameNetwork`: the same of five evenly spaced frames a video, whose cost does not grow with its length."""

    name = "inception_5"
    per_video = 5
