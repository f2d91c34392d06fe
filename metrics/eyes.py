"""Blinks and gaze, from the lids and irises of the face mesh."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import Bundle, FaceTrack, Metric, Status, Unscorable, weighted_mean
from metrics.features.regions import (
    LEFT_EYE,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    LEFT_IRIS,
    RIGHT_EYE,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
    RIGHT_IRIS,
)
from metrics.pairing import PAIRING_PROTOCOL, PairedTracks, fill_gaps, paired_tracks, usable_track
from metrics.rigid import RIGID_PROTOCOL, frontal

CLOSED_SHARE = 0.6
BASELINE_SECONDS = 3.0
BASELINE_PERCENTILE = 75
MERGE_SECONDS = 0.08
MIN_SECONDS, MAX_SECONDS = 0.06, 0.7
MIN_CLIP_SECONDS = 1.0
EYE_WIDTHS_PER_RADIUS = 2.4
"""Width of the opening between the eye corners over the radius of the eyeball: about 29 mm over 12 mm."""

_EYES = ((RIGHT_EYE, RIGHT_EYE_OUTER, RIGHT_EYE_INNER), (LEFT_EYE, LEFT_EYE_OUTER, LEFT_EYE_INNER))
_LIDS = tuple((contour[2:7], contour[14:9:-1]) for contour, _, _ in _EYES)


def eye_aspect_ratio(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean lid opening over eye width, both eyes, ``(T,)``: about 0.3 open, under 0.15 closed. NaN without a face.

    Args:
        landmarks: ``(T, 478, 3)`` in pixels. Five pairs of lid points an eye; after Soukupová & Čech 2016.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    ratios = []
    for (upper, lower), (_, outer, inner) in zip(_LIDS, _EYES, strict=True):
        opening = np.linalg.norm(points[:, np.array(upper)] - points[:, np.array(lower)], axis=-1).mean(axis=1)
        ratios.append(opening / np.linalg.norm(points[:, outer] - points[:, inner], axis=-1))
    return np.mean(ratios, axis=0)


def blinks(track: FaceTrack) -> list[tuple[float, float]]:
    """Blinks as (start, end) in seconds, in order.

    A blink is a time in which the eye aspect ratio stays under 60 % of its open level; the open level is the 75th
    percentile over the surrounding 3 s, so slow changes of expression do not count. Dips less than 80 ms apart are one
    blink; shorter than 60 ms is noise, longer than 0.7 s is a closed eye. At least one frame must show a face.
    """
    ratio = fill_gaps(eye_aspect_ratio(track.landmarks))
    half = max(1, round(BASELINE_SECONDS * track.fps / 2))
    level = np.array(
        [np.percentile(ratio[max(0, t - half) : t + half + 1], BASELINE_PERCENTILE) for t in range(len(ratio))]
    )
    closed = np.concatenate([[False], ratio < CLOSED_SHARE * level, [False]])
    edges = np.flatnonzero(np.diff(closed.astype(np.int8)))
    merged: list[list[int]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if merged and start - merged[-1][1] < MERGE_SECONDS * track.fps:
            merged[-1][1] = int(end)
        else:
            merged.append([int(start), int(end)])
    spans = [(start / track.fps, end / track.fps) for start, end in merged]
    return [(start, end) for start, end in spans if MIN_SECONDS - 1e-9 <= end - start <= MAX_SECONDS + 1e-9]


def blink_rate(bundle: Bundle) -> float:
    """Blinks a minute over the frames of the clip."""
    track = usable_track(bundle.generated)
    seconds = len(track) / track.fps
    if seconds < MIN_CLIP_SECONDS:
        raise Unscorable(Status.TOO_SHORT, f"{seconds:.2f} s of video; at least {MIN_CLIP_SECONDS:g} s are needed")
    return 60 * len(blinks(track)) / seconds


def gaze(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Direction of the eyes within the head, ``(T, 2)`` degrees: up > 0, towards the right edge of the image > 0.

    The iris centre's offset from the middle between the eye corners, head pose taken out, over the eye's width; turned
    into an angle on an eyeball whose radius is 1/2.4 of that width. Mean of both eyes. Vertical zero is arbitrary (the
    corners' line), so only differences between two tracks of one face mean something.
    """
    face = frontal(landmarks)
    angles = []
    for (_, outer, inner), iris in zip(_EYES, (RIGHT_IRIS, LEFT_IRIS), strict=True):
        middle = (face[:, outer, :2] + face[:, inner, :2]) / 2
        width = np.linalg.norm(face[:, outer, :2] - face[:, inner, :2], axis=-1, keepdims=True)
        offset = (face[:, np.array(iris), :2].mean(axis=1) - middle) / width * EYE_WIDTHS_PER_RADIUS
        angles.append(np.degrees(np.arcsin(np.clip(offset, -1, 1))))
    horizontal, vertical = np.mean(angles, axis=0).T
    return np.stack([-vertical, horizontal], axis=1)


def gaze_error(bundle: Bundle) -> float:
    """Mean angle between the gaze of the two videos in degrees, over frames where neither blinks."""
    pair = paired_tracks(bundle)
    used = open_eyes(pair)
    difference = gaze(pair.generated[used]) - gaze(pair.reference[used])
    return float(np.mean(np.linalg.norm(difference, axis=1)))


def open_eyes(pair: PairedTracks) -> NDArray[np.bool_]:
    """Which frames show open eyes in both videos, ``(n,)``.

    Raises:
        Unscorable: ``undefined`` where none does.
    """
    found = pair.present.copy()
    for landmarks in (pair.generated, pair.reference):
        ratio = eye_aspect_ratio(landmarks)
        found &= np.nan_to_num(ratio) >= CLOSED_SHARE * np.nanpercentile(ratio, BASELINE_PERCENTILE)
    if not np.any(found):
        raise Unscorable(Status.UNDEFINED, "the eyes are not open in both videos in any frame")
    return found


_BLINK: dict[str, Any] = {
    "signal": "eye aspect ratio, 5 lid pairs an eye, mean of both eyes",
    "closed": "under 60 % of the 75th percentile of the surrounding 3 s",
    "events": "merged within 80 ms; 0.06 to 0.7 s long",
}

METRICS: tuple[Metric, ...] = (
    Metric(
        name="blink_rate",
        bounds=(0.0, math.inf),
        title="Blinks",
        group="eyes",
        unit="1/min",
        better="none",
        needs=("track",),
        protocol=_BLINK,
        source="eye aspect ratio of Soukupová & Čech 2016",
        summary="Blinks a minute; judged against the ground-truth row.",
        per_clip=blink_rate,
        aggregate=weighted_mean,
    ),
    Metric(
        name="gaze_mae",
        title="Gaze",
        group="eyes",
        unit="deg",
        better="lower",
        needs=("track",),
        paired=True,
        protocol={
            **RIGID_PROTOCOL,
            **PAIRING_PROTOCOL,
            "gaze": "iris centre against the middle of the eye corners, eyeball radius 1/2.4 of the eye width",
            "frames": "where both eyes are over 60 % open in both videos",
        },
        source="iris landmarks of MediaPipe; geometry stated in the protocol",
        summary="Mean angle between the gaze of the generated and of the reference face.",
        per_clip=gaze_error,
        aggregate=weighted_mean,
    ),
)
