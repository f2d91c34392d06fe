"""Does the face show the emotion that was asked for, and more of it where more was asked for?

Judged by the classifier behind the feature ``emotion`` (FER2013 mini-Xception: seven classes, no contempt). Always read
beside its score on the real clips, which is the ceiling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import Bundle, FloatArray, Metric, Status, Unscorable, weighted_mean

NETWORK = "emotion"
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Order of the classifier's outputs."""

MEAD_CLASSES = {
    "angry": "angry",
    "disgusted": "disgust",
    "fear": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprised": "surprise",
}
"""MEAD's names and the classes that stand for them. Contempt has none."""


def predict(bundle: Bundle) -> NDArray[np.float64]:
    """Class probabilities of the generated video ``(7,)``: the mean over its sampled frames.

    Raises:
        Unscorable: ``no_face`` if no frame was classified, or why the feature is missing.
    """
    probabilities = np.asarray(bundle.generated.need(NETWORK), dtype=np.float64)
    if len(probabilities) == 0:
        raise Unscorable(Status.NO_FACE, "no frame of the video shows a face to classify")
    if probabilities.shape[1] != len(CLASSES):
        raise ValueError(f"expected {len(CLASSES)} classes {CLASSES}, got {probabilities.shape[1]}")
    mean: NDArray[np.float64] = probabilities.mean(axis=0)
    return mean


def asked_class(bundle: Bundle) -> int:
    """Index in `CLASSES` of the emotion that the case asks for.

    Raises:
        Unscorable: ``not_applicable`` where none was asked for or the classifier does not know it (contempt).
    """
    emotion = bundle.labels.emotion
    if emotion is None:
        raise Unscorable(Status.NOT_APPLICABLE, "the case asks for no emotion")
    if emotion not in MEAD_CLASSES:
        raise Unscorable(Status.NOT_APPLICABLE, f"the classifier has no class for {emotion!r}")
    return CLASSES.index(MEAD_CLASSES[emotion])


def accuracy(bundle: Bundle) -> float:
    """1 if the likeliest class of the video is the one asked for, else 0."""
    target = asked_class(bundle)
    return float(int(np.argmax(predict(bundle))) == target)


def intensity_sample(bundle: Bundle) -> NDArray[np.float64]:
    """``(1, 3)``: class asked for, intensity asked for (0..1), probability of that class."""
    target = asked_class(bundle)
    if bundle.labels.intensity is None or CLASSES[target] == "neutral":
        raise Unscorable(Status.NOT_APPLICABLE, "the case asks for no intensity")
    return np.array([[target, bundle.labels.intensity, predict(bundle)[target]]])


def intensity_response(samples: Sequence[NDArray[np.float64]], weights: FloatArray) -> float:
    """Spearman correlation of intensity asked for and probability shown, within each emotion, averaged over clips.

    Within an emotion, because emotions differ in how readily the classifier sees them. Emotions whose clips all ask for
    the same intensity do not count; NaN if none is left.

    Args:
        samples: `intensity_sample` of each clip.
        weights: ``(n,)`` bootstrap counts; a count of 2 is a clip listed twice.
    """
    table = np.concatenate(samples) if len(samples) else np.empty((0, 3))
    counts = np.asarray(weights, dtype=np.float64)
    total, mass = 0.0, 0.0
    for target in np.unique(table[:, 0]):
        chosen = (table[:, 0] == target) & (counts > 0)
        if len(np.unique(table[chosen, 1])) < 2:
            continue
        share = float(np.sum(counts[chosen]))
        total += share * weighted_spearman(table[chosen, 1], table[chosen, 2], counts[chosen])
        mass += share
    return total / mass if mass > 0 else float("nan")


def weighted_spearman(first: FloatArray, second: FloatArray, counts: FloatArray) -> float:
    """Spearman's rank correlation of values that occur `counts` times each; 0 if one side is constant.

    Ties get their mean rank.
    """
    ranks = [_midranks(np.asarray(values), np.asarray(counts)) for values in (first, second)]
    centred = [rank - np.average(rank, weights=counts) for rank in ranks]
    spread = float(np.sqrt(np.sum(counts * centred[0] ** 2) * np.sum(counts * centred[1] ** 2)))
    return float(np.sum(counts * centred[0] * centred[1])) / spread if spread > 0 else 0.0


def _midranks(values: NDArray[np.floating], counts: NDArray[np.floating]) -> NDArray[np.float64]:
    _, place = np.unique(values, return_inverse=True)
    mass = np.bincount(place, weights=counts)
    below = np.cumsum(mass) - mass
    ranks: NDArray[np.float64] = (below + (mass + 1) / 2)[place]
    return ranks


def confusion(asked: Sequence[str], predicted: Sequence[NDArray[np.floating]]) -> NDArray[np.int64]:
    """How often each MEAD emotion was taken for each class: rows `MEAD_CLASSES`, columns `CLASSES`, ``(7, 7)`` counts.

    Args:
        asked: MEAD names. predicted: `predict` of the same clips. Emotions without a class (contempt) are left out.
    """
    rows = list(MEAD_CLASSES)
    counts = np.zeros((len(rows), len(CLASSES)), dtype=np.int64)
    for emotion, probabilities in zip(asked, predicted, strict=True):
        if emotion in MEAD_CLASSES:
            counts[rows.index(emotion), int(np.argmax(probabilities))] += 1
    return counts


_COMMON: dict[str, Any] = {"group": "emotion", "needs": (NETWORK,), "weights": ("fer_mini_xception",), "unit": ""}
_PROTOCOL: dict[str, Any] = {
    "classifier": "FER2013 mini-Xception of the fer package, 7 classes",
    "video": "mean of the probabilities over sampled frames",
    "labels": "MEAD's eight names; contempt has no class and is not applicable",
}

METRICS: tuple[Metric, ...] = (
    Metric(
        name="emotion_accuracy",
        title="Emo. acc.",
        better="higher",
        protocol={**_PROTOCOL, "value": "1 if the likeliest class is the one asked for, else 0"},
        source="emotion accuracy as in EAT (Gan et al. 2023), other classifier; read beside the real clips' score",
        summary="Share of clips whose face is classified as the emotion that was asked for.",
        per_clip=accuracy,
        aggregate=weighted_mean,
        **_COMMON,
    ),
    Metric(
        name="emotion_intensity",
        title="Emo. intensity",
        better="higher",
        corpus=True,
        protocol={**_PROTOCOL, "value": "Spearman of intensity and probability per emotion, mean weighted by clips"},
        source="own definition",
        summary="Whether more intensity asked for shows as more of the emotion (-1..1), across clips of one emotion.",
        per_clip=intensity_sample,
        aggregate=intensity_response,
        **_COMMON,
    ),
)
