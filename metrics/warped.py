"""The frame-wise comparisons with the reference once more, after soft time warping: a motion that comes late is forgiven.

Each is the soft-DTW divergence of two sequences that the feature cache holds frame by frame: landmarks, their velocities, head
pose, gaze, embeddings of every frame. Comparisons of pictures (PSNR, SSIM, LPIPS) have none: they see frames of one index only, and
warping them would take eleven times as many pictures. Embeddings once a second (CSIM of aligned faces) have nothing to be warped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import Bundle, FloatArray, Metric, Status, Unscorable, weighted_mean
from metrics.csim import paired_rows
from metrics.eyes import gaze, open_eyes
from metrics.landmarks import FACE, MOUTH, frontal_pair
from metrics.pairing import PAIRING_PROTOCOL, need_given_pose, need_same_speaker, paired_tracks
from metrics.pose import AXES
from metrics.rigid import RIGID_PROTOCOL, head_pose
from metrics.soft_dtw import WARP_SECONDS, mean_length, warped_mean

POSITION, VELOCITY, ANGLE, COSINE = 0.01, 0.002, 0.1, 0.01
"""Gamma of soft time warping: in inter-ocular distances, the same a frame, degrees, and for 1 - cosine."""

Sequences = NDArray[np.float64]
"""``(n, P, C)``: n frames, P things of C coordinates."""


def positions(bundle: Bundle, points: Sequence[int]) -> float:
    """Of the points in the face's own frame, in inter-ocular distances."""
    need_same_speaker(bundle)
    generated, reference, unit = frontal_pair(bundle, points)
    return _warped(bundle, generated / unit, reference / unit, POSITION)


def velocities(bundle: Bundle, points: Sequence[int]) -> float:
    """Of the points' steps from one frame to the next, in inter-ocular distances a frame."""
    generated, reference, unit = frontal_pair(bundle, points)
    return _warped(bundle, np.diff(generated, axis=0) / unit, np.diff(reference, axis=0) / unit, VELOCITY)


def angles(bundle: Bundle, axes: Sequence[int]) -> float:
    """Of the head's angles, in degrees, mean over the axes."""
    need_given_pose(bundle.labels)
    pair = paired_tracks(bundle)
    generated, reference = (
        head_pose(track[pair.present]).angles[:, list(axes), None] for track in (pair.generated, pair.reference)
    )
    return _warped(bundle, generated, reference, ANGLE)


def translation(bundle: Bundle) -> float:
    """Of the head's place in the picture plane, in inter-ocular distances of the reference."""
    need_given_pose(bundle.labels)
    need_same_speaker(bundle)
    pair = paired_tracks(bundle)
    generated, reference = head_pose(pair.generated[pair.present]), head_pose(pair.reference[pair.present])
    here, there = (pose.origin[:, None, :2] / reference.unit for pose in (generated, reference))
    return _warped(bundle, here, there, POSITION)


def gaze_direction(bundle: Bundle) -> float:
    """Of the direction of the eyes within the head, in degrees, over frames where neither blinks."""
    pair = paired_tracks(bundle)
    used = open_eyes(pair)
    return _warped(bundle, gaze(pair.generated[used])[:, None], gaze(pair.reference[used])[:, None], ANGLE)


def similarity(bundle: Bundle, network: str) -> float:
    """1 less the divergence of the embeddings of every frame, whose cost is 1 - cosine: 1 for equal sequences."""
    need_same_speaker(bundle)
    generated, reference = (_directions(rows)[:, None] for rows in paired_rows(bundle, network))
    return 1 - _warped(bundle, generated, reference, COSINE, half_square)


def half_square(apart: Sequences) -> NDArray[np.float64]:
    """1 - cosine of two unit vectors from their difference ``(n, 1, C)``: ``(n,)``."""
    squares: NDArray[np.float64] = np.einsum("npc,npc->n", apart, apart) / 2
    return squares


def _directions(rows: FloatArray) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if np.any(lengths <= 0):
        raise Unscorable(Status.UNDEFINED, "a face embedding is zero")
    return np.asarray(rows / lengths, dtype=np.float64)


