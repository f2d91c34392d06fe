"""What is to be known of EAMM."""

from __future__ import annotations

from bench.models.card import ModelCard

CARD = ModelCard(
    "eamm",
    "EAMM",
    takes=("portrait", "audio", "pose", "emotion"),
    ignores=("intensity",),
    paper="Ji et al., EAMM: One-Shot Emotional Talking Face via Audio-Based Emotion-Aware Motion Model, SIGGRAPH 2022",
    code="https://github.com/jixinya/EAMM",
    licence_code="MIT (the published code; this is a rewrite)",
    licence_weights="MIT as the repository states; trained on VoxCeleb, LRW and MEAD, ask their owners for their terms",
    size=256,
    fps=25,
    weights=("eamm_generator", "eamm_speech", "eamm_emotion"),
    notes=(
        "It is shown an emotion by a video: the option emotion_videos names one for each emotion that is asked for.",
        "Head poses come from the suite's rigid fit, not from 3DDFA: the same motion, seen by another estimator. Without a pose "
        "source the portrait's own is held.",
        "The crop that it draws is pasted back into the portrait; the published script shows the crop alone.",
    ),
)
