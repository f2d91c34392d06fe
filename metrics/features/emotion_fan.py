"""Emotion-FAN (Meng et al., ICIP 2019), a frame attention network, in the form of EAT's evaluation: eight classes of MEAD.

A ResNet-18 gives each frame 512 features f and a weight α; a video has the mean ``m = Σ α f / Σ α``. A second attention
``β = σ(w · [f, m] + b)`` and a linear layer W give its scores ``W Σ α [f, m] / Σ α β + bias``: in evaluation the published code
leaves β out of the numerator, and so does this one. As w and W are linear in f, a frame needs only its α and the products of f
with their halves: `EmotionFan` stores those, and `emotion_fan_video.video_scores` is exact without the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from metrics.base import FloatArray
from metrics.features.emotion_classes import EMOTION_FAN
from metrics.features.regions import face_crop
from metrics.features.torchvision_ready import ready_torchvision
from metrics.features.weights import WeightsError, fill, load_nested, without_prefix

SIZE = 224
SCALE = 2.0
FEATURES = 512


class EmotionFanNetwork(nn.Module):
    """The network of the published checkpoint (``self_relation-attention``), modules named as there."""

    def __init__(self) -> None:
        super().__init__()
        ready_torchvision()
        from torchvision.models import resnet18

        for name, module in resnet18(weights=None).named_children():
            if name != "fc":
                self.add_module(name, module)
        self.alpha = nn.Sequential(nn.Linear(FEATURES, 1), nn.Sigmoid())
        self.beta = nn.Sequential(nn.Linear(2 * FEATURES, 1), nn.Sigmoid())
        # In the checkpoint, used only by the variant without the second attention.
        self.pred_fc1 = nn.Linear(FEATURES, len(EMOTION_FAN))
        self.pred_fc2 = nn.Linear(2 * FEATURES, len(EMOTION_FAN))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Frames ``(B, 3, 224, 224)`` in 0..1 -> features ``(B, 512)`` and weights α ``(B, 1)``."""
        for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool"):
            x = self.get_submodule(name)(x)
        features = x.flatten(1)
        return features, self.alpha(features)

    def video(self, features: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """Frames of one video, ``(T, 512)`` and ``(T, 1)`` -> mean feature ``(512,)`` and scores ``(8,)``."""
        mean = (alpha * features).sum(dim=0) / alpha.sum()
        both = torch.cat([features, mean.expand_as(features)], dim=1)
        joined = (alpha * both).sum(dim=0) / (alpha * self.beta(both)).sum()
        return mean, self.pred_fc2(joined)

    def frame_rows(self, features: Tensor, alpha: Tensor) -> Tensor:
        """``(T, 27)``: α, the two halves of β's argument, the two halves of the scores (8 each), the scores' bias (8)."""
        attention = self.beta[0]
        assert isinstance(attention, nn.Linear)
        own, of_mean = attention.weight[:, :FEATURES], attention.weight[:, FEATURES:]
        first, second = self.pred_fc2.weight[:, :FEATURES], self.pred_fc2.weight[:, FEATURES:]
        columns = [
            alpha,
            functional.linear(features, own),
            functional.linear(features, of_mean, attention.bias),
            functional.linear(features, first),
            functional.linear(features, second),
            self.pred_fc2.bias.expand(len(features), -1),
        ]
        return torch.cat(columns, dim=1)


class EmotionFan:
    """`FrameNetwork`: what a frame adds to a video's scores, five times a second. `video_scores` puts frames together."""

    name = "emotion_fan"
    assets = ("emotion_fan",)
    per_second = 5.0
    needs_face = True

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        """Raises `WeightsError` where the file cannot be used."""
        path = assets["emotion_fan"]
        state = load_nested(path).get("state_dict")
        if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
            raise WeightsError(f"{path}: expected a checkpoint with tensors under 'state_dict'")
        self.device = device
        self.module = EmotionFanNetwork()
        fill(self.module, without_prefix(state), path, device)

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": "Emotion-FAN ResNet-18, self- and relation-attention, EAT's 8 classes",
            "crop": {"size": SIZE, "scale": SCALE, "colour": "RGB / 255"},
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Upright face crop ``(224, 224, 3)`` uint8; `ValueError` where landmarks are NaN."""
        return face_crop(frame, landmarks, SIZE, SCALE)

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 224, 224, 3)`` uint8 -> ``(B, 27)`` float32 for `video_scores`."""
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device).permute(0, 3, 1, 2).float()
            out: FloatArray = self.module.frame_rows(*self.module(x / 255)).cpu().numpy()
        return out
