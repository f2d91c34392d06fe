"""Head pose metrics: error against the reference where the pose was given, and what natural motion looks like."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import SHARE, Bundle, Metric, Status, Unscorable, weighted_mean
from metrics.envelope import need_audio, onset_times
from metrics.frechet import FrechetAggregate
from metrics.pairing import PAIRING_PROTOCOL, fill_gaps, need_given_pose, need_same_speaker, paired_tracks, usable_track
from metrics.rigid import RIGID_PROTOCOL, Pose, frontal, head_pose

__all__ = ["METRICS", "Pose", "frontal", "head_pose", "motion_peaks"]

AXES = ("pitch", "yaw", "roll")
BEAT_SIGMA = 0.1
MOTION_WINDOW = 0.28
MIN_PEAK_SPEED = 5.0


def angle_errors(bundle: Bundle) -> NDArray[np.float64]:
    """Absolute angle differences ``(n, 3)`` in degrees (pitch, yaw, roll) over frames with both faces."""
    need_given_pose(bundle.labels)
    pair = paired_tracks(bundle)
    difference = head_pose(pair.generated[pair.present]).angles - head_pose(pair.reference[pair.present]).angles
    return np.abs((difference + 180) % 360 - 180)


def translation_error(bundle: Bundle) -> float:
    """Mean distance between the head positions in the image plane, in inter-ocular distances of the reference."""
    need_given_pose(bundle.labels)
    need_same_speaker(bundle)
    pair = paired_tracks(bundle)
    generated, reference = head_pose(pair.generated[pair.present]), head_pose(pair.reference[pair.present])
    offset = (generated.origin - reference.origin)[:, :2]
    return float(np.mean(np.linalg.norm(offset, axis=1)) / reference.unit)


def diversity(bundle: Bundle) -> float:
    """Mean over the three axes of the standard deviation of the angle over the clip, in degrees."""
    track = usable_track(bundle.generated)
    angles = head_pose(track.landmarks[track.present]).angles
    return float(np.mean(np.std(angles, axis=0)))


def motion_sample(landmarks: NDArray[np.floating], fps: float) -> NDArray[np.float64]:
    """``(m, 6)`` angles in degrees and their change in degrees per 40 ms, of frames that follow one with a face."""
    angles = head_pose(landmarks).angles
    rows = np.concatenate([angles[1:], np.diff(angles, axis=0) * fps / 25], axis=1)
    return rows[np.all(np.isfinite(rows), axis=1)]


def motion_pair(bundle: Bundle) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`motion_sample` of the generated video and of the reference."""
    samples = []
    for features in (bundle.generated, bundle.need_reference()):
        track = usable_track(features)
        rows = motion_sample(track.landmarks, track.fps)
        if len(rows) == 0:
            raise Unscorable(Status.TOO_SHORT, "no two consecutive frames with a face")
        samples.append(rows)
    return samples[0], samples[1]


def motion_peaks(landmarks: NDArray[np.floating], fps: float) -> NDArray[np.float64]:
    """Times in seconds at which the head turns fastest: local maxima of the smoothed angular speed above 5 deg/s.

    Args:
        landmarks: ``(T, 478, 3)``, at least one frame with a face. fps: frames per second.
    """
    angles = fill_gaps(head_pose(landmarks).angles)
    half = max(1, round(MOTION_WINDOW * fps / 2))
    kernel = np.hanning(2 * half + 3)[1:-1]
    coverage = np.convolve(np.ones(len(angles)), kernel, "same")
    smooth = np.stack([np.convolve(axis, kernel, "same") / coverage for axis in angles.T], axis=1)
    if len(smooth) < 3:
        return np.empty(0)
    speed = np.linalg.norm(np.gradient(smooth, axis=0), axis=1) * fps
    inner = speed[1:-1]
    peak = (inner > speed[:-2]) & (inner >= speed[2:]) & (inner > MIN_PEAK_SPEED)
    return (np.flatnonzero(peak) + 1) / fps


