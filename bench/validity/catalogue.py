"""The damages: what each does, how strong it comes, and which clips it can be done to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.config import AUDIO_RATE
from bench.errors import unknown
from bench.models.sanity import shift
from bench.validity import pictures, timing
from bench.validity.footage import CRF, Footage, Take
from bench.validity.subjects import PUPPET, SAMPLE
from datasets.puppet.animate import Change
from datasets.puppet.emotion import Actions, expression

VERSION = 1
"""Grows when a damage of the same name and level would give another video."""
BOTH = (PUPPET, SAMPLE)
SYNTHETIC = (PUPPET,)
REAL = (SAMPLE,)
REENCODED = "re-encode"
OPPOSITE = {
    "angry": "happy", "disgusted": "happy", "fear": "happy", "happy": "angry", "sad": "happy", "surprised": "sad",
}  # fmt: skip
"""Which emotion is shown in the place of the one that was asked for."""


@dataclass(frozen=True)
class Damage:
    """One way to spoil a clip, at several levels.

    Attributes:
        name: identifier. title: as printed. group: figure that it is drawn in.
        levels: from the weakest to the strongest, in the damage's own unit. unit: format of a level.
        apply: the damaged clip. datasets: where it can be done.
        sound_only: the pictures stay as they are, packet for packet.
    """

    name: str
    title: str
    group: str
    levels: tuple[float, ...]
    unit: str
    apply: Callable[[Footage, float], Take]
    datasets: tuple[str, ...] = BOTH
    sound_only: bool = False

    def label(self, level: float) -> str:
        """The level as printed, e.g. ``crf 28``."""
        return self.unit.format(level)


def _seen(make: Callable[[Footage, float], pictures.Frames]) -> Callable[[Footage, float], Take]:
    return lambda footage, level: Take(make(footage, level), footage.sound)


def _shifted(footage: Footage, frames: float) -> Take:
    sound = footage.sound
    return Take(None, None if sound is None else shift(sound, round(frames / footage.fps * AUDIO_RATE)))


def _coarse(footage: Footage, crf: float) -> Take:
    return Take(footage.frames, footage.sound, int(crf))


def _other_face(footage: Footage, share: float) -> pictures.Frames:
    actor = footage.subject.actor
    assert actor is not None
    other = expression(OPPOSITE[actor.plan.emotion], actor.plan.level)
    return footage.again(Change(expression=(other, share)))


FRAMES, DEGREES = "{:g} fr.", "{:g}°"
QUARTERS = (0.25, 0.5, 0.75, 1.0)
TURNS = (2.0, 5.0, 10.0)

DAMAGES: tuple[Damage, ...] = (
    Damage("sound late", "sound late", "sound", (1, 2, 3, 5, 8, 12, 15), FRAMES, _shifted, sound_only=True),
    Damage("sound early", "sound early", "sound", (1, 2, 3, 5, 8, 12, 15), FRAMES,
           lambda f, level: _shifted(f, -level), sound_only=True),
    Damage(REENCODED, "re-encode", "pictures", (1, 3), "{:g}×",
           _seen(lambda f, times: pictures.generations(f.frames, int(times) - 1, f.fps, CRF))),
    Damage("h264", "H.264", "pictures", (20, 28, 36, 44), "crf {:g}", _coarse),
    Damage("jpeg", "JPEG", "pictures", (75, 50, 25, 10), "quality {:g}", _seen(lambda f, q: pictures.jpeg(f.frames, int(q)))),
    Damage("blur", "blur", "pictures", (0.5, 1, 2, 4), "σ {:g} px", _seen(lambda f, s: pictures.blur(f.frames, s))),
    Damage("noise", "noise", "pictures", (2, 5, 10, 20), "σ {:g}/255", _seen(lambda f, s: pictures.noise(f.frames, s, f.seed))),
    Damage("colour", "colour shift", "pictures", (5, 15, 40), "±{:g}/255", _seen(lambda f, n: pictures.colour(f.frames, n))),
    Damage("pitch", "pitch", "head", TURNS, DEGREES, _seen(lambda f, angle: f.again(Change(pitch=angle))), SYNTHETIC),
    Damage("yaw", "yaw", "head", TURNS, DEGREES, _seen(lambda f, angle: f.again(Change(yaw=angle))), SYNTHETIC),
    Damage("roll", "roll", "head", TURNS, DEGREES, _seen(lambda f, angle: f.again(Change(roll=angle))), SYNTHETIC),
    Damage("rotate", "rotation", "head", TURNS, DEGREES, _seen(lambda f, a: pictures.rotate(f.frames, a)), REAL),
    Damage("move", "translation", "head", (0.02, 0.05, 0.1), "{:.0%}", _seen(lambda f, s: pictures.move(f.frames, s))),
    Damage("shrink", "scale", "head", (0.95, 0.9, 0.8), "×{:g}", _seen(lambda f, s: pictures.zoom(f.frames, s))),
    Damage("mouth less", "mouth too small", "face", (0.75, 0.5, 0.25, 0.0), "×{:g}",
           _seen(lambda f, scale: f.again(Change(mouth=scale))), SYNTHETIC),
    Damage("mouth more", "mouth too large", "face", (1.25, 1.5, 2.0), "×{:g}",
           _seen(lambda f, scale: f.again(Change(mouth=scale))), SYNTHETIC),
    Damage("emotion fades", "emotion fades", "face", (0.5, 1.0), "{:.0%}",
           _seen(lambda f, share: f.again(Change(expression=(Actions(), share)))), SYNTHETIC),
    Damage("other emotion", "wrong emotion", "face", (0.33, 0.67, 1.0), "{:.0%}", _seen(_other_face), SYNTHETIC),
    Damage("other person", "wrong person", "face", (0.25, 0.5, 1.0), "last {:.0%}",
           _seen(lambda f, share: timing.take_over(f.frames, f.stranger, share))),
    Damage("freeze", "frozen face", "time", (0.1, 0.25, 0.5, 1.0), "first {:.0%}",
           _seen(lambda f, share: timing.freeze(f.frames, share))),
    Damage("drop", "random drops", "time", (0.05, 0.1, 0.2, 0.5), "{:.0%}",
           _seen(lambda f, share: timing.drop(f.frames, share, f.seed))),
    Damage("repeat", "regular drops", "time", (10, 5, 3), "1 of {:g}", _seen(lambda f, n: timing.repeat_every(f.frames, int(n)))),
    Damage("rate", "lower frame rate", "time", (2, 3, 4), "1/{:g}", _seen(lambda f, n: timing.hold(f.frames, int(n)))),
)  # fmt: skip


def damage(name: str) -> Damage:
    """The damage of that name.

    Raises:
        BenchError: there is none; the nearest is suggested.
    """
    known = {each.name: each for each in DAMAGES}
    if name not in known:
        raise unknown("damage", name, known)
    return known[name]