def _warped(
    bundle: Bundle, generated: Sequences, reference: Sequences, gamma: float, distance: Callable[..., Any] = mean_length
) -> float:
    """Over frames that are finite in both."""
    usable = np.isfinite(generated).all(axis=(1, 2)) & np.isfinite(reference).all(axis=(1, 2))
    if not usable.any():
        raise Unscorable(Status.NO_FACE, "no frame has a face in both videos")
    return warped_mean(generated[usable], reference[usable], bundle.generated.fps, gamma, distance)


_SOURCE = "soft-DTW, Cuturi & Blondel 2017; divergence, Blondel et al. 2021; own choice of cost and window"
_WINDOW = f"{WARP_SECONDS} s"


def _metric(
    name: str, title: str, group: str, unit: str, gamma: float, what: str, per_clip: Callable[[Bundle], float], **protocol: str
) -> Metric:  # fmt: skip
    return Metric(
        name=f"{name}_dtw",
        title=f"{title} (DTW)",
        group=group,
        unit=unit,
        better="lower",
        needs=("track",),
        paired=True,
        protocol={
            **RIGID_PROTOCOL,
            **PAIRING_PROTOCOL,
            "name": "time-warped",
            "softness": gamma,
            "window": _WINDOW,
            **protocol,
        },
        source=_SOURCE,
        summary=f"{what}, small differences in timing forgiven.",
        per_clip=per_clip,
        aggregate=weighted_mean,
    )


_BOTH = "soft-DTW divergence over frames with both faces, per frame; cost: "
_POINTS = {MOUTH: "40 lip points", FACE: "468 mesh points, irises left out"}
_GIVEN = "cases with the pose given"


def _landmarks(points: Sequence[int], letter: str, what: str) -> tuple[Metric, Metric]:
    shared = {"points": _POINTS[tuple(points)]}
    return (
        _metric(
            f"{letter.lower()}_ld", f"{letter}-LD", "landmarks", "iod", POSITION, f"Distance of the {what}, head pose taken out",
            partial(positions, points=points), value=_BOTH + "mean distance of points", applies="same speaker only", **shared,
        ),
        _metric(
            f"{letter.lower()}_lvd", f"{letter}-LVD", "landmarks", "iod/frame", VELOCITY,
            f"Difference in velocity of the {what}, head pose taken out", partial(velocities, points=points),
            value=_BOTH + "mean difference of the points' steps", applies="any speaker", **shared,
        ),
    )  # fmt: skip


def _angles(name: str, title: str, axes: Sequence[int], what: str) -> Metric:
    return _metric(
        f"pose_{name}", title, "pose", "deg", ANGLE, f"Mean head pose error ({what}) where the model was given the pose",
        partial(angles, axes=axes), value=_BOTH + "mean absolute difference of the angles", applies=_GIVEN,
    )  # fmt: skip


METRICS: tuple[Metric, ...] = (
    *_landmarks(MOUTH, "M", "lip points"),
    *_landmarks(FACE, "F", "face points"),
    *(_angles(axis, f"Pose {axis}", (index,), axis) for index, axis in enumerate(AXES)),
    _angles("mae", "Pose", range(len(AXES)), "pitch, yaw and roll"),
    _metric(
        "pose_translation", "Pose trans.", "pose", "iod", POSITION, "Mean distance of the head from where the reference head is",
        translation, value=_BOTH + "distance of the eyes' midpoint, x and y", applies=_GIVEN + ", same speaker only",
    ),
    _metric(
        "gaze_mae", "Gaze", "eyes", "deg", ANGLE, "Mean angle between the gaze of the generated and of the reference face",
        gaze_direction, value="soft-DTW divergence over frames with both pairs of eyes open, per frame; cost: angle",
    ),
    Metric(
        name="csim_vico_dtw", title="CSIM (ViCo, DTW)", group="identity", unit="", better="higher", bounds=(-math.inf, 1.0), paired=True,
        needs=("arcface_vico",), weights=("arcface_r100",), source=_SOURCE, aggregate=weighted_mean,
        summary="Cosine of ArcFace embeddings of whole, unaligned frames, small differences in timing forgiven.",
        protocol={
            "name": "vico, time-warped", "softness": COSINE, "window": _WINDOW, "applies": "same speaker only",
            "value": "1 - soft-DTW divergence over all frames, per frame; cost: 1 - cosine",
        },
        per_clip=partial(similarity, network="arcface_vico"),
    ),
)  # fmt: skip
