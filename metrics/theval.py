"""The measures of THEval (Quignon et al., CVPR 2026 Findings) that need no network of picture quality.

Definitions are those of its public code, github.com/Newbyl/THEval. A value says nothing alone: THEval asks how near it is to
that of the real clips, so read it against the ground-truth row. Four of its eight measures are not here, and so neither is its
composite, which is the mean closeness of all eight (docs/metrics.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from metrics.base import Bundle, FaceTrack, Metric, Status, Unscorable, weighted_mean
from metrics.features.regions import (
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    LIPS_INNER,
    LIPS_OUTER,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
)
from metrics.pairing import usable_track
from metrics.rigid import RIGID_PROTOCOL, head_pose
from metrics.speech_segments import SEGMENT_PROTOCOL, speech_frames

SIDE = 256.0
MIN_SILENCE = 0.3
MIN_SPEECH_SHARE = 0.1
VOLUME_WINDOW = 0.05
_UPPER = np.array(LIPS_INNER[1:9])
_LOWER = np.array(LIPS_INNER[19:11:-1])


def stretched(track: FaceTrack) -> NDArray[np.float64]:
    """Points of the frames with a face, ``(n, 478, 2)`` in pixels of the frame squeezed to 256²."""
    return track.landmarks[track.present, :, :2].astype(np.float64) * (SIDE / np.array([track.width, track.height]))


def lip_dynamics(bundle: Bundle) -> float:
    """Standard deviation over time of the distance of two lip points, mean over all pairs of the 40; pixels at 256²."""
    lips = stretched(usable_track(bundle.generated))[:, np.array((*LIPS_OUTER, *LIPS_INNER))]
    return float(np.mean(np.std([pdist(points) for points in lips], axis=0)))


def eyebrow_dynamics(bundle: Bundle) -> float:
    """Mean change from one frame to the next of the distance of a brow from its eye, in distances of the eyes.

    Raises:
        Unscorable: ``no_face``; ``too_short`` with fewer than two frames that show a face.
    """
    track = usable_track(bundle.generated)
    points = track.landmarks[track.present, :, :2].astype(np.float64)
    if len(points) < 2:
        raise Unscorable(Status.TOO_SHORT, "one frame with a face; two are needed")
    eyes, brows = (
        [points[:, np.array(contour)].mean(axis=1) for contour in pair]
        for pair in ((LEFT_EYE, RIGHT_EYE), (LEFT_BROW, RIGHT_BROW))
    )
    unit = np.linalg.norm(eyes[0] - eyes[1], axis=1)
    raised = np.stack([np.linalg.norm(brow - eye, axis=1) / unit for brow, eye in zip(brows, eyes, strict=True)])
    return float(np.mean(np.abs(np.diff(raised, axis=1))))


def head_motion(bundle: Bundle) -> float:
    """``sqrt(s v + t)``: mean standard deviation ``s`` of the angles in degrees, mean variance ``v`` of their steps, mean variance
    ``t`` of the middle of the face's box in pixels of the frame. Steps from one frame with a face to the next."""
    track = usable_track(bundle.generated)
    points = track.landmarks[track.present].astype(np.float64)
    angles = head_pose(points).angles
    steps = np.diff(angles, axis=0)
    middles = (points[:, :, :2].min(axis=1) + points[:, :, :2].max(axis=1)) / 2
    turning = np.mean(np.std(angles, axis=0)) * (np.mean(np.var(steps, axis=0)) if len(steps) > 1 else 0.0)
    return float(np.sqrt(turning + np.mean(np.var(middles, axis=0))))


def silent_lip_stability(bundle: Bundle) -> float:
    """Median distance of the lips' opening from its mean over frames in silence, in distances of the outer eye corners.

    Raises:
        Unscorable: ``not_applicable`` where no silence is 0.3 s long, ``no_face``, ``no_audio``.
    """
    track = usable_track(bundle.generated)
    silent = _long_runs(~_speaking(bundle, track), MIN_SILENCE * track.fps)
    if not silent.any():
        raise Unscorable(Status.NOT_APPLICABLE, f"the sound has no silence of {MIN_SILENCE:g} s")
    points = stretched(track)[silent[track.present]]
    if len(points) < 2:
        raise Unscorable(Status.NO_FACE, f"{len(points)} silent frames show a face; two are needed")
    gaps = np.abs(points[:, _UPPER, 1] - points[:, _LOWER, 1]).mean(axis=1)
    opening = gaps / np.linalg.norm(points[:, RIGHT_EYE_OUTER] - points[:, LEFT_EYE_OUTER], axis=1)
    return float(np.median(np.abs(opening - opening.mean())))


