"""What is to be known of face-vid2vid as a control."""

from __future__ import annotations

from bench.models.card import ModelCard

CARD = ModelCard(
    "face-vid2vid",
    "face-vid2vid, driven by the clip",
    takes=("clip",),
    paper="Wang et al., One-Shot Free-View Neural Talking-Head Synthesis for Video Conferencing, CVPR 2021",
    code="https://github.com/zhanglonghao1992/One-Shot_Free-View_Neural_Talking_Head_Synthesis",
    licence_code="CC BY-NC 4.0 (the public reimplementation; this is a rewrite). NVIDIA published no code",
    licence_weights="CC BY-NC 4.0 (published); Apache-2.0 (weights: small, trained here on synthetic people)",
    size=256,
    weights=("face_vid2vid_spade",),
    notes=(
        "A ceiling, not a competitor: keypoints are taken from the real clip, frame by frame. What a model that draws with this "
        "generator scores below it, its speech half lost.",
        "weights: vox-256-spade (the published Vox-256-New), vox-256 (the same with --gen original), vox-256-beta; or `small`, or a "
        "folder that `space-bench train export` wrote: SPACE's own generator, driven by the clip, the ceiling of the row `space`.",
        "Motion is absolute, as the public demo does unless told otherwise; motion: relative is its --relative --adapt_scale.",
    ),
)
