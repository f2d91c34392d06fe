"""The two networks that Wav2Lip was trained against. Drawing needs neither; who trains or judges it does.

Their files, ``lipsync_expert.pth`` and ``visual_quality_disc.pth``, load as they are.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from bench.models.wav2lip.layers import Conv, PlainConv, stage
from bench.models.wav2lip.network import audio_encoder


class LipSyncExpert(nn.Module):
    """Are these five lower half faces and this sound of one moment? (SyncNet_color of the public code.)"""

    def __init__(self) -> None:
        super().__init__()
        stages = (
            nn.Sequential(Conv(15, 32, 7, padding=3)),
            # The padding of 1 under a kernel of 5 is the published one: the map loses two pixels each way.
            stage(Conv(32, 64, 5, stride=(1, 2)), 64, 2),
            stage(Conv(64, 128, stride=2), 128, 3),
            stage(Conv(128, 256, stride=2), 256, 2),
            stage(Conv(256, 512, stride=2), 512, 2),
            nn.Sequential(Conv(512, 512, stride=2), Conv(512, 512, padding=0), Conv(512, 512, 1, padding=0)),
        )
        self.face_encoder = nn.Sequential(*(block for each in stages for block in each))
        self.audio_encoder = audio_encoder(last_residuals=2)

    def forward(self, mel: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings ``(B, 512)`` of unit length, of sound and of faces; their cosine says how well they fit.

        Args:
            mel: ``(B, 1, 80, 16)`` in -4..4.
            faces: ``(B, 15, 48, 96)`` BGR in 0..1: the lower halves of five frames on the channel axis.
        """
        sound, sight = self.audio_encoder(mel).flatten(1), self.face_encoder(faces).flatten(1)
        return functional.normalize(sound), functional.normalize(sight)


class QualityCritic(nn.Module):
    """How real do these lower half faces look? (Wav2Lip_disc_qual of the public code.)"""

    def __init__(self) -> None:
        super().__init__()

        def pair(inputs: int, outputs: int, kernel: int, stride: int | tuple[int, int]) -> nn.Sequential:
            padding = kernel // 2
            return nn.Sequential(
                PlainConv(inputs, outputs, kernel, stride, padding), PlainConv(outputs, outputs, kernel, 1, padding)
            )

        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(PlainConv(3, 32, 7, padding=3)),
                pair(32, 64, 5, (1, 2)),
                pair(64, 128, 5, 2),
                pair(128, 256, 5, 2),
                pair(256, 512, 3, 2),
                pair(512, 512, 3, 2),
                nn.Sequential(PlainConv(512, 512, 3), PlainConv(512, 512, 1)),
            ]
        )
        self.binary_pred = nn.Sequential(nn.Conv2d(512, 1, 1), nn.Sigmoid())

    def features(self, faces: Tensor) -> Tensor:
        """``(B * T, 512, 1, 1)`` of ``(B, 3, T, 96, 96)``: all first frames, then all second ones, and so on."""
        x = faces.permute(2, 0, 1, 3, 4).flatten(0, 1)[:, :, faces.shape[3] // 2 :]
        for block in self.face_encoder_blocks:
            x = block(x)
        return x

    def forward(self, faces: Tensor) -> Tensor:
        """Probability ``(B * T, 1)`` of being real, of ``(B, 3, T, 96, 96)`` BGR in 0..1, in the order of `features`."""
        probability: Tensor = self.binary_pred(self.features(faces))
        return probability.flatten(1)
