"""The tables that `space-bench table` knows: columns under their heads, and the order of the rows. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PAPER_ROWS = ("wav2lip", "makeittalk", "pcavs", "viseme", "space")
SANITY_ROWS = ("ground-truth", "re-encoded", "face-vid2vid", "liveportrait", "still", "shuffled", "shifted")


@dataclass(frozen=True)
class PaperPreset:
    """A table for a paper.

    Attributes:
        name: as on the command line. title: as people read it.
        groups: metrics by the head that they stand under, in order; empty for every metric under its own group.
        stand_ins: what has a column where a metric has no value because its weights are not here. Another network is
            another metric: its column bears its own name.
        rows: models in order; others follow. kinds: only such models; empty for all.
        against: model that the others are tested against, where nobody names another.
    """

    name: str
    title: str
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[str, ...] = (*PAPER_ROWS, *SANITY_ROWS)
    kinds: tuple[str, ...] = ()
    against: str = "space"


WITHOUT_WEIGHTS = {"fid": "fd_efficientnet", "lse_c": "lip_corr", "lse_d": "lip_offset", "csim": "id_cos_ref"}

PAPER_PRESETS: Mapping[str, PaperPreset] = {
    preset.name: preset
    for preset in (
        PaperPreset(
            "space",
            "SPACE",
            {
                "Image": ("fid",),
                "Mouth": ("m_ld", "m_lvd"),
                "Face": ("f_ld", "f_lvd"),
                "Lip sync": ("lse_c", "lse_d"),
                "Emotion": ("emotion_accuracy",),
                "Pose": ("pose_mae",),
                "Identity": ("csim",),
            },
            WITHOUT_WEIGHTS,
        ),
        PaperPreset(
            "emotion",
            "Emotion",
            {
                "Accuracy": (
                    *("emotion_accuracy", "emotion_accuracy_hsemotion", "emotion_accuracy_emonet_8"),
                    "emotion_accuracy_emotion_fan",
                ),
                "F1": ("emotion_f1_fer", "emotion_f1_hsemotion", "emotion_f1_emonet_8", "emotion_f1_emotion_fan"),
                "Intensity": ("emotion_intensity", "emotion_intensity_hsemotion"),
            },
        ),
        PaperPreset(
            "sanity",
            "Sanity",
            {
                "Image": ("fid", "psnr", "ssim"),
                "Landmarks": ("m_ld", "f_ld"),
                "Lip sync": ("lse_c", "lse_d", "closure"),
                "Emotion": ("emotion_accuracy",),
                "Pose": ("pose_mae",),
                "Identity": ("csim",),
            },
            WITHOUT_WEIGHTS,
            rows=SANITY_ROWS,
            kinds=("sanity",),
            against="re-encoded",
        ),
        PaperPreset("all", "All metrics"),
    )
}
