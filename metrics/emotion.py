"""Does the face show the emotion that was asked for, and more of it where more was asked for?

Judged by the classifier behind the feature ``emotion`` (FER2013 mini-Xception: seven classes, no contempt), or by those of
`metrics.emotion_classifiers`. Always read beside its score on the real clips, which is the ceiling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import COSINE, SHARE, Bundle, FloatArray, Metric, Status, Unscorable, weighted_mean

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


def mean_probabilities(rows: FloatArray) -> NDArray[np.float64]:
    """Probabilities of a video ``(C,)`` from those of its frames ``(n, C)``: their mean."""
    mean: NDArray[np.float64] = np.asarray(rows, dtype=np.float64).mean(axis=0)
    return mean


@dataclass(frozen=True)
class Classifier:
    """A network that names expressions, and what its names are in MEAD's words.

    Attributes:
        network: name of the feature. classes: of its outputs, in order.
        mead: MEAD's names and the classes that stand for them; a name that is left out has none.
        columns: numbers that the network gives for a frame.
        video: ``(n, columns)`` rows of the sampled frames -> probabilities of the video ``(C,)``.
    """

    network: str
    classes: tuple[str, ...]
    mead: Mapping[str, str]
    columns: int
    video: Callable[[FloatArray], NDArray[np.float64]] = mean_probabilities


FER = Classifier(NETWORK, CLASSES, MEAD_CLASSES, len(CLASSES))
"""The shipped classifier."""


def predict(bundle: Bundle, classifier: Classifier = FER) -> NDArray[np.float64]:
    """Class probabilities of the generated video ``(C,)``, from its sampled frames.

    Raises:
        Unscorable: ``no_face`` if no frame was classified, or why the feature is missing.
    """
    rows = np.asarray(bundle.generated.need(classifier.network), dtype=np.float64)
    if len(rows) == 0:
        raise Unscorable(Status.NO_FACE, "no frame of the video shows a face to classify")
    if rows.shape[1] != classifier.columns:
        raise ValueError(f"expected {classifier.columns} numbers a frame of {classifier.network}, got {rows.shape[1]}")
    return classifier.video(rows)


def asked_class(bundle: Bundle, classifier: Classifier = FER) -> int:
    """Index in the classifier's classes of the emotion that the case asks for.

    Raises:
        Unscorable: ``not_applicable`` where none was asked for or the classifier does not know it.
    """
    emotion = bundle.labels.emotion
    if emotion is None:
        raise Unscorable(Status.NOT_APPLICABLE, "the case asks for no emotion")
    if emotion not in classifier.mead:
        raise Unscorable(Status.NOT_APPLICABLE, f"the classifier has no class for {emotion!r}")
    return classifier.classes.index(classifier.mead[emotion])


def accuracy(bundle: Bundle, classifier: Classifier = FER) -> float:
    """1 if the likeliest class of the video is the one asked for, else 0."""
    target = asked_class(bundle, classifier)
    return float(int(np.argmax(predict(bundle, classifier))) == target)


def class_sample(bundle: Bundle, classifier: Classifier = FER) -> NDArray[np.float64]:
    """``(1, 2)``: class asked for, likeliest class of the video."""
    target = asked_class(bundle, classifier)
    probabilities = predict(bundle, classifier)
    if not np.isfinite(probabilities).all():
        raise Unscorable(Status.UNDEFINED, "the classifier's output is not finite")
    return np.array([[target, np.argmax(probabilities)]], dtype=np.float64)


def macro_f1(samples: Sequence[NDArray[np.float64]], weights: FloatArray) -> float:
    """F1 of each class that was asked for, averaged over these classes; NaN without clips.

    Args:
        samples: `class_sample` of each clip. weights: ``(n,)`` bootstrap counts; a count of 2 is a clip listed twice.
    """
    table = np.concatenate(samples) if len(samples) else np.empty((0, 2))
    counts = np.asarray(weights, dtype=np.float64)
    scores = []
    for target in np.unique(table[counts > 0, 0]):
        asked, given = table[:, 0] == target, table[:, 1] == target
        # Twice the right ones over all that were asked for plus all that were given.
        scores.append(2 * float(counts @ (asked & given)) / float(counts @ asked + counts @ given))
    return float(np.mean(scores)) if scores else float("nan")


def intensity_sample(bundle: Bundle, classifier: Classifier = FER) -> NDArray[np.float64]:
    """``(1, 3)``: class asked for, intensity asked for (0..1), probability of that class."""
    target = asked_class(bundle, classifier)
    if bundle.labels.intensity is None or classifier.classes[target] == "neutral":
        raise Unscorable(Status.NOT_APPLICABLE, "the case asks for no intensity")
    return np.array([[target, bundle.labels.intensity, predict(bundle, classifier)[target]]])


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


def confusion(
    asked: Sequence[str], predicted: Sequence[NDArray[np.floating]], classifier: Classifier = FER
) -> NDArray[np.int64]:
    """How often each MEAD emotion was taken for each class: rows as in ``classifier.mead``, columns its classes; counts.

    Args:
        asked: MEAD names. predicted: `predict` of the same clips. Emotions without a class are left out.
    """
    rows = list(classifier.mead)
    counts = np.zeros((len(rows), len(classifier.classes)), dtype=np.int64)
    for emotion, probabilities in zip(asked, predicted, strict=True):
        if emotion in classifier.mead:
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
        bounds=SHARE,
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
        bounds=COSINE,
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
