"""Is it still the same person? Cosine similarity of face embeddings (dlib's ResNet; ArcFace's CSIM is another metric).

The network was trained for distance: two faces of one person usually lie less than 0.6 apart (dlib's own threshold).
Its vectors are about 1.4 long, so 0.6 is a cosine of about 0.91, and different people still reach 0.77 to 0.9: read
values beside the ground-truth row, not as a share of likeness.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import COSINE, Bundle, Features, Metric, Status, Unscorable, weighted_mean
from metrics.pairing import need_same_speaker

NETWORK = "identity"
FIRST_SHARE = 0.25


def embeddings(features: Features) -> NDArray[np.float64]:
    """Embeddings of the sampled frames, ``(n, 128)``.

    Raises:
        Unscorable: ``no_face`` if no sampled frame shows a face, or why the feature is missing.
    """
    vectors = np.asarray(features.need(NETWORK), dtype=np.float64)
    if len(vectors) == 0:
        raise Unscorable(Status.NO_FACE, "no sampled frame shows a face to recognise")
    return vectors


def cosine(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Cosine of the angle between two vectors, -1..1."""
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    if lengths <= 0:
        raise Unscorable(Status.UNDEFINED, "a face embedding is zero")
    return float(np.clip(first @ second / lengths, -1, 1))


def similarity_to_reference(bundle: Bundle) -> float:
    """Cosine of the mean embeddings of the generated video and of the reference."""
    need_same_speaker(bundle)
    reference = embeddings(bundle.need_reference())
    return cosine(embeddings(bundle.generated).mean(axis=0), reference.mean(axis=0))


def consistency(bundle: Bundle) -> float:
    """Cosine of the mean embedding of the first quarter of the sampled frames with that of the rest."""
    vectors = embeddings(bundle.generated)
    if len(vectors) < 2:
        raise Unscorable(Status.TOO_SHORT, "one sampled frame with a face; at least two are needed")
    first = max(1, round(FIRST_SHARE * len(vectors)))
    return cosine(vectors[:first].mean(axis=0), vectors[first:].mean(axis=0))


_NETWORK = {"network": "dlib face ResNet, 128-d"}
_COMMON: dict[str, Any] = {
    "group": "identity",
    "unit": "",
    "better": "higher",
    "bounds": COSINE,
    "needs": (NETWORK,),
    "weights": ("dlib_face_resnet",),
    "aggregate": weighted_mean,
}

METRICS: tuple[Metric, ...] = (
    Metric(
        name="id_cos_ref",
        title="ID cos.",
        paired=True,
        protocol={**_NETWORK, "value": "cosine of the mean embeddings", "applies": "same speaker only"},
        source="dlib_face_recognition_resnet_model_v1 (King); not ArcFace's CSIM",
        summary="Whether the generated face is the reference's person; over about 0.91 dlib calls it the same person.",
        per_clip=similarity_to_reference,
        **_COMMON,
    ),
    Metric(
        name="id_consistency",
        title="ID consist.",
        protocol={**_NETWORK, "value": "cosine of mean embeddings, first quarter of sampled frames against the rest"},
        source="own definition on dlib_face_recognition_resnet_model_v1 (King)",
        summary="Whether the person stays the same from the beginning of the video to its end.",
        per_clip=consistency,
        **_COMMON,
    ),
)
