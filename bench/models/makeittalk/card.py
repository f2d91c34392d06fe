"""The card of MakeItTalk."""

from __future__ import annotations

from bench.models.card import ModelCard

CARD = ModelCard(
    "makeittalk",
    "MakeItTalk",
    takes=("portrait", "audio"),
    ignores=("pose", "emotion", "intensity"),
    paper="Zhou et al., MakeItTalk: Speaker-Aware Talking-Head Animation, SIGGRAPH Asia 2020",
    code="https://github.com/yzhou359/MakeItTalk",
    licence_code="Apache-2.0 (part of this suite; the published code is CC BY-NC 4.0)",
    licence_weights="CC BY-NC 4.0, as the published repository (no licence of their own); speaker encoder Apache-2.0",
    size=256,
    fps=62.5,
    weights=(
        "makeittalk_autovc",
        "makeittalk_content",
        "makeittalk_speaker",
        "makeittalk_translation",
        "makeittalk_voice",
        "makeittalk_mel_statistics",
        "makeittalk_face",
        "resemblyzer",
    ),
    notes=(
        "The head moves as its speaker branch predicts from the speech: a given head pose is not followed.",
        "Landmarks of the portrait are the suite's face mesh, where the published recipe asks face_alignment.",
        "The last 0.29 s of speech move nothing: a landmark frame needs 18 frames of speech after it. The last one is held.",
        "Eyes blink by rule, not by speech.",
    ),
)
