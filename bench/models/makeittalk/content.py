"""The content branch: what is said moves the lips and what is near them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MELS = 80
WINDOW = 18
"""Spectrogram frames that one landmark frame listens to, the first of them at its own time."""
COORDINATES = 204
"""68 landmarks, x, y, z."""


class ContentBranch(nn.Module):
    """Offsets of the landmarks from a window of speech, for a face of that shape.

    Tensor names and outputs are those of ``Audio2landmark_content`` (with its prior net) in the public code.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fc_prior = nn.Sequential(nn.Linear(MELS, 256), nn.BatchNorm1d(256), nn.LeakyReLU(0.2), nn.Linear(256, 161))
        self.bilstm = nn.LSTM(161, 256, num_layers=3, batch_first=True)
        self.fc = nn.Sequential(
            nn.Linear(256 + COORDINATES, 512),
            nn.BatchNorm1d(512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 256),
            nn.BatchNorm1d(256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, COORDINATES),
        )

    def forward(self, windows: Tensor, face: Tensor) -> Tensor:
        """Args:
            windows: standardized speech ``(N, 18, 80)``. face: the portrait's landmarks at rest ``(1, 204)``.

        Returns:
            ``(N, 204)``: offsets from that face.
        """
        count, length, _ = windows.shape
        heard = self.fc_prior(windows.reshape(count * length, MELS)).reshape(count, length, -1)
        last = self.bilstm(heard)[0][:, -1]
        return self.fc(torch.cat([last, face.expand(count, -1)], dim=1))
