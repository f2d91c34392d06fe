"""What is to be known of SadTalker."""

from __future__ import annotations

from bench.models.card import ModelCard

CARD = ModelCard(
    "sadtalker",
    "SadTalker",
    takes=("portrait", "audio", "pose"),
    ignores=("emotion", "intensity"),
    paper="Zhang et al., SadTalker: Learning Realistic 3D Motion Coefficients for Stylized Audio-Driven Single Image Talking Face "
    "Animation, CVPR 2023",
    code="https://github.com/OpenTalker/SadTalker",
    licence_code="Apache-2.0 (the published code; this is a rewrite)",
    licence_weights="Apache-2.0 as the repository states; parts come from Wav2Lip (non-commercial), face-vid2vid (CC BY-NC 4.0) and "
    "Deep3DFaceRecon, ask their owners for their terms",
    size=256,
    fps=25,
    weights=("sadtalker", "sadtalker_mapping"),
    notes=(
        "Head pose is the script's: what PoseVAE draws from speech, and upon it what the pose source has done since its first frame. "
        "`head: followed` leaves PoseVAE's part out, which is no option of the script.",
        "The crop that it draws is pasted back into the portrait; the script shows the crop alone. `preprocess: resize` and `full` "
        "are the script's other two ways; `full` needs the asset sadtalker_mapping_full in the place of sadtalker_mapping.",
        "Landmarks are those of the face mesh, not of FAN.",
    ),
)
