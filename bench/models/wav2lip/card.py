"""What is to be known of Wav2Lip."""

from __future__ import annotations

from bench.models.card import ModelCard

CARD = ModelCard(
    "wav2lip",
    "Wav2Lip",
    takes=("portrait", "audio"),
    ignores=("pose", "emotion", "intensity"),
    paper="Prajwal et al., A Lip Sync Expert Is All You Need for Speech to Lip Generation In the Wild, ACM Multimedia 2020",
    code="https://github.com/Rudrabha/Wav2Lip",
    licence_code="none stated; personal, research and non-commercial use only (the published code; this is a rewrite)",
    licence_weights="personal, research and non-commercial use only: trained on LRS2",
    fps=25,
    weights=("wav2lip",),
    notes=(
        "The 96 x 96 face is stretched to its box and pasted into the portrait; all else stands still, under every protocol.",
        "source: video draws into the frames of the pose source instead, the face of whoever is in them: then the real upper face "
        "and head motion are input, and its row must not be ranked beside models that see one picture.",
        "Boxes are S3FD's where s3fd-619a316812.pth is in weights/, else those of the face mesh; the version says which (s3fd, mesh).",
        "weights: wav2lip_gan takes the GAN checkpoint; of each, the TorchScript download serves where the .pth is not here.",
        "The public script ends the video with the last whole window of sound, some 0.16 s early; here that window is held.",
    ),
)
