"""EAMM: speech, head pose and a portrait to the feature maps that keypoints are read from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.models.eamm.emotion import layers
from bench.models.eamm.keypoints import FEATURES
from space_ref.vid2vid.blocks import DownBlock

UNUSED = "generator."
"""Prefix of the tensors in the published entry ``audio_feature`` that belong to another decoder, which its authors do not use
at inference; they are no part of the network here."""

State = tuple[Tensor, Tensor]
"""Of the recurrent layers."""


class SpeechMotion(nn.Module):
    """State-dict compatible with the entry ``audio_feature`` of the published file (``AT_net2``), but for `UNUSED`."""

    def __init__(self) -> None:
        super().__init__()
        self.down_blocks = nn.Sequential(*(DownBlock(2, 2 * 2**i if i else 3, 4 * 2**i) for i in range(8)))
        self.pose_encoder = layers(6, 128, 256)
        self.audio_eocder = nn.Sequential(
            _conv(1, 64), _conv(64, 128), nn.MaxPool2d(3, (1, 2)),
            _conv(128, 256), _conv(256, 256), _conv(256, 512), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.audio_eocder_fc = layers(512 * 24, 2048, 256)
        self.lstm = nn.LSTM(1024, 256, num_layers=3, batch_first=True)
        self.decon = nn.Sequential(
            *_up(256, 256, kernel=6), *_up(256, 128), *_up(128, 128), *_up(128, 128), nn.ConvTranspose2d(128, FEATURES, 4, 2, 1)
        )  # fmt: skip

    def forward(self, portrait: Tensor, speech: Tensor, pose: Tensor, weight: float = 1.0) -> Tensor:
        """Feature maps ``(B, T, 35, 64, 64)`` of T frames in a row.

        Args:
            portrait: ``(B, 3, 256, 256)`` in 0..1. speech: ``(B, T, 28, 12)``, MFCCs of 28 columns around each frame.
            pose: ``(B, T, 6)`` of the head. weight: factor on what the speech says.
        """
        maps, _ = self.step(self.looks(portrait), speech, pose, weight)
        return maps

    def looks(self, portrait: Tensor) -> Tensor:
        """What it knows of a portrait, ``(B, 512)``."""
        seen: Tensor = self.down_blocks(portrait)
        return seen.flatten(1)

    def step(
        self, looks: Tensor, speech: Tensor, pose: Tensor, weight: float, state: State | None = None
    ) -> tuple[Tensor, State]:
        """As `forward`, for the next T frames of a longer video, with the state of the frames before."""
        batch, steps = speech.shape[:2]
        heard = self.audio_eocder_fc(self.audio_eocder(speech.flatten(0, 1)[:, None]).flatten(1)) * weight
        known = looks[:, None].expand(-1, steps, -1)
        told = torch.cat([known, heard.unflatten(0, (batch, steps)), self.pose_encoder(pose)], dim=2)
        moved, after = self.lstm(told, state)
        maps: Tensor = self.decon(moved.flatten(0, 1)[:, :, None, None])
        return maps.unflatten(0, (batch, steps)), after


def _conv(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def _up(inputs: int, outputs: int, kernel: int = 4) -> list[nn.Module]:
    return [nn.ConvTranspose2d(inputs, outputs, kernel, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