def lip_sync(bundle: Bundle) -> float:
    """Mean difference of the lips' opening and the loudness while somebody speaks, each scaled to 0..1 there.

    Raises:
        Unscorable: ``no_speech`` where under a tenth of the frames is speech, ``no_face``, ``no_audio``.
    """
    track = usable_track(bundle.generated)
    speaking = _speaking(bundle, track)
    used = speaking & track.present
    if speaking.mean() < MIN_SPEECH_SHARE or np.count_nonzero(used) < 2:
        raise Unscorable(Status.NO_SPEECH, f"speech in {np.count_nonzero(used)} of {len(track)} frames with a face")
    points = track.landmarks[used, :, :2] / np.array([track.width, track.height], dtype=np.float64)
    right, left = (
        points[:, np.array(corners), 0].mean(axis=1)
        for corners in ((RIGHT_EYE_OUTER, RIGHT_EYE_INNER), (LEFT_EYE_INNER, LEFT_EYE_OUTER))
    )
    opening = np.abs(points[:, _UPPER, 1].mean(axis=1) - points[:, _LOWER, 1].mean(axis=1)) / np.abs(left - right)
    times = np.flatnonzero(used) / track.fps
    loud = volume(bundle.generated.need("audio"), bundle.generated.audio_rate, times)
    return float(np.mean(np.abs(_scaled(opening) - _scaled(loud))))


def volume(audio: NDArray[np.floating], rate: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square of 50 ms of sound around each 20th of a second, zeros beyond the ends, between them linearly: ``(n,)``.

    What ``librosa.feature.rms`` gives for equal window and hop.
    """
    hop = int(rate * VOLUME_WINDOW)
    padded = np.pad(audio.astype(np.float64), hop // 2)
    blocks = padded[: len(padded) // hop * hop].reshape(-1, hop)
    return np.interp(times, np.arange(len(blocks)) * hop / rate, np.sqrt(np.mean(blocks**2, axis=1)))


def _speaking(bundle: Bundle, track: FaceTrack) -> NDArray[np.bool_]:
    audio: NDArray[np.float32] = bundle.generated.need("audio")
    return speech_frames(bundle.generated.need("speech")[:, 0], len(audio), track.fps, len(track))


def _long_runs(mask: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """The mask without its runs of fewer than `least` frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    kept = np.zeros_like(mask)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        kept[start:end] = end - start >= least
    return kept


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values - values.min()) / (np.ptp(values) + 1e-8)


_FACES = "the suite's face mesh at the suite's frame rate, faces in at least half of the frames; frames without one are left out"
_SOURCE = "THEval (Quignon et al. 2026), github.com/Newbyl/THEval"


def _metric(name: str, title: str, unit: str, summary: str, value: str, **more: Any) -> Metric:
    protocol = {"name": "theval", "faces": _FACES, "value": value, **more.pop("protocol", {})}
    return Metric(
        name=f"theval_{name}", title=f"{title} (THEval)", unit=unit, better="none", protocol=protocol, summary=summary,
        aggregate=weighted_mean, **{"needs": ("track",), "source": _SOURCE, "group": "theval", **more},
    )  # fmt: skip


_WITH_SOUND: dict[str, Any] = {"needs": ("track", "audio", "speech"), "weights": ("silero_vad",)}
_INNER_LIPS = "eight pairs of inner lip points, y only"

METRICS: tuple[Metric, ...] = (
    _metric(
        "lip_dynamics", "Lip dyn.", "px", "How much the mouth's shape varies over a clip; judged against the ground-truth row.",
        "standard deviation over frames of each distance between two of 40 lip points, frame squeezed to 256²; mean over pairs",
        per_clip=lip_dynamics,
    ),
    _metric(
        "eyebrow_dynamics", "Brow dyn.", "", "How much the brows move from frame to frame; judged against the ground-truth row.",
        "mean absolute step of the distance brow to eye over the distance of the eyes, both sides; gaps stepped over",
        per_clip=eyebrow_dynamics,
    ),
    _metric(
        "head_motion_mesh", "Head motion, mesh", "", "How much the head turns and moves; judged against the ground-truth row.",
        "sqrt(mean std of angles * mean variance of their steps + mean variance of the box's middle in pixels of the frame)",
        per_clip=head_motion, protocol={**RIGID_PROTOCOL, "box": "around all mesh points"},
        source="formula of THEval (Quignon et al. 2026) on the mesh's head pose; not comparable with FaceXFormer's",
    ),
    _metric(
        "silent_lip_stability", "Silent lips", "", "How restless the lips are in silence; judged against the ground-truth row.",
        f"{_INNER_LIPS}, over the distance of the outer eye corners, frame squeezed to 256²; median distance from the mean",
        per_clip=silent_lip_stability, protocol={**SEGMENT_PROTOCOL, "silence": "runs of at least 0.3 s"}, **_WITH_SOUND,
    ),
    _metric(
        "lip_sync", "Lip sync", "", "How far lip opening and loudness part while speaking (0..1); judged against ground truth.",
        f"{_INNER_LIPS}; loudness RMS of 50 ms at 16 kHz; both scaled to 0..1 over speech; mean absolute difference",
        per_clip=lip_sync, protocol={**SEGMENT_PROTOCOL, "speech": "at least a tenth of the frames"}, **_WITH_SOUND,
    ),
)  # fmt: skip
