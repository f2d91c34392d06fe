"""Landmark distances: where the face points are (LD) and how they move (LVD), for the mouth (M) and the face (F).

Every paper computes these differently, so the protocol says it all. Protocol ``iod`` (``m_ld`` …) takes the head pose
out of both videos and measures in inter-ocular distances. Protocol ``eat`` (``m_ld_px`` …) is that of the EAT
evaluation script, on mesh points in the place of dlib's; `vico_distance` is the ViCo challenge's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import Bundle, FaceTrack, Metric, Status, Unscorable, weighted_mean
from metrics.features.canonical import IRISES_START
from metrics.features.regions import IBUG68, LEFT_EYE_OUTER, LIPS_INNER, LIPS_OUTER, RIGHT_EYE_OUTER
from metrics.pairing import PAIRING_PROTOCOL, need_same_speaker, paired_tracks, usable_track
from metrics.rigid import RIGID_PROTOCOL, frontal

MOUTH = (*LIPS_OUTER, *LIPS_INNER)
FACE = tuple(range(IRISES_START))
EAT_MOUTH = slice(48, 68)
EAT_POINTS = 68
PIXEL_HEIGHT = 256

Points = Sequence[NDArray[np.floating] | None]
"""Landmarks ``(68, 2)`` of each frame, None where no face was found."""


def displacement(bundle: Bundle, points: Sequence[int]) -> NDArray[np.float64]:
    """How far each point of the generated face is from the reference's, head pose and size of both taken out.

    Returns:
        ``(n, P, 2)`` x and y in inter-ocular distances of the reference (its frontal face, median of the clip); NaN
        where either face is missing.
    """
    generated, reference, unit = frontal_pair(bundle, points)
    return (generated - reference) / unit


def frontal_pair(bundle: Bundle, points: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Points of both faces with head pose and size taken out, each ``(n, P, 2)``, NaN where either face is missing; and the
    inter-ocular distance of the reference there (median of the clip)."""
    generated, reference = _frontal_faces(bundle)
    eyes = reference[:, LEFT_EYE_OUTER, :2] - reference[:, RIGHT_EYE_OUTER, :2]
    unit = float(np.nanmedian(np.linalg.norm(eyes, axis=1)))
    index = np.asarray(points)
    return generated[:, index, :2], reference[:, index, :2], unit


_LATEST: list[tuple[FaceTrack, FaceTrack, NDArray[np.float64], NDArray[np.float64]]] = []
"""Tracks and frontal faces of the latest pair: six metrics in a row ask for the same, and the fit is most of their work."""


def _frontal_faces(bundle: Bundle) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pair = paired_tracks(bundle)
    tracks = bundle.generated.need("track"), bundle.need_reference().need("track")
    if not _LATEST or _LATEST[0][0] is not tracks[0] or _LATEST[0][1] is not tracks[1]:
        _LATEST[:] = [(*tracks, frontal(pair.generated), frontal(pair.reference))]
    return _LATEST[0][2:]


def position_distance(bundle: Bundle, points: Sequence[int]) -> float:
    """LD: mean distance of corresponding points over frames and points, in inter-ocular distances."""
    need_same_speaker(bundle)
    return float(np.nanmean(np.linalg.norm(displacement(bundle, points), axis=-1)))


def velocity_distance(bundle: Bundle, points: Sequence[int]) -> float:
    """LVD: mean length of the difference between the two faces' point velocities, in inter-ocular distances a frame."""
    change = np.diff(displacement(bundle, points), axis=0)
    lengths = np.linalg.norm(change, axis=-1)
    if not np.any(np.isfinite(lengths)):
        raise Unscorable(Status.TOO_SHORT, "no two consecutive frames with a face in both videos")
    return float(np.nanmean(lengths))


def eat_distances(
    generated: Points, reference: Points, *, first_reference_frames: int | None = None, as_published: bool = False
) -> tuple[float, float, float, float]:
    """M-LD, M-LVD, F-LD and F-LVD in pixels, as the evaluation script of EAT (Gan et al., ICCV 2023) computes them.

    Sequences are brought to the shorter length by index (``linspace``, truncated); frames without a face in either are
    skipped and the gap is bridged; LD subtracts each point set's own centroid (the mouth's for M); LVD compares
    uncentred steps, sums over n - 1 of them and divides by n.

    Args:
        generated, reference: 68 points a frame (iBUG order, pixels), None where there is no face.
        first_reference_frames: cut the reference to so many frames first (EAT's "only 96" option).
        as_published: reproduce the script's slip in F-LVD, which divides the *mouth's* sum by 68 points.

    Raises:
        Unscorable: ``too_short`` for an empty sequence, ``no_face`` if no frame has a face in both.
    """
    reference = reference[:first_reference_frames]
    count = min(len(generated), len(reference))
    if count == 0:
        raise Unscorable(Status.TOO_SHORT, "no frames to compare")
    picked = [
        [frames[index] for index in np.linspace(0, len(frames), count, endpoint=False).astype(int)]
        for frames in (generated, reference)
    ]
    both = [(fake, real) for fake, real in zip(*picked, strict=True) if fake is not None and real is not None]
    if not both:
        raise Unscorable(Status.NO_FACE, "no frame has a face in both videos")
    fake, real = (np.asarray([pair[side] for pair in both], dtype=np.float64) for side in (0, 1))
    mouth_position, mouth_velocity = _eat_pair(fake[:, EAT_MOUTH], real[:, EAT_MOUTH])
    face_position, face_velocity = _eat_pair(fake, real)
    if as_published:
        face_velocity = mouth_velocity * fake[:, EAT_MOUTH].shape[1] / EAT_POINTS
    return mouth_position, mouth_velocity, face_position, face_velocity


