"""The cast: which portrait each speaker is made from, how it is changed, and who speaks with which voice.

Shapes and colours were chosen so that dlib's face network tells any two apart (docs of the command that measures it).
"""

from __future__ import annotations

from dataclasses import dataclass

from datasets.puppet.appearance import Appearance
from datasets.puppet.shape import BoneShape
from datasets.puppet.speech import Voice


@dataclass(frozen=True)
class Recipe:
    """One speaker.

    Attributes:
        mead, voxceleb2: the speaker's folder names in the two layouts. split: ``train`` or ``test``.
        portrait: name of the picture that it is made from.
        voice: who speaks. liveliness: how much the head moves. shape, appearance: changes to the portrait.
    """

    mead: str
    voxceleb2: str
    split: str
    portrait: str
    voice: Voice
    liveliness: float
    shape: BoneShape
    appearance: Appearance


CAST: tuple[Recipe, ...] = (
    Recipe(
        "M005",
        "id90004",
        "train",
        "pyfeat_single_face_image",
        Voice("en-us+m3", 172, 52),
        1.2,
        BoneShape(
            jaw_width=0.91,
            cheek_width=0.7,
            face_length=-0.85,
            chin_length=-0.27,
            nose_width=0.43,
            eye_distance=0.85,
            mouth_width=0.37,
            nose_length=-0.18,
            forehead=-0.33,
            lip_fullness=0.35,
            eye_size=-0.03,
            brow_height=-0.4,
        ),
        Appearance(skin=(-7, 1, -4), hair=(7, 1, -1), background=(-12, 9, 15), mirror=False),
    ),
    Recipe(
        "M011",
        "id90005",
        "train",
        "obama_portrait",
        Voice("en-us+m1", 164, 38),
        0.9,
        BoneShape(
            jaw_width=-0.82,
            cheek_width=-0.55,
            face_length=0.84,
            chin_length=0.3,
            nose_width=-0.74,
            eye_distance=-0.5,
            mouth_width=-0.27,
            nose_length=0.37,
            forehead=0.31,
            lip_fullness=-0.46,
            eye_size=0.19,
            brow_height=0.4,
        ),
        Appearance(skin=(0, 0, 0), hair=(0, 0, 0), background=(6, -1, -11), mirror=True),
    ),
    Recipe(
        "M013",
        "id90006",
        "train",
        "obama_portrait",
        Voice("en-us+m7", 170, 46),
        1.1,
        BoneShape(
            jaw_width=0.95,
            cheek_width=0.45,
            face_length=-0.95,
            chin_length=-0.29,
            nose_width=0.95,
            eye_distance=0.54,
            mouth_width=0.66,
            nose_length=-0.17,
            forehead=-0.43,
            lip_fullness=0.64,
            eye_size=-0.06,
            brow_height=-0.62,
        ),
        Appearance(skin=(-2, -1, 4), hair=(-2, 1, 7), background=(-8, 7, 17), mirror=False),
    ),
    Recipe(
        "W016",
        "id90007",
        "train",
        "astronaut",
        Voice("en-us+f2", 176, 55),
        1.0,
        BoneShape(
            jaw_width=-0.94,
            cheek_width=-0.47,
            face_length=0.86,
            chin_length=0.33,
            nose_width=-0.84,
            eye_distance=-0.44,
            mouth_width=-0.36,
            nose_length=0.43,
            forehead=0.35,
            lip_fullness=-0.39,
            eye_size=0.18,
            brow_height=0.33,
        ),
        Appearance(skin=(0, 0, 0), hair=(0, 0, 0), background=(-1, -14, -8), mirror=True),
    ),
    Recipe(
        "W018",
        "id90008",
        "train",
        "astronaut",
        Voice("en-us+f4", 168, 62),
        1.3,
        BoneShape(
            jaw_width=0.92,
            cheek_width=0.62,
            face_length=-0.47,
            chin_length=-0.31,
            nose_width=0.62,
            eye_distance=0.76,
            mouth_width=0.23,
            nose_length=-0.53,
            forehead=-0.21,
            lip_fullness=0.57,
            eye_size=0.07,
            brow_height=-0.62,
        ),
        Appearance(skin=(3, -1, 3), hair=(-3, -1, 1), background=(-3, -4, -10), mirror=False),
    ),
    Recipe(
        "M003",
        "id90001",
        "test",
        "pyfeat_single_face_video",
        Voice("en-us+m2", 168, 42),
        1.0,
        BoneShape(
            jaw_width=0.04,
            cheek_width=-0.22,
            chin_length=0.14,
            nose_width=-0.06,
            eye_distance=-0.04,
            mouth_width=-0.14,
            nose_length=-0.02,
            forehead=0.04,
            lip_fullness=0.27,
            eye_size=-0.37,
            brow_height=-0.11,
        ),
        Appearance(skin=(-2, 1, 5), hair=(7, 4, 8), background=(4, -7, -1), mirror=True),
    ),
    Recipe(
        "W009",
        "id90002",
        "test",
        "pyfeat_face_b",
        Voice("en-us+f3", 172, 58),
        1.1,
        BoneShape(
            jaw_width=0.55,
            cheek_width=0.2,
            face_length=-0.89,
            chin_length=-0.3,
            nose_width=0.47,
            eye_distance=0.29,
            mouth_width=0.29,
            nose_length=-0.53,
            forehead=-0.07,
            lip_fullness=0.44,
            eye_size=-0.33,
            brow_height=-0.46,
        ),
        Appearance(skin=(2, -2, 5), hair=(8, 4, -1), background=(-5, 7, 2), mirror=True),
    ),
    Recipe(
        "W015",
        "id90003",
        "test",
        "pyfeat_face_c",
        Voice("en-gb-x-rp+f1", 170, 50),
        0.8,
        BoneShape(
            jaw_width=-0.56,
            cheek_width=-0.55,
            face_length=0.17,
            chin_length=0.42,
            nose_width=-0.39,
            eye_distance=-0.47,
            mouth_width=-0.24,
            nose_length=0.28,
            forehead=0.21,
            lip_fullness=-0.46,
            eye_size=0.37,
            brow_height=0.13,
        ),
        Appearance(skin=(1, -2, 4), hair=(-3, 0, 1), background=(-9, -3, 7), mirror=False),
    ),
)
"""All speakers; those for training first."""

PORTRAITS: tuple[str, ...] = tuple(sorted({recipe.portrait for recipe in CAST}))
"""Names of the pictures that must be given."""
