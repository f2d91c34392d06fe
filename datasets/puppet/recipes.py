"""The cast: which portrait each speaker is made from, how it is changed, and who speaks with which voice.

Shapes and colours were chosen so that dlib's face network tells any two apart: 0.62 or more between neutral
pictures of two speakers, where 0.6 is its threshold for one person.
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
            jaw_width=0.9,
            cheek_width=0.58,
            face_length=-0.23,
            chin_length=0.28,
            nose_length=-0.9,
            nose_width=-0.17,
            eye_distance=0.9,
            eye_size=0.08,
            forehead=-0.67,
            brow_height=-0.1,
            mouth_width=-0.13,
            lip_fullness=-0.56,
        ),
        Appearance(skin=(0, -4, 0), hair=(7, 1, -1), background=(-12, 9, 15)),
    ),
    Recipe(
        "M011",
        "id90005",
        "train",
        "obama_portrait",
        Voice("en-us+m1", 164, 38),
        0.9,
        BoneShape(
            jaw_width=-0.9,
            cheek_width=-0.9,
            face_length=0.9,
            chin_length=0.9,
            nose_length=0.16,
            nose_width=-0.9,
            eye_distance=-0.19,
            eye_size=-0.1,
            forehead=0.64,
            brow_height=0.8,
            mouth_width=-0.04,
            lip_fullness=-0.1,
        ),
        Appearance(skin=(1, -4, 4), background=(6, -1, -11), mirror=True),
    ),
    Recipe(
        "M013",
        "id90006",
        "train",
        "obama_portrait",
        Voice("en-us+m7", 170, 46),
        1.1,
        BoneShape(
            jaw_width=0.9,
            cheek_width=0.45,
            face_length=-0.9,
            chin_length=-0.29,
            nose_length=-0.17,
            nose_width=0.9,
            eye_distance=0.54,
            eye_size=-0.06,
            forehead=-0.43,
            brow_height=-0.1,
            mouth_width=0.1,
            lip_fullness=0.64,
        ),
        Appearance(skin=(-2, -1, 4), hair=(-2, 1, 7), background=(-8, 7, 17)),
    ),
    Recipe(
        "W016",
        "id90007",
        "train",
        "astronaut",
        Voice("en-us+f2", 176, 55),
        1.0,
        BoneShape(
            jaw_width=-0.68,
            cheek_width=-0.9,
            face_length=0.9,
            chin_length=0.5,
            nose_length=0.9,
            nose_width=-0.9,
            eye_distance=-0.9,
            eye_size=0.29,
            forehead=-0.65,
            brow_height=0.7,
            mouth_width=-0.4,
            lip_fullness=-0.5,
        ),
        Appearance(skin=(0, 3, -4), background=(-1, -14, -8), mirror=True),
    ),
    Recipe(
        "W018",
        "id90008",
        "train",
        "astronaut",
        Voice("en-us+f4", 168, 62),
        1.3,
        BoneShape(
            jaw_width=0.28,
            cheek_width=0.9,
            face_length=-0.82,
            chin_length=-0.9,
            nose_length=-0.9,
            nose_width=0.9,
            eye_distance=-0.74,
            eye_size=-0.3,
            forehead=0.33,
            brow_height=-0.1,
            mouth_width=-0.07,
            lip_fullness=0.9,
        ),
        Appearance(skin=(0, -1, 6), hair=(-3, -1, 1), background=(-3, -4, -10)),
    ),
    Recipe(
        "M003",
        "id90001",
        "test",
        "pyfeat_single_face_video",
        Voice("en-us+m2", 168, 42),
        1.0,
        BoneShape(
            jaw_width=0.53,
            cheek_width=-0.9,
            face_length=-0.26,
            chin_length=0.13,
            nose_length=0.48,
            nose_width=0.67,
            eye_distance=-0.9,
            eye_size=0.23,
            forehead=-0.34,
            brow_height=0.38,
            mouth_width=0.07,
            lip_fullness=0.9,
        ),
        Appearance(skin=(-12, -1, 4), hair=(7, 4, 8), background=(4, -7, -1), mirror=True),
    ),
    Recipe(
        "W009",
        "id90002",
        "test",
        "pyfeat_face_b",
        Voice("en-us+f3", 172, 58),
        1.1,
        BoneShape(
            jaw_width=-0.9,
            cheek_width=-0.9,
            face_length=-0.75,
            chin_length=0.37,
            nose_length=0.56,
            nose_width=0.68,
            eye_distance=0.9,
            eye_size=-0.22,
            forehead=0.21,
            brow_height=-0.1,
            mouth_width=0.1,
            lip_fullness=0.73,
        ),
        Appearance(skin=(0, 3, 3), hair=(8, 4, -1), background=(-5, 7, 2), mirror=True),
    ),
    Recipe(
        "W015",
        "id90003",
        "test",
        "pyfeat_face_c",
        Voice("en-gb-x-rp+f1", 170, 50),
        0.8,
        BoneShape(
            jaw_width=-0.2,
            cheek_width=-0.66,
            face_length=0.06,
            chin_length=0.22,
            nose_length=0.1,
            nose_width=-0.77,
            eye_distance=-0.7,
            eye_size=0.1,
            forehead=-0.09,
            brow_height=-0.1,
            mouth_width=0.05,
            lip_fullness=-0.9,
        ),
        Appearance(skin=(4, 1, -1), hair=(-3, 0, 1), background=(-9, -3, 7)),
    ),
)
"""All speakers; those for training first."""
