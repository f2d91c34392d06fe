"""What is to be known of PC-AVS."""

from __future__ import annotations

from bench.models.card import ModelCard

CARD = ModelCard(
    "pcavs",
    "PC-AVS",
    takes=("portrait", "audio", "pose"),
    ignores=("emotion", "intensity"),
    paper="Zhou et al., Pose-Controllable Talking Face Generation by Implicitly Modularized Audio-Visual Representation, CVPR 2021",
    code="https://github.com/Hangz-nju-cuhk/Talking-Face_PC-AVS",
    licence_code="CC BY 4.0 (the published code; this is a rewrite)",
    licence_weights="CC BY 4.0 as the repository states; trained on VoxCeleb2, ask its authors for its terms",
    size=224,
    fps=25,
    weights=("pcavs_generator", "pcavs_audio", "pcavs_identity", "pcavs_pose"),
    notes=(
        "It shows the face cut and aligned, with the mouth held in one place: the head turns, and does not move about the frame.",
        "Where a case gives no pose source the head keeps the portrait's pose.",
        "Landmarks for the alignment are the face mesh's, not face_alignment's.",
    ),
)
