"""Wav2Lip's generator: state-dict compatible with ``wav2lip.pth`` and ``wav2lip_gan.pth``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.models.wav2lip.layers import Conv, UpConv, stage

SIDE = 96
"""Pixels of a face, each way."""
MELS, COLUMNS = 80, 16
"""Bands and columns of the spectrogram that one frame is drawn from: 0.2 s."""

_DOWN = ((16, 32, 2), (32, 64, 3), (64, 128, 2), (128, 256, 2), (256, 512, 1))
"""Face encoder: channels in and out, residual blocks after the one that halves the side: 96 to 3 pixels."""
_UP = ((768, 384, 2), (512, 256, 2), (320, 128, 2), (160, 64, 2))
"""Face decoder from 6 to 96 pixels; the encoder's map of the same side is among the input channels."""


class Wav2Lip(nn.Module):
    """One face and 0.2 s of speech to the face that speaks.

    The face is given twice on the channel axis: once with its lower half blacked out (its pose), then whole (its looks).
    """

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(Conv(6, 16, 7, padding=3)),
                *(stage(Conv(low, high, stride=2), high, residuals) for low, high, residuals in _DOWN),
                nn.Sequential(Conv(512, 512, padding=0), Conv(512, 512, 1, padding=0)),
            ]
        )
        self.audio_encoder = audio_encoder(last_residuals=1)
        self.face_decoder_blocks = nn.ModuleList(
            [
                nn.Sequential(Conv(512, 512, 1, padding=0)),
                stage(UpConv(1024, 512, doubling=False), 512, 1),
                stage(UpConv(1024, 512), 512, 2),
                *(stage(UpConv(high, low), low, residuals) for high, low, residuals in _UP),
            ]
        )
        self.output_block = nn.Sequential(Conv(80, 32), nn.Conv2d(32, 3, 1), nn.Sigmoid())

    def encode(self, face: Tensor) -> list[Tensor]:
        """Maps of ``(B, 6, 96, 96)``, coarsest (one pixel) first: what the decoder joins in after each of its blocks."""
        maps = []
        for block in self.face_encoder_blocks:
            face = block(face)
            maps.append(face)
        return maps[::-1]

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        """Speaking faces in 0..1, BGR.

        Args:
            mel: ``(B, 1, 80, 16)`` in -4..4, or ``(B, T, 1, 80, 16)``.
            face: ``(B, 6, 96, 96)`` BGR in 0..1: lower half black, then whole; or ``(B, 6, T, 96, 96)``.

        Returns:
            ``(B, 3, 96, 96)``, or ``(B, 3, T, 96, 96)``.
        """
        if face.dim() == 5:
            batch, steps = mel.shape[:2]
            flat = self(mel.flatten(0, 1), face.transpose(1, 2).flatten(0, 1))
            return flat.unflatten(0, (batch, steps)).transpose(1, 2)
        x = self.audio_encoder(mel)
        for block, joined in zip(self.face_decoder_blocks, self.encode(face), strict=True):
            x = torch.cat([block(x), joined], dim=1)
        drawn: Tensor = self.output_block(x)
        return drawn


def audio_encoder(last_residuals: int) -> nn.Sequential:
    """``(B, 1, 80, 16)`` to ``(B, 512, 1, 1)``; the generator and the lip sync expert differ in one residual block."""

    def flat(*stages: nn.Sequential) -> list[nn.Module]:
        return [block for each in stages for block in each]

    return nn.Sequential(
        *flat(
            stage(Conv(1, 32), 32, 2),
            stage(Conv(32, 64, stride=(3, 1)), 64, 2),
            stage(Conv(64, 128, stride=3), 128, 2),
            stage(Conv(128, 256, stride=(3, 2)), 256, last_residuals),
        ),
        Conv(256, 512, padding=0),
        Conv(512, 512, 1, padding=0),
    )
