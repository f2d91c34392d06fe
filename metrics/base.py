"""What every metric is made of: features in, a number or a reason out.

Nothing here reads files. The suite (``bench``) fills `Features` from its cache and hands `Bundle`s to metrics.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


class Status(StrEnum):
    """The closed list of what a score row may say. Everything but ``ok`` is a failure or ``not_applicable``."""

    OK = "ok"
    NO_FACE = "no_face"
    DECODE_ERROR = "decode_error"
    TOO_SHORT = "too_short"
    NO_AUDIO = "no_audio"
    NO_VIDEO = "no_video"
    NO_SPEECH = "no_speech"
    NO_REFERENCE = "no_reference"
    NOT_GENERATED = "not_generated"
    UNFIT_VIDEO = "unfit_video"
    WEIGHTS_MISSING = "weights_missing"
    UNDEFINED = "undefined"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"
    """The question was not asked of this case (no emotion label, say). Not counted in coverage."""


class Unscorable(Exception):
    """Raised by a metric or extractor that has no number to give: becomes a failure row, never a 0.

    Args:
        status: why, from the closed list.
        detail: one sentence for a person: what was found and what was expected.
    """

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class FaceTrack:
    """One face followed through one video.

    Attributes:
        landmarks: ``(T, 478, 3)`` float32; x right, y down, z away from the camera, all in pixels of the frame
            (z is MediaPipe's relative depth times the frame width). Rows of frames without a face are NaN.
        present: ``(T,)`` bool, whether the face was found in the frame.
        width, height: frame size in pixels.
        fps: frames per second of the frames that were tracked.
    """

    landmarks: NDArray[np.float32]
    present: NDArray[np.bool_]
    width: int
    height: int
    fps: float

    def __len__(self) -> int:
        return len(self.present)


@dataclass(frozen=True)
class Phoneme:
    """One spoken sound: ARPAbet symbol without stress (``SIL`` for silence), start and end in seconds."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True)
class Features:
    """What was measured once from one video. A field is None where it was not asked for.

    Attributes:
        fps: frames per second. frames: number of frames.
        track: the face track, or None.
        audio: ``(S,)`` float32 mono in -1..1 at `audio_rate`, sample 0 at the first video frame; None if silent file.
        phonemes: recognised phonemes of the sound, in order.
        samples: per-network outputs on sampled frames, ``(N, D)`` float32, by network name.
        sampled_at: frame indices of those samples, ``(N,)`` int, by network name.
        failures: why a field that was asked for is missing, by field or network name.
    """

    fps: float
    frames: int
    track: FaceTrack | None = None
    audio: NDArray[np.float32] | None = None
    audio_rate: int = 16000
    phonemes: Sequence[Phoneme] | None = None
    samples: Mapping[str, FloatArray] = field(default_factory=dict)
    sampled_at: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    failures: Mapping[str, Unscorable] = field(default_factory=dict)

    def need(self, name: str) -> Any:
        """The field or network output of that name; raises its recorded `Unscorable` where it is missing."""
        value = getattr(self, name, None) if name in _FIELDS else self.samples.get(name)
        if value is None:
            raise self.failures.get(name) or Unscorable(Status.UNDEFINED, f"feature {name!r} was not extracted")
        return value


_FIELDS = frozenset({"track", "audio", "phonemes"})


@dataclass(frozen=True)
class Labels:
    """What is known about a case besides its pixels.

    Attributes:
        emotion: what was asked for, one of MEAD's eight names, or None. intensity: 0..1, or None.
        speaker: of the reference clip.
        pose_given: whether the model was given the reference's head pose to follow.
        same_speaker: whether the portrait shows the speaker of the reference clip.
    """

    emotion: str | None = None
    intensity: float | None = None
    speaker: str = ""
    pose_given: bool = True
    same_speaker: bool = True


@dataclass(frozen=True)
class Bundle:
    """All that a metric may look at for one case.

    Attributes:
        generated: features of the video under test. Pair networks (pixel comparisons with the reference) appear
            among its samples.
        reference: features of the clip that it is judged against, or None.
        labels: what the case asked for.
        portrait: features of the source picture (one frame), or None.
    """

    generated: Features
    reference: Features | None
    labels: Labels
    portrait: Features | None = None

    def need_reference(self) -> Features:
        if self.reference is None:
            raise Unscorable(Status.NO_REFERENCE, "this metric compares with a reference clip and the case has none")
        return self.reference

    def need_portrait(self) -> Features:
        if self.portrait is None:
            raise Unscorable(
                Status.NO_REFERENCE, "this metric compares with the source portrait and it was not measured"
            )
        return self.portrait


Better = Literal["lower", "higher", "none"]
UNLIMITED = (-math.inf, math.inf)
SHARE = (0.0, 1.0)
COSINE = (-1.0, 1.0)
ARROWS: Mapping[str, str] = {"lower": "↓", "higher": "↑", "none": ""}
"""How tables show the direction of a metric."""


@dataclass(frozen=True)
class Metric:
    """One registered metric: what it needs, how it is computed per clip, how clips become one number.

    Attributes:
        name: identifier, e.g. ``m_ld``. title: as printed in tables, e.g. ``M-LD``.
        group: family for tables: landmarks, pose, eyes, sync, emotion, identity, image, distribution.
        unit: of the value, e.g. ``iod`` (inter-ocular distances), ``deg``, ``frames``, ``px``, ``dB``, or empty.
        better: direction; ``none`` for descriptive numbers that are judged against the ground-truth row.
        needs: names of the features it reads from the generated video and (if `paired`) from the reference.
        weights: asset names without which it is ``weights_missing``.
        paired: whether it reads the reference. portrait: whether it reads the source portrait (the same features of it).
        corpus: whether only the aggregate is a number (`per_clip` then gives an ``(n, d)`` sample of the clip).
        protocol: everything that changes the number; hashed into `protocol_id`.
        source: paper or repository whose definition this is.
        per_clip: Bundle -> float (or an array for corpus metrics); raises `Unscorable`.
        aggregate: ``(per-clip values, weights (n,)) -> value``. The weights are non-negative bootstrap counts.
        summary: one sentence for ``space-bench metrics``.
        bounds: what its value cannot leave; None: 0 and up where lower is better (a distance), else unlimited.
    """

    name: str
    title: str
    group: str
    unit: str
    better: Better
    needs: tuple[str, ...]
    protocol: Mapping[str, Any]
    source: str
    summary: str
    per_clip: Callable[[Bundle], Any]
    aggregate: Callable[[Sequence[Any], FloatArray], float]
    weights: tuple[str, ...] = ()
    paired: bool = False
    portrait: bool = False
    corpus: bool = False
    bounds: tuple[float, float] | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value there can be; an interval does not go beyond them."""
        return self.bounds or ((0.0, math.inf) if self.better == "lower" else UNLIMITED)

    @property
    def protocol_id(self) -> str:
        return protocol_id(self.name, self.protocol)


def protocol_id(name: str, protocol: Mapping[str, Any]) -> str:
    """First 12 hex digits of the sha256 of the name and of all that changes the number (key order does not matter)."""
    text = json.dumps({"name": name, "protocol": protocol}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def weighted_mean(values: Sequence[float], weights: FloatArray) -> float:
    """Mean of per-clip values under non-negative weights ``(n,)``; NaN if all weights are zero."""
    total = float(np.sum(weights))
    if total <= 0:
        return float("nan")
    return float(np.dot(np.asarray(values, dtype=np.float64), weights) / total)
