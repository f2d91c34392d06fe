"""What a model looks like to the suite: one small class, one method."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError, nearest


@dataclass(frozen=True)
class Case:
    """One thing to animate.

    Attributes:
        name: unique within its dataset, split and protocol.
        protocol: ``self``, ``self-free``, ``cross`` or ``emotion``.
        portrait: RGB uint8 ``(H, W, 3)``: who is to speak. The video has this size.
        audio: speech, ``(S,)`` float32 mono in -1..1 at 16 kHz; all zeros where the clip is silent.
        silent: whether the clip had no sound (the video is then written without any).
        fps, frames: rate and length of the video to make.
        pose_video: video whose head pose is to be followed, or None where the model chooses its own.
        emotion: one of MEAD's eight names, or None. intensity: 0..1, or None.
        clip_video: the real clip that the case is judged against. Only the sanity models may look at it.
    """

    name: str
    protocol: str
    portrait: NDArray[np.uint8]
    audio: NDArray[np.float32]
    silent: bool
    fps: float
    frames: int
    pose_video: Path | None
    emotion: str | None
    intensity: float | None
    clip_video: Path


@dataclass(frozen=True)
class Animation:
    """What a model made of a case: either frames to be written, or a file that is taken over byte for byte.

    Attributes:
        frames: RGB uint8 ``(H, W, 3)``, streamed; or None when `file` is given.
        audio: the sound to write with them, 16 kHz mono float32; None writes a silent video.
        file: a finished video to copy instead.
        sound_of_its_own: with `file`, take its pictures packet for packet and `audio` as the sound (None: no sound).
        crf: H.264 quality of the written video.
    """

    frames: Iterable[NDArray[np.uint8]] | None = None
    audio: NDArray[np.float32] | None = None
    file: Path | None = None
    sound_of_its_own: bool = False
    crf: int = 10


class ModelError(Exception):
    """A model has no video for a case. `status` is a failure name (``not_generated``, ``no_face``, ...)."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Model(Protocol):
    """A method under test.

    Attributes:
        name: as in ``params.yaml``. version: changes whenever its output may change; part of every result.
        uses: which inputs it follows, of ``audio``, ``pose``, ``emotion``, ``clip``.
    """

    name: str
    uses: frozenset[str]

    @property
    def version(self) -> str: ...

    def animate(self, case: Case, seed: int) -> Animation:
        """Make the video of one case. The same case and seed give the same frames.

        Raises:
            ModelError: there is no video for this case, and why.
        """
        ...


@runtime_checkable
class ManyModel(Protocol):
    """A method under test that takes many cases at once, because it is slow to start, say.

    Attributes:
        name, uses, version: as of a `Model`. batch: how many cases at most are given in one call.
    """

    name: str
    uses: frozenset[str]

    @property
    def version(self) -> str: ...

    @property
    def batch(self) -> int: ...

    def animate_many(
        self, cases: Iterable[Case], seed: int
    ) -> Generator[tuple[Case, Animation | ModelError], None, None]:
        """Make the videos of all cases and give each with its case, in any order; what is left out counts as not generated.

        A file that an `Animation` names is taken before the next answer is asked for.
        """
        ...


AnyModel = Model | ManyModel
Options = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """What a model may know of its surroundings when it is made.

    Attributes:
        device: ``cpu`` or ``cuda``.
        sounds: sound file of every case that has one, by case name, in table order (for shuffling).
        speakers: speaker of every case, by case name.
        cases: name of the case set, ``dataset/split/protocol``.
        logs: folder for what a foreign program prints, a file a case; None: it is not kept.
    """

    device: str
    sounds: Mapping[str, Path]
    speakers: Mapping[str, str]
    cases: str
    logs: Path | None = None


def check_options(model: str, options: Options, known: Mapping[str, type | tuple[type, ...]]) -> None:
    """Raise a `BenchError` that names an option that the model does not have, or one of the wrong type."""
    for key, value in options.items():
        if key not in known:
            raise BenchError(f"model {model!r}: unknown option {key!r}. {nearest(key, known)}")
        kind = known[key]
        kinds: tuple[type, ...] = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join(each.__name__ for each in kinds)
            raise BenchError(f"model {model!r}: option {key!r} must be {wanted}, found {value!r}")


def check_choice(model: str, options: Options, **choices: Iterable[str]) -> None:
    """Raise a `BenchError` for an option that is given and none of its choices; it suggests the nearest one."""
    for key in choices.keys() & options.keys():
        if (given := options[key]) not in (known := tuple(choices[key])):
            raise BenchError(f"model {model!r}: option {key!r} is {given!r}. {nearest(given, known)}")


def check_least(model: str, options: Options, **least: float) -> None:
    """Raise a `BenchError` for an option that is given and smaller than it may be."""
    for key in least.keys() & options.keys():
        if not options[key] >= least[key]:
            raise BenchError(f"model {model!r}: option {key!r} must be {least[key]} or more, found {options[key]}")
