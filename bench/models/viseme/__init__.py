"""`viseme`: a baseline without weights that speaks by rule, from phonemes to mouth shapes to a warped portrait."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.models.base import Animation, Case, Context, ModelError, Options, check_options
from bench.models.viseme import motion, rig, trajectory
from bench.models.viseme.articulation import CHANNELS, TABLE
from datasets.puppet.renderer import PortraitMesh
from metrics.features.face_mesh import locate
from metrics.features.phonemes import PROTOCOL, RATE, recognise

VERSION = "1"
"""Raised when the code changes what comes out; the table, the recogniser and the options are hashed beside it."""


@dataclass(frozen=True)
class VisemeOptions:
    """What may be set in ``params.yaml``.

    Attributes:
        opening: multiplies how far the mouth opens, 0..2.
        head_motion: 0 holds the head still, 1 is natural, at most 2.
        blinks_per_minute: 0..60.
    """

    opening: float = 1.0
    head_motion: float = 1.0
    blinks_per_minute: float = 6.0


_HIGHEST = {"opening": 2.0, "head_motion": 2.0, "blinks_per_minute": 60.0}


class Viseme:
    """Speaks by rule: recognised phonemes -> mouth shapes -> the portrait's mesh -> frames."""

    name = "viseme"
    uses = frozenset({"audio"})

    def __init__(self, options: VisemeOptions | None = None) -> None:
        self.options = options or VisemeOptions()

    @property
    def version(self) -> str:
        """`VERSION` and eight digits of the hash of all the numbers that shape the output."""
        numbers = {
            "table": {symbol: [asdict(shape) for shape in shapes] for symbol, shapes in TABLE.items()},
            "constants": {
                f"{module.__name__}.{key}": value
                for module in (motion, rig, trajectory)
                for key, value in vars(module).items()
                if key.isupper()
            },
            "phonemes": dict(PROTOCOL),
            "options": asdict(self.options),
        }
        text = json.dumps(numbers, sort_keys=True, default=_plain)
        return f"{VERSION}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case; frames are made as they are taken, none is kept.

        Raises:
            ModelError: ``no_face``: there is no face in the portrait.
        """
        landmarks = locate(case.portrait)
        if landmarks is None:
            height, width = case.portrait.shape[:2]
            raise ModelError("no_face", f"{case.name}: no face found in the portrait ({width}x{height})")
        sound = np.zeros(1, np.float32) if case.silent else case.audio
        mouth = trajectory.trajectory(recognise(sound, RATE), sound, RATE)
        mouth[:, CHANNELS.index("gap")] *= self.options.opening
        mouth[:, CHANNELS.index("jaw")] *= self.options.opening
        frames = self._frames(case, landmarks, mouth, trajectory.loudness(sound, RATE, len(mouth)), seed)
        return Animation(frames=frames, audio=None if case.silent else case.audio)

    def _frames(
        self,
        case: Case,
        landmarks: NDArray[np.float32],
        mouth: NDArray[np.float64],
        level: NDArray[np.float64],
        seed: int,
    ) -> Iterator[NDArray[np.uint8]]:
        head_rng, blink_rng = (np.random.default_rng([seed, stream]) for stream in (0, 1))
        head = motion.HeadMotion(head_rng, level, trajectory.STEPS, self.options.head_motion)
        blinks = motion.Blinks(blink_rng, self.options.blinks_per_minute)
        face = rig.FaceRig(landmarks)
        portrait = PortraitMesh(case.portrait, landmarks)
        for frame in range(case.frames):
            time = frame / case.fps
            vertices = face.pose(_at(mouth, time), blinks.at(time))
            rotation, shift = head.at(time)
            vertices = (vertices - face.pivot) @ rotation.T + face.pivot
            vertices[:, :2] += shift * face.unit
            yield portrait.render(vertices)


def _plain(value: object) -> object:
    # The order of a set differs from process to process.
    return sorted(value) if isinstance(value, frozenset) else str(value)


def _at(mouth: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    """Mouth at a time in seconds, between steps; at rest after the end of the sound."""
    place = time * trajectory.STEPS
    before = int(place)
    if before + 1 >= len(mouth):
        return mouth[-1] if before < len(mouth) else np.zeros(mouth.shape[1])
    return np.asarray(mouth[before] + (place - before) * (mouth[before + 1] - mouth[before]))


def create(options: Options, context: Context) -> Viseme:
    """The model for the options of ``params.yaml``.

    Raises:
        BenchError: an option is unknown (the nearest name is suggested) or not a number in its range.
    """
    known = {field.name: (int, float) for field in fields(VisemeOptions)}
    check_options("viseme", options, known)
    for name, value in options.items():
        if not 0 <= value <= _HIGHEST[name]:
            raise BenchError(f"model 'viseme': option {name!r} must be from 0 to {_HIGHEST[name]:g}, found {value!r}")
    return Viseme(VisemeOptions(**{name: float(value) for name, value in options.items()}))
