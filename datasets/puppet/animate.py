"""One clip: from its plan to frames, sound and truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datasets.puppet.articulation import Mouth, articulate, loudness
from datasets.puppet.emotion import Actions, expression
from datasets.puppet.face import Placement
from datasets.puppet.motion import Motion, move, rotation
from datasets.puppet.plan import ClipPlan
from datasets.puppet.renderer import PortraitMesh
from datasets.puppet.rig import Pose, aperture, deform
from datasets.puppet.speakers import Speaker
from datasets.puppet.speech import Utterance, say

FloatArray = NDArray[np.float64]

_NECK = np.array([0.0, 1.5, 1.1])
"""What the head turns about, in the head frame."""


LIP_LEAD = 0.05
"""Seconds by which the lips are ahead of the sound, as in natural speech: they take a shape before it is heard."""


@dataclass(frozen=True)
class Change:
    """A known error in a performance, for tests of what measures it. Everything else stays as it is.

    Attributes:
        pitch, yaw, roll: degrees added to the head's angles in every frame (signs as in `motion.rotation`).
        mouth: the jaw's and the lips' opening by speech is multiplied by it; closures at p, b, m stay closures.
        expression: another one, and how far the face has gone from its own to it (0..1); None changes nothing.
    """

    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    mouth: float = 1.0
    expression: tuple[Actions, float] | None = None


NO_CHANGE = Change()


@dataclass(frozen=True)
class Performance:
    """All that is known about a clip before it is drawn.

    Attributes:
        plan, utterance, motion: what it was made from. times: ``(T,)`` seconds of the frames.
        vertices: ``(T, 478, 3)`` pixels. rotations: ``(T, 3, 3)``. translations: ``(T, 3)``.
        scale: pixels a unit of the head frame.
        openings: ``(T,)`` gap of the inner lips in distances between the irises.
    """

    plan: ClipPlan
    utterance: Utterance
    motion: Motion
    times: FloatArray
    vertices: FloatArray
    rotations: FloatArray
    translations: FloatArray
    scale: float
    openings: FloatArray

    def truth(self) -> dict[str, NDArray[np.generic]]:
        """The arrays of the truth file.

        A point p of the deformed face in the head frame (x to the picture's right, y down, z away from the camera,
        units of the distance between the irises) is seen at ``scale * rotation @ p + translation`` pixels.
        """
        return {
            "landmarks": self.vertices.astype(np.float32),
            "rotation": self.rotations.astype(np.float32),
            "euler": self.motion.euler.astype(np.float32),
            "euler_convention": np.array("degrees; columns pitch, yaw, roll; rotation = Rz(roll) Ry(yaw) Rx(pitch)"),
            "translation": self.translations.astype(np.float32),
            "scale": np.array(self.scale, dtype=np.float32),
            "aperture": self.openings.astype(np.float32),
            "phoneme_symbols": np.array(self.utterance.symbols),
            "phoneme_starts": self.utterance.starts.astype(np.float32),
            "phoneme_ends": self.utterance.ends.astype(np.float32),
            "text": np.array(self.plan.text),
            "emotion": np.array(self.plan.emotion),
            "level": np.array(self.plan.level),
            "blinks": self.motion.blinks.astype(np.float32),
            "blink": self.motion.blink.astype(np.float32),
            "gaze": self.motion.gaze.astype(np.float32),
            "fps": np.array(self.plan.fps),
        }


def perform(
    clip: ClipPlan, speaker: Speaker, placement: Placement, random: np.random.Generator, change: Change = NO_CHANGE
) -> Performance:
    """Decide everything about a clip.

    Args:
        clip: the plan. speaker: of that plan. placement: of the speaker's face at the clip's size. random: its chance.
        change: what is done otherwise than planned. The truth's motion is then that of the changed clip, its labels
            (emotion, level) are still those that were asked for.
    """
    utterance = say(clip.text, speaker.recipe.voice, frame=1.0 / clip.fps)
    times = np.arange(round(utterance.ends[-1] * clip.fps)) / clip.fps
    mouth = _opened(articulate(utterance, times + LIP_LEAD), change.mouth)
    motion = move(times, loudness(utterance, times), speaker.recipe.liveliness * clip.liveliness, random)
    motion = replace(motion, euler=motion.euler + np.array([change.pitch, change.yaw, change.roll]))
    actions = expression(clip.emotion, clip.level)
    if change.expression is not None:
        actions = actions.towards(*change.expression)
    faces = np.stack(
        [
            deform(
                speaker.face,
                Pose(
                    jaw=mouth.jaw[i], wide=mouth.wide[i], protrude=mouth.protrude[i], upper=mouth.upper[i],
                    lower=mouth.lower[i], closed=mouth.closed[i], tucked=mouth.tucked[i],
                    blink=motion.blink[i], gaze=(motion.gaze[i, 0], motion.gaze[i, 1]), actions=actions,
                ),
            )
            for i in range(len(times))
        ]
    )  # fmt: skip
    rotations = rotation(motion.euler)
    # A turn about the neck: R (p - neck) + neck + shift.
    offsets = _NECK - np.einsum("tij,j->ti", rotations, _NECK) + motion.shift
    translations = placement.scale * offsets + placement.translation
    vertices = placement.scale * np.einsum("tij,tpj->tpi", rotations, faces) + translations[:, None]
    openings = np.array([aperture(face) for face in faces])
    return Performance(clip, utterance, motion, times, vertices, rotations, translations, placement.scale, openings)


def _opened(mouth: Mouth, factor: float) -> Mouth:
    opening = {name: factor * getattr(mouth, name) for name in ("jaw", "upper", "lower")}
    return replace(mouth, **opening)


def draw(performance: Performance, mesh: PortraitMesh) -> Iterator[NDArray[np.uint8]]:
    """The frames ``(size, size, 3)``, one by one."""
    for vertices in performance.vertices:
        yield mesh.render(vertices)
