"""CSIM: cosine similarity of ArcFace embeddings, under the protocols that papers use.

``aligned`` compares faces brought to ArcFace's template, ``vico`` whole frames squeezed to 112² as the ViCo challenge does; both
pair frames of the same index of generated video and ground truth. ``source`` compares aligned faces with the source portrait.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import COSINE, Bundle, Features, Metric, Status, Unscorable, weighted_mean
from metrics.pairing import MAX_LENGTH_DIFFERENCE, MAX_MISSING, need_same_speaker


def cosines(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cosine of each row of ``(n, d)`` with that of the other array ``(n, d)`` or ``(1, d)``: ``(n,)`` in -1..1.

    Raises:
        Unscorable: ``undefined`` where an embedding is zero.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    if np.any(lengths <= 0):
        raise Unscorable(Status.UNDEFINED, "a face embedding is zero")
    return np.asarray(np.clip(np.sum(one * two, axis=1) / lengths, -1, 1), dtype=np.float64)


def paired_similarity(bundle: Bundle, network: str) -> float:
    """Mean cosine of generated and reference frames of the same index. Raises `Unscorable` as `paired_rows`."""
    need_same_speaker(bundle)
    return float(np.mean(cosines(*paired_rows(bundle, network))))


def paired_rows(bundle: Bundle, network: str) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Embeddings ``(n, D)`` of generated and reference frames of the same index.

    Raises:
        Unscorable: ``too_short`` or ``undefined`` where the videos differ by more than 2 frames, ``no_face`` where more than half
            of the frames looked at lack a face in either.
    """
    reference = bundle.need_reference()
    generated = bundle.generated
    rows, other = (_rows(features, network) for features in (generated, reference))
    surplus = generated.frames - reference.frames
    if abs(surplus) > MAX_LENGTH_DIFFERENCE:
        status = Status.TOO_SHORT if surplus < 0 else Status.UNDEFINED
        raise Unscorable(status, f"{generated.frames} frames beside the reference's {reference.frames}")
    common, here, there = np.intersect1d(
        generated.sampled_at[network], reference.sampled_at[network], return_indices=True
    )
    if len(common) < MAX_MISSING * max(len(rows), len(other)):
        raise Unscorable(Status.NO_FACE, f"only {len(common)} sampled frames show a face in both videos")
    return rows[here], other[there]


def source_similarity(bundle: Bundle, network: str) -> float:
    """Mean cosine of the generated frames and the source portrait, whoever it shows."""
    portrait = _rows(bundle.need_portrait(), network)
    return float(np.mean(cosines(_rows(bundle.generated, network), portrait[:1])))


def _rows(features: Features, network: str) -> NDArray[np.floating]:
    rows: NDArray[np.floating] = features.need(network)
    if len(rows) == 0:
        raise Unscorable(Status.NO_FACE, "no sampled frame shows a face to recognise")
    return rows


_ALIGNED = (
    "five points of the mesh to ArcFace's template at 112² (metrics.features.arcface_align), sampled once a second"
)
_WHOLE = "whole frame resized to 112², cv2 bilinear, every frame"
_PAIRED = "cosine of frames of the same index, mean over frames, then over clips; lengths may differ by 2 frames"
_SOURCE = "cosine of each frame with the source portrait, mean over frames, then over clips"
_INSIGHTFACE = "Deng et al. 2019 (ArcFace), insightface"


def _metric(
    name: str, title: str, network: str, asset: str, weights: str, protocol: str, crop: str, source: str, summary: str
) -> Metric:
    of_source = protocol == "source"
    per_clip: Callable[[Bundle], Any] = partial(source_similarity if of_source else paired_similarity, network=network)
    return Metric(
        name=name,
        title=title,
        group="identity",
        bounds=COSINE,
        unit="",
        better="higher",
        needs=(network,),
        weights=(asset,),
        paired=not of_source,
        portrait=of_source,
        protocol={
            "name": protocol,
            "network": weights,
            "picture": crop,
            "value": _SOURCE if of_source else _PAIRED,
            "applies": "any speaker" if of_source else "same speaker only",
        },
        source=source,
        summary=summary,
        per_clip=per_clip,
        aggregate=weighted_mean,
    )


_R100, _R50 = "ms1mv3_arcface_r100_fp16, iresnet100", "ms1mv3_arcface_r50_fp16, iresnet50"

METRICS: tuple[Metric, ...] = (
    _metric(
        "csim", "CSIM", "arcface_r100", "arcface_r100", _R100, "aligned", _ALIGNED, _INSIGHTFACE,
        "Whether the face is the reference's person: cosine of ArcFace embeddings, frame by frame, faces aligned.",
    ),
    _metric(
        "csim_vico", "CSIM (ViCo)", "arcface_vico", "arcface_r100", _R100, "vico", _WHOLE,
        "ViCo challenge baseline (Zhou et al. 2022), compute_csim",
        "Cosine of ArcFace embeddings of whole, unaligned frames; sees background and pose as well as the person.",
    ),
    _metric(
        "csim_source", "CSIM (source)", "arcface_r100", "arcface_r100", _R100, "source", _ALIGNED, _INSIGHTFACE,
        "Whether the face is the person of the source portrait: cosine of ArcFace embeddings, faces aligned.",
    ),
    _metric(
        "csim_r50", "CSIM (r50)", "arcface_r50", "arcface_r50", _R50, "aligned", _ALIGNED, _INSIGHTFACE,
        "As csim, by the smaller ArcFace network.",
    ),
    _metric(
        "csim_buffalo", "CSIM (buffalo_l)", "arcface_buffalo", "arcface_buffalo", "buffalo_l w600k_r50.onnx", "aligned",
        _ALIGNED, _INSIGHTFACE, "As csim, by the network of insightface's pack buffalo_l.",
    ),
    _metric(
        "csim_antelope", "CSIM (antelopev2)", "arcface_antelope", "arcface_antelope", "antelopev2 glintr100.onnx", "aligned",
        _ALIGNED, _INSIGHTFACE, "As csim, by the network of insightface's pack antelopev2.",
    ),
)  # fmt: skip
