"""PC-AVS: the speech encoder ``A_sync``, a residual network with squeeze and excitation over a mel spectrogram."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BANDS, COLUMNS = 80, 20
"""Mel bands and columns of 10 ms that the network hears at once: five frames at 25 a second."""
FEATURES = 512
CLASSES = 5830
"""Words and speakers of the training set; the heads that tell them are in the published files and not used here."""


class AudioEncoder(nn.Module):
    """Speech around one frame to its mouth feature.

    State-dict compatible with the published ``latest_net_A_sync.pth`` (class ``ResSESyncEncoder`` of Talking-Face_PC-AVS).
    """

    def __init__(self) -> None:
        super().__init__()
        self.model = _Trunk()
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """``(B, 1, 80, 20)`` in 0..1 -> ``(B, 512)``."""
        features: Tensor = self.model(spectrogram)
        return features


class _Trunk(nn.Module):
    """Four stages, then attention over what is left of time (self-attentive pooling)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(32)
        self.layer1 = _stage(32, 32, blocks=3, stride=1)
        self.layer2 = _stage(32, 64, blocks=4, stride=2)
        self.layer3 = _stage(64, 128, blocks=6, stride=2)
        self.layer4 = _stage(128, 256, blocks=3, stride=2)
        flat = 256 * BANDS // 8
        self.attention = nn.Sequential(
            nn.Conv1d(flat, 128, 1), nn.ReLU(), nn.BatchNorm1d(128), nn.Conv1d(128, flat, 1), nn.Softmax(dim=2)
        )
        self.fc = nn.Linear(flat, FEATURES)

    def forward(self, spectrogram: Tensor) -> Tensor:
        x = self.bn1(torch.relu(self.conv1(spectrogram)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = x.flatten(1, 2)
        pooled: Tensor = self.fc((x * self.attention(x)).sum(dim=2))
        return pooled


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.se = _SqueezeExcite(outputs)
        self.downsample = (
            None
            if inputs == outputs
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        # The rectifier stands before the norm here, unlike in a ResNet; the published weights want it so.
        inner = self.bn1(torch.relu(self.conv1(x)))
        inner = self.se(self.bn2(self.conv2(inner)))
        return torch.relu(inner + (x if self.downsample is None else self.downsample(x)))


class _SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // 8), nn.ReLU(), nn.Linear(channels // 8, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        weights: Tensor = self.fc(x.mean(dim=(2, 3)))
        return x * weights[:, :, None, None]


def _stage(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        _Block(inputs, outputs, stride), *(_Block(outputs, outputs, stride=1) for _ in range(blocks - 1))
    )
