"""Landmark distances as other papers count them: on dlib's points, with EAT's slip, by ViCo's arithmetic.

The formulas are those of `metrics.landmarks`; here they meet detectors. ``mesh`` are mesh points standing for the 68 (`IBUG68`),
``dlib`` are dlib's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from metrics.base import Bundle, Features, Metric, Status, Unscorable, weighted_mean
from metrics.landmarks import PIXEL_HEIGHT, eat_distances, ibug_frames, vico_distance
from metrics.pairing import MAX_LENGTH_DIFFERENCE, need_same_speaker, usable_track

DLIB = "dlib68"
Frames = list[NDArray[np.float64] | None]
EAT_ORDER = ("m_ld", "m_lvd", "f_ld", "f_lvd")


def mesh_points(features: Features) -> Frames:
    """Mesh points standing for the 68, ``(68, 2)`` a frame in pixels of a frame 256 high; None without a face."""
    return ibug_frames(usable_track(features))


def dlib_points(features: Features) -> Frames:
    """dlib's points in the same form.

    Raises:
        Unscorable: ``no_face`` if dlib found a face in no frame, or why the feature is missing.
    """
    rows = np.asarray(features.need(DLIB), dtype=np.float64).reshape(-1, 68, 2)
    found = np.isfinite(rows).all(axis=(1, 2))
    if not found.any():
        raise Unscorable(Status.NO_FACE, f"dlib found no face in any of {len(rows)} frames")
    return [frame if there else None for frame, there in zip(rows, found, strict=True)]


def eat(bundle: Bundle, points: Callable[[Features], Frames], index: int, as_published: bool = False) -> float:
    """One of EAT's four distances (M-LD, M-LVD, F-LD, F-LVD), in pixels."""
    need_same_speaker(bundle)
    pair = points(bundle.generated), points(bundle.need_reference())
    return eat_distances(*pair, as_published=as_published)[index]


def vico(bundle: Bundle, points: Callable[[Features], Frames]) -> float:
    """ViCo's mouth distance over frames of the same index that show a face in both videos, in pixels.

    Raises:
        Unscorable: ``too_short`` or ``undefined`` where lengths differ by more than 2 frames, ``no_face`` without a common face.
    """
    need_same_speaker(bundle)
    generated, reference = points(bundle.generated), points(bundle.need_reference())
    surplus = len(generated) - len(reference)
    if abs(surplus) > MAX_LENGTH_DIFFERENCE:
        status = Status.TOO_SHORT if surplus < 0 else Status.UNDEFINED
        raise Unscorable(status, f"{len(generated)} frames beside the reference's {len(reference)}")
    both = [(a, b) for a, b in zip(generated, reference, strict=False) if a is not None and b is not None]
    if not both:
        raise Unscorable(Status.NO_FACE, "no frame has a face in both videos")
    return vico_distance(*(np.stack([pair[side] for pair in both]) for side in (0, 1)))


_DETECTORS: dict[str, tuple[Callable[[Features], Frames], str, tuple[str, ...], str]] = {
    "mesh": (mesh_points, "track", (), "mesh points standing for dlib's 68 (metrics.features.regions.IBUG68)"),
    "dlib": (dlib_points, DLIB, ("dlib_landmarks_68",), "dlib's 68, by its frontal detector"),
}
_TITLES = {"m_ld": "M-LD", "m_lvd": "M-LVD", "f_ld": "F-LD", "f_lvd": "F-LVD"}
_WHAT = {
    "m_ld": "Distance of the lip points from the reference's",
    "m_lvd": "Difference in velocity of the lip points",
    "f_ld": "Distance of all face points from the reference's",
    "f_lvd": "Difference in velocity of all face points",
}
_EAT_SOURCE = "evaluation script of EAT (Gan et al. 2023)"
_PUBLISHED = "_published"


def _pixels(
    name: str, title: str, detector: str, per_clip: Callable[[Bundle], float], protocol: dict[str, str], source: str, what: str
) -> Metric:  # fmt: skip
    _, feature, weights, points = _DETECTORS[detector]
    return Metric(
        name=name,
        title=title,
        group="landmarks",
        unit="px",
        better="lower",
        needs=(feature,),
        weights=weights,
        paired=True,
        protocol={
            **protocol,
            "points": f"{points}; mouth 48..67",
            "scale": f"pixels of a frame {PIXEL_HEIGHT} high",
            "applies": "same speaker only",
        },
        source=source,
        summary=what,
        per_clip=per_clip,
        aggregate=weighted_mean,
    )


def _eat(measure: str, detector: str, as_published: bool = False) -> Metric:
    ending = ("_dlib" if detector == "dlib" else "_px") + (_PUBLISHED if as_published else "")
    slip = "F-LVD as published: the mouth's sum over 68 points" if as_published else "F-LVD over the whole face"
    return _pixels(
        measure + ending,
        f"{_TITLES[measure]} ({'dlib' if detector == 'dlib' else 'px'}{', as published' if as_published else ''})",
        detector,
        partial(
            eat, points=_DETECTORS[detector][0], index=EAT_ORDER.index(measure), as_published=as_published
        ),
        {
            "name": "eat" + (_PUBLISHED if as_published else ""),
            "pairing": "index-resampled to the shorter video, frames without a face skipped",
            "value": f"LD centred by each set's centroid; LVD uncentred, n - 1 steps over n; {slip}",
        },
        _EAT_SOURCE + ("" if as_published else ", its F-LVD slip mended"),
        f"{_WHAT[measure]}, pixels at 256², {'with the slip of' if as_published else 'as'} EAT's script"
        f"{', on dlib points' if detector == 'dlib' else ''}.",
    )  # fmt: skip


def _vico(detector: str) -> Metric:
    return _pixels(
        "m_ld_vico" + ("_dlib" if detector == "dlib" else ""),
        f"M-LD (ViCo{', dlib' if detector == 'dlib' else ''})",
        detector,
        partial(vico, points=_DETECTORS[detector][0]),
        {
            "name": "vico",
            "pairing": "by index; lengths may differ by 2 frames; frames without a face in either are left out",
            "value": "mean |Δ| per coordinate over frames and points, no alignment",
        },
        "ViCo challenge baseline (Zhou et al. 2022), other detector than its face_alignment",
        "Mean difference per coordinate of the lip points, head pose left in, in pixels at 256².",
    )


METRICS: tuple[Metric, ...] = (
    _eat("f_lvd", "mesh", as_published=True),
    *(_eat(measure, "dlib") for measure in EAT_ORDER),
    _eat("f_lvd", "dlib", as_published=True),
    _vico("mesh"),
    _vico("dlib"),
)
