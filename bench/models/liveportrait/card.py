"""What is to be known of LivePortrait."""

from __future__ import annotations

from bench.models.card import ModelCard

CARD = ModelCard(
    "liveportrait",
    "LivePortrait",
    takes=("clip",),
    paper="Guo et al., LivePortrait: Efficient Portrait Animation with Stitching and Retargeting Control, arXiv 2407.03168, 2024",
    code="https://github.com/KwaiVGI/LivePortrait",
    licence_code="MIT (the published code; this is a rewrite)",
    licence_weights="MIT as the repository states; its insightface models, non-commercial, are not used here",
    size=512,
    weights=(
        "liveportrait_appearance",
        "liveportrait_motion",
        "liveportrait_warping",
        "liveportrait_generator",
        "liveportrait_stitching",
    ),
    protocols=("self", "cross", "emotion"),
    notes=(
        "A ceiling, not a competitor: it does not hear the speech. Lips, expression and head pose are those of the pose source, "
        "which is the real clip; do not rank it beside models that see one picture and sound.",
        "Motion is relative to the first frame of the pose source, so under `emotion` the portrait keeps its own expression where "
        "the clip's is steady.",
        "A case without a pose source (`self-free`) is not_applicable.",
        "The crop follows 68 points of the face mesh in the place of insightface's 106.",
    ),
)
