"""EAMM: how an emotional face displaces the keypoints."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from bench.models.eamm.keypoints import FEATURES, POINTS, Hourglass, Keypoints
from metrics.features.torchvision_ready import ready_torchvision
from space_ref.vid2vid.keypoints import AntiAliasShrink

OCTAVES = 10


class EmotionDisplacement(nn.Module):
    """A face that shows an emotion, and the keypoints that speak, to displacements of these.

    State-dict compatible with the entry ``emo_detector`` of the published file (``Emotion_k``); it holds heads for fewer
    keypoints too.
    """

    def __init__(self) -> None:
        super().__init__()
        ready_torchvision()
        from torchvision.models.resnet import BasicBlock, ResNet

        self.predictor = Hourglass(3, 32)
        self.down = AntiAliasShrink(3, 4)
        trunk = ResNet(BasicBlock, [2, 2, 2, 2], num_classes=8)
        self.conv1 = nn.Conv2d(FEATURES, 64, 3, padding=1, bias=False)
        self.bn1, self.maxpool = trunk.bn1, trunk.maxpool
        self.layer1, self.layer2, self.layer3, self.layer4 = trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4
        self.fc = trunk.fc
        self.fc_p = layers(POINTS * 6 * (2 * OCTAVES + 1), 1024, 512)
        self.fc_n = layers(POINTS * 6, 128, 512)
        self.fc_all = layers(1024, 512, 256, 64)
        self.final = nn.Sequential(
            nn.Conv1d(1, 2, 4, 2, 1),
            nn.MaxPool1d(2),
            nn.ReLU(),
            nn.Conv1d(2, 4, 4, 2, 1),
            nn.ReLU(),
            nn.Conv1d(4, 4, 3),
        )
        self.final_4 = nn.Sequential(nn.Conv1d(4, 4, 3, padding=1), nn.MaxPool1d(2), nn.ReLU(), nn.Conv1d(4, 4, 3))
        self.final_10 = nn.Sequential(nn.Conv1d(4, 8, 3, padding=1), nn.MaxPool1d(2), nn.ReLU(), nn.Conv1d(8, 10, 3))
        self.classify = _Classes()

    def features(self, face: Tensor) -> Tensor:
        """``(B, 3, 256, 256)`` in 0..1 -> ``(B, 512)``."""
        x = torch.relu(self.bn1(self.conv1(self.predictor(self.down(face)))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.maxpool(x)))))
        return x.mean(dim=(2, 3))

    def classes(self, features: Tensor) -> Tensor:
        """Scores ``(B, 8)`` of the emotions that the features show."""
        scores: Tensor = self.classify(features)
        return scores

    def some_points(self, features: Tensor, spoken: Keypoints) -> Keypoints:
        """Displacements of four keypoints, ``(B, 4, 2)`` and ``(B, 4, 2, 2)``: what the published script asks for."""
        read = self.final(self._mixed(features, spoken)[:, None])
        return Keypoints(read[..., :2], read[..., 2:].unflatten(2, (2, 2)))

    def all_points(self, features: Tensor, spoken: Keypoints) -> Keypoints:
        """Displacements of all ten keypoints."""
        read = self.final_10(self._mixed(features, spoken).unflatten(1, (4, 16)))
        return Keypoints(read[..., :2], read[..., 2:].unflatten(2, (2, 2)))

    def _mixed(self, features: Tensor, spoken: Keypoints) -> Tensor:
        numbers = torch.cat([spoken.value, spoken.jacobian.flatten(2)], dim=2)
        mixed: Tensor = self.fc_all(torch.cat([features, self.fc_p(_waves(numbers).flatten(1))], dim=1))
        return mixed


class _Classes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last_fc = nn.Linear(512, 8)

    def forward(self, features: Tensor) -> Tensor:
        scores: Tensor = self.last_fc(features)
        return scores


def _waves(numbers: Tensor) -> Tensor:
    """Numbers ``(B, 10, 6)`` beside their sines and cosines, frequencies doubling: ``(B, 10, 126)``."""
    scaled = [numbers * 2**octave for octave in range(OCTAVES)]
    return torch.cat([numbers, *(wave(x) for x in scaled for wave in (torch.sin, torch.cos))], dim=2)


def layers(*features: int) -> nn.Sequential:
    """Linear layers between so many features, a rectifier after each."""
    made: list[nn.Module] = []
    for inputs, outputs in pairwise(features):
        made += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*made)
