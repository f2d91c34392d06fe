"""PC-AVS: the encoder ``E`` of what is not identity, an hourglass of the face alignment network, and its small heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.models.pcavs.audio import CLASSES

POSE, MOUTH = 12, 500
"""Numbers that stand for the head pose and for the mouth in the generator's style."""
MOUTH_GAIN = 1.2
"""Factor on the speech feature at inference (``mouth_feature_weight`` of the published code)."""
_DEPTH = 4


class PoseEncoder(nn.Module):
    """Head pose of a picture, and mouth of a speech feature, as the generator takes them.

    State-dict compatible with the published ``latest_net_E.pth`` (class ``FanEncoder`` of Talking-Face_PC-AVS), the heads
    that only its training uses included.
    """

    def __init__(self) -> None:
        super().__init__()
        self.model = _FaceAlignmentTrunk()
        self.classifier = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, CLASSES))
        self.to_mouth = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512))
        self.mouth_embed = nn.Sequential(nn.ReLU(), nn.Linear(512, MOUTH))
        self.mouth_fc = nn.Sequential(nn.ReLU(), nn.Linear(512, CLASSES))
        self.to_headpose = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512))
        self.headpose_embed = nn.Sequential(nn.ReLU(), nn.Linear(512, POSE))
        self.headpose_fc = nn.Sequential(nn.ReLU(), nn.Linear(POSE, CLASSES))

    def features(self, picture: Tensor) -> Tensor:
        """``(B, 3, 224, 224)`` RGB in -1..1 -> ``(B, 512)``: all that is not identity."""
        found: Tensor = self.model(picture)
        return found

    def head_pose(self, picture: Tensor) -> Tensor:
        """``(B, 3, 224, 224)`` RGB in -1..1 -> ``(B, 12)``."""
        found: Tensor = self.headpose_embed(self.to_headpose(self.features(picture)))
        return found

    def mouth(self, speech: Tensor) -> Tensor:
        """Features of `AudioEncoder` ``(B, 512)`` -> ``(B, 500)``."""
        found: Tensor = self.mouth_embed(MOUTH_GAIN * speech)
        return found


class _FaceAlignmentTrunk(nn.Module):
    """One stack of the face alignment network; its 68 heat maps become one vector."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = _Block(64, 128)
        self.conv3 = _Block(128, 128)
        self.conv4 = _Block(128, 256)
        self.m0 = _Hourglass()
        self.top_m_0 = _Block(256, 256)
        self.conv_last0 = nn.Conv2d(256, 256, 1)
        self.l0 = nn.Conv2d(256, 68, 1)
        self.bn_end0 = nn.BatchNorm2d(256)
        self.conv6 = nn.Conv2d(68, 1, 3, stride=2, padding=1)
        self.fc = nn.Linear(28 * 28, 512)
        self.bn5 = nn.BatchNorm2d(68)

    def forward(self, picture: Tensor) -> Tensor:
        x = functional.relu_(self.bn1(self.conv1(picture)))
        x = functional.max_pool2d(self.conv2(x), 2)
        x = self.m0(self.conv4(self.conv3(x)))
        x = functional.relu_(self.bn_end0(self.conv_last0(self.top_m_0(x))))
        x = torch.relu(self.conv6(functional.relu_(self.bn5(self.l0(x)))))
        found: Tensor = self.fc(x.flatten(1))
        return found


class _Hourglass(nn.Module):
    """Down through four halvings and up again, a branch kept on each level. Its dropout is for training only."""

    def __init__(self) -> None:
        super().__init__()
        for level in range(_DEPTH, 0, -1):
            self.add_module(f"b1_{level}", _Block(256, 256))
            self.add_module(f"b2_{level}", _Block(256, 256))
        self.add_module("b2_plus_1", _Block(256, 256))
        for level in range(1, _DEPTH + 1):
            self.add_module(f"b3_{level}", _Block(256, 256))

    def forward(self, x: Tensor) -> Tensor:
        return self._level(_DEPTH, x)

    def _level(self, level: int, x: Tensor) -> Tensor:
        kept = self.get_submodule(f"b1_{level}")(x)
        low = self.get_submodule(f"b2_{level}")(functional.max_pool2d(x, 2))
        low = self._level(level - 1, low) if level > 1 else self.get_submodule("b2_plus_1")(low)
        low = self.get_submodule(f"b3_{level}")(low)
        # The published code leaves `align_corners` to torch, whose default is False since 0.4.
        up: Tensor = functional.interpolate(low, size=kept.shape[2:], mode="bilinear", align_corners=False)
        return kept + up


class _Block(nn.Module):
    """Three convolutions, each after norm and rectifier; their outputs are put side by side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs // 2)
        self.conv2 = nn.Conv2d(outputs // 2, outputs // 4, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs // 4)
        self.conv3 = nn.Conv2d(outputs // 4, outputs // 4, 3, padding=1, bias=False)
        self.downsample = (
            None
            if inputs == outputs
            else nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False))
        )

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv1(functional.relu_(self.bn1(x)))
        second = self.conv2(functional.relu_(self.bn2(first)))
        third = self.conv3(functional.relu_(self.bn3(second)))
        return torch.cat([first, second, third], dim=1) + (x if self.downsample is None else self.downsample(x))
