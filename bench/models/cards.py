"""Cards of the models that need no folder of their own. A baseline keeps its card in ``bench/models/<name>/card.py``."""

from __future__ import annotations

from bench.models.card import ModelCard


def _control(name: str, title: str, note: str) -> ModelCard:
    """A sanity model: scored by every metric, for it is there to show what a metric can tell."""
    return ModelCard(name, title, takes=("clip",), notes=(note,))


GROUND_TRUTH = _control("ground-truth", "Ground truth", "The clip itself, byte for byte: the ceiling of every metric.")
RE_ENCODED = _control("re-encoded", "Ground truth, re-encoded", "The clip through the codec again: prices codec noise.")
STILL = ModelCard(
    "still", "Still picture", takes=("portrait",), notes=("The portrait, held: what doing nothing scores.",)
)
SHUFFLED = _control("shuffled", "Sound of another clip", "The clip's pictures under the sound of another speaker.")
SHIFTED = _control("shifted", "Sound moved", "The clip's pictures under their own sound, moved by some frames.")

VISEME = ModelCard(
    "viseme",
    "Viseme",
    takes=("portrait", "audio"),
    ignores=("pose", "emotion", "intensity"),
    notes=("Speaks by rule, from phonemes to mouth shapes to a warped portrait; the head moves by chance.",),
)

SPACE = ModelCard(
    "space",
    "SPACE",
    takes=("portrait", "audio", "pose", "emotion", "intensity"),
    paper="Gururani et al., SPACE: Speech-driven Portrait Animation with Controllable Expression, ICCV 2023",
    code="none was published; the networks here are written from the paper (docs/space.md)",
    licence_weights="Apache-2.0 (trained here, on synthetic people)",
    size=256,
    fps=25,
    weights=(
        "space_small_speech2landmarks",
        "space_small_pose",
        "space_small_landmarks2latents",
        "space_small_vid2vid",
    ),
    notes=("The shipped weights are small and saw synthetic people only; the paper's size was never trained here.",),
)

FOLDER = ModelCard(
    "folder",
    "Videos that exist",
    takes=(),
    licence_code="whatever made the videos",
    licence_weights="whatever made the videos",
    notes=("Say with the option `ignores` what the model behind the videos does not follow.",),
)

COMMAND = ModelCard(
    "command",
    "Any program",
    takes=("portrait", "audio", "pose", "emotion", "intensity"),
    licence_code="that of the program",
    licence_weights="that of the program",
    notes=(
        "Started by a list of words with places such as {image} and {output} (docs/models.md).",
        "Say with the option `ignores` what the program does not follow.",
    ),
)
