"""Measured landmarks, head pose and blinks against the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.validity.known import Known
from bench.validity.markdown import markdown
from metrics.eyes import blinks
from metrics.features.regions import LIPS_INNER, LIPS_OUTER
from metrics.rigid import head_pose, rotation_angles
from metrics.sync import aperture

OUTER_EYE_CORNERS = (33, 263)
IRISES = slice(468, 478)


def _interocular(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    first, second = OUTER_EYE_CORNERS
    distance: NDArray[np.float64] = np.linalg.norm(landmarks[:, first, :2] - landmarks[:, second, :2], axis=-1)
    return distance


def landmark_table(known: Sequence[Known]) -> str:
    """Distance of measured from true points, and how well the lip opening follows."""
    groups = {"all 478": slice(None), "outer lips": list(LIPS_OUTER), "inner lips": list(LIPS_INNER), "irises": IRISES}
    errors: dict[str, list[float]] = {name: [] for name in groups}
    correlations, gains, seen = [], [], []
    for clip in known:
        track = clip.features.track
        assert track is not None
        use = track.present
        seen.append(use.mean())
        distance = np.linalg.norm(track.landmarks[use, :, :2] - clip.landmarks[use, :, :2], axis=-1)
        relative = distance / _interocular(clip.landmarks)[use, None]
        for name, points in groups.items():
            errors[name].append(float(relative[:, points].mean()))
        measured, true = aperture(track.landmarks)[use], aperture(clip.landmarks)[use]
        if np.std(true) > 0.01:
            correlations.append(float(np.corrcoef(measured, true)[0, 1]))
            gains.append(float(np.polyfit(true, measured, 1)[0]))
    rows = [
        (f"{name}, mean distance", f"{100 * np.mean(e):.2f} % of the inter-ocular distance", f"{100 * np.max(e):.2f} %")
        for name, e in errors.items()
    ]
    rows.append(("frames with a face", f"{100 * np.mean(seen):.1f} %", f"{100 * np.min(seen):.1f} %"))
    rows.append(
        ("inner-lip opening, correlation with the truth", f"{np.mean(correlations):.3f}", f"{np.min(correlations):.3f}")
    )
    rows.append(("inner-lip opening, measured a unit of true", f"{np.mean(gains):.2f}", f"{np.min(gains):.2f}"))
    return markdown(("", "mean over clips", "worst clip"), rows)


def pose_table(known: Sequence[Known]) -> str:
    """Angles against the truth, as they are and with each clip's mean taken out."""
    raw, motion, swing = [], [], []
    for clip in known:
        track = clip.features.track
        assert track is not None
        use = track.present
        measured = head_pose(track.landmarks[use]).angles
        true = rotation_angles(clip.rotation[use])
        difference = measured - true
        raw.append(np.abs(difference).mean(axis=0))
        motion.append(np.abs(difference - difference.mean(axis=0)).mean(axis=0))
        swing.append(true.std(axis=0))
    rows = []
    for axis, name in enumerate(("pitch", "yaw", "roll")):
        values = [np.mean([entry[axis] for entry in part]) for part in (raw, motion, swing)]
        rows.append((name, *(f"{value:.2f}°" for value in values)))
    note = "\nA speaker's own bone shape shifts the zero of pitch; comparisons of a video with its clip do not see that shift.\n"
    return markdown(("", "mean absolute error", "the same, clip's mean taken out", "spread of the truth"), rows) + note


def blink_table(known: Sequence[Known]) -> str:
    """Found, missed and invented blinks."""
    found = missed = invented = 0
    errors: list[float] = []
    for clip in known:
        track = clip.features.track
        assert track is not None
        measured = blinks(track)
        length = len(track) / track.fps
        taken: set[int] = set()
        for start, end in clip.blinks:
            if end > length:
                continue
            centre = (start + end) / 2
            near = [
                (abs((a + b) / 2 - centre), i)
                for i, (a, b) in enumerate(measured)
                if i not in taken and b > start - 0.1 and a < end + 0.1
            ]
            if near:
                distance, index = min(near)
                taken.add(index)
                errors.append(distance)
                found += 1
            else:
                missed += 1
        invented += len(measured) - len(taken)
    rows = [
        ("true blinks found", f"{found} of {found + missed}"), ("blinks that are not there", str(invented)),
        ("mean error of their middle", f"{1000 * np.mean(errors):.0f} ms" if errors else "–"),
    ]  # fmt: skip
    return markdown(("", ""), rows)