def beat_alignment(bundle: Bundle) -> float:
    """Mean over sound onsets of ``exp(-d² / 2σ²)``, d = time to the nearest motion peak, σ = 0.1 s.

    0 if the head rests.
    """
    track = usable_track(bundle.generated)
    audio = need_audio(bundle.generated)
    onsets = onset_times(audio, bundle.generated.audio_rate, len(track) / track.fps)
    if len(onsets) == 0:
        raise Unscorable(Status.NO_SPEECH, "the sound has no onsets")
    peaks = motion_peaks(track.landmarks, track.fps)
    if len(peaks) == 0:
        return 0.0
    nearest = np.min(np.abs(onsets[:, None] - peaks[None]), axis=1)
    return float(np.mean(np.exp(-(nearest**2) / (2 * BEAT_SIGMA**2))))


def _axis_metric(index: int, axis: str) -> Metric:
    def per_clip(bundle: Bundle) -> float:
        return float(np.mean(angle_errors(bundle)[:, index]))

    return Metric(
        name=f"pose_{axis}",
        title=f"Pose {axis}",
        summary=f"Mean absolute error of head {axis} against the reference whose pose the model was given.",
        per_clip=per_clip,
        **_ERROR,
    )


_ERROR: dict[str, Any] = {
    "group": "pose",
    "unit": "deg",
    "better": "lower",
    "needs": ("track",),
    "paired": True,
    "protocol": {**RIGID_PROTOCOL, **PAIRING_PROTOCOL, "applies": "cases with the pose given"},
    "source": "usual head pose error (face-vid2vid, SPACE: fixed head pose); fit after Umeyama 1991",
    "aggregate": weighted_mean,
}

METRICS: tuple[Metric, ...] = (
    *(_axis_metric(index, axis) for index, axis in enumerate(AXES)),
    Metric(
        name="pose_mae",
        title="Pose",
        summary="Mean absolute head pose error over pitch, yaw and roll where the model was given the pose.",
        per_clip=lambda bundle: float(np.mean(angle_errors(bundle))),
        **_ERROR,
    ),
    Metric(
        name="pose_translation",
        title="Pose trans.",
        summary="Mean distance of the head from where the reference head is, in the image plane.",
        per_clip=translation_error,
        **{
            **_ERROR,
            "unit": "iod",
            "protocol": {
                **_ERROR["protocol"],
                "point": "midpoint of the fitted outer eye corners, x and y",
                "unit": "inter-ocular distance of the reference, frontal, median of the clip",
            },
        },
    ),
    Metric(
        name="pose_diversity",
        bounds=(0.0, math.inf),
        title="Pose std",
        group="pose",
        unit="deg",
        better="none",
        needs=("track",),
        protocol={**RIGID_PROTOCOL, "statistic": "standard deviation over frames with a face, mean of 3 axes"},
        source="diversity of head motion, e.g. SadTalker (Zhang et al., CVPR 2023)",
        summary="How much the head moves within a clip; judged against the ground-truth row.",
        per_clip=diversity,
        aggregate=weighted_mean,
    ),
    Metric(
        name="pose_fd",
        title="Pose FD",
        group="pose",
        unit="",
        better="lower",
        needs=("track",),
        paired=True,
        corpus=True,
        protocol={
            **RIGID_PROTOCOL,
            "sample": "pitch, yaw, roll in deg and their change in deg per 40 ms; frames pooled over clips",
            **FrechetAggregate.PROTOCOL,
        },
        source="Fréchet distance of Heusel et al. 2017 on head angles and velocities",
        summary="Fréchet distance between the head motions of all generated and of all reference clips.",
        per_clip=motion_pair,
        aggregate=FrechetAggregate(),
    ),
    Metric(
        name="beat_align",
        bounds=SHARE,
        title="Beat align",
        group="pose",
        unit="",
        better="none",
        needs=("track", "audio"),
        protocol={
            **RIGID_PROTOCOL,
            "onsets": "see metrics.envelope.onset_times, revision 1",
            "peaks": "local maxima over 5 deg/s of the angular speed, angles smoothed by a 0.28 s Hann window",
            "score": "mean over onsets of exp(-d²/2σ²) to the nearest peak, σ 0.1 s; 0 without peaks",
        },
        source="beat alignment after Li et al., ICCV 2021 (AIST++), onsets to motion peaks; used by SadTalker",
        summary="Whether the head moves on the stresses of speech (0..1); judged against the ground-truth row.",
        per_clip=beat_alignment,
        aggregate=weighted_mean,
    ),
)