def _eat_pair(fake: NDArray[np.float64], real: NDArray[np.float64]) -> tuple[float, float]:
    """Position and velocity distance of ``(n, P, 2)`` points."""
    centred = (fake - fake.mean(axis=1, keepdims=True)) - (real - real.mean(axis=1, keepdims=True))
    steps = np.linalg.norm(np.diff(fake, axis=0) - np.diff(real, axis=0), axis=-1)
    return float(np.mean(np.linalg.norm(centred, axis=-1))), float(np.sum(np.mean(steps, axis=1)) / len(fake))


def vico_distance(generated: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """Mouth distance of the ViCo challenge baseline: mean |Δ| per coordinate over points 48..67, no alignment.

    Args:
        generated, reference: ``(n, 68, 2)`` in pixels.
    """
    difference = np.asarray(generated, dtype=np.float64)[:, EAT_MOUTH] - np.asarray(reference)[:, EAT_MOUTH]
    return float(np.mean(np.abs(difference)))


def ibug_frames(track: FaceTrack) -> list[NDArray[np.float64] | None]:
    """The 68 iBUG points of each frame, ``(68, 2)`` in pixels of a frame 256 high; None where there is no face."""
    points = track.landmarks[:, np.array(IBUG68), :2].astype(np.float64) * (PIXEL_HEIGHT / track.height)
    return [frame if found else None for frame, found in zip(points, track.present, strict=True)]


def _pixel_distance(bundle: Bundle, index: int) -> float:
    need_same_speaker(bundle)
    reference = usable_track(bundle.need_reference())
    return eat_distances(ibug_frames(usable_track(bundle.generated)), ibug_frames(reference))[index]


_PIXEL_ORDER = ("m_ld", "m_lvd", "f_ld", "f_lvd")
_TITLES = {"m_ld": "M-LD", "m_lvd": "M-LVD", "f_ld": "F-LD", "f_lvd": "F-LVD"}
_WHAT = {
    "m_ld": "Distance of the lip points from the reference's",
    "m_lvd": "Difference in velocity of the lip points",
    "f_ld": "Distance of all face points from the reference's",
    "f_lvd": "Difference in velocity of all face points",
}
_APPLIES = {"ld": "same speaker only", "lvd": "any speaker"}


def _aligned_metric(name: str) -> Metric:
    points, kind = (MOUTH if name.startswith("m_") else FACE), name.split("_")[1]
    measure: Callable[[Bundle, Sequence[int]], float] = position_distance if kind == "ld" else velocity_distance
    return Metric(
        name=name,
        title=_TITLES[name],
        group="landmarks",
        unit="iod" if kind == "ld" else "iod/frame",
        better="lower",
        needs=("track",),
        paired=True,
        protocol={
            **RIGID_PROTOCOL,
            **PAIRING_PROTOCOL,
            "name": "iod",
            "points": "40 lip points" if points is MOUTH else "468 mesh points, irises left out",
            "alignment": "both faces moved to the canonical frame by their own fit; x and y compared",
            "unit": "distance of the reference's outer eye corners there, median of the clip",
            "value": "mean over frames and points of the Euclidean distance"
            + (" between steps from one frame to the next, both with faces" if kind == "lvd" else ""),
            "applies": _APPLIES[kind],
        },
        source="landmark (velocity) difference, Chen et al. 2019 (ATVGnet), Zhou et al. 2020 (MakeItTalk), aligned",
        summary=f"{_WHAT[name]}, head pose taken out, in inter-ocular distances.",
        per_clip=lambda bundle: measure(bundle, points),
        aggregate=weighted_mean,
    )


def _pixel_metric(name: str) -> Metric:
    index = _PIXEL_ORDER.index(name)
    shared: dict[str, Any] = {
        "name": "eat",
        "points": "mesh points standing for dlib's 68 (metrics.features.regions.IBUG68); mouth 48..67",
        "scale": "pixels of a frame 256 high",
        "pairing": "index-resampled to the shorter video, frames without a face skipped",
        "value": "LD centred by each set's centroid; LVD uncentred, n - 1 steps over n; F-LVD over the whole face",
        "applies": "same speaker only",
    }
    return Metric(
        name=f"{name}_px",
        title=f"{_TITLES[name]} (px)",
        group="landmarks",
        unit="px",
        better="lower",
        needs=("track",),
        paired=True,
        protocol=shared,
        source="evaluation script of EAT (Gan et al. 2023), mesh points for dlib's, its F-LVD slip mended",
        summary=f"{_WHAT[name]}, head pose left in, in pixels at 256²; the way EAT's script counts.",
        per_clip=lambda bundle: _pixel_distance(bundle, index),
        aggregate=weighted_mean,
    )


METRICS: tuple[Metric, ...] = (
    *(_aligned_metric(name) for name in _PIXEL_ORDER),
    *(_pixel_metric(name) for name in _PIXEL_ORDER),
)
