from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from metrics.base import Bundle, Features, Status, Unscorable
from metrics.emotion import FER, confusion, macro_f1
from metrics.emotion_classifiers import CLASSIFIERS, METRICS
from metrics.features.emotion_fan_video import COLUMNS, video_scores

MakeBundle = Callable[..., Bundle]
MEAD = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
WITHOUT_CLASS = {"hsemotion": (), "emonet_8": (), "emotion_fan": (), "emonet_5": ("contempt", "disgusted", "fear")}
BY_NAME = {metric.name: metric for metric in METRICS}


def face_showing(name: str, index: int, strength: float = 3.0) -> Features:
    """Frames on which the classifier gives its class number `index`."""
    classifier = CLASSIFIERS[name]
    rows = np.zeros((4, classifier.columns), dtype=np.float32)
    if name == "emotion_fan":
        rows[:, 0] = (0.2, 0.4, 0.6, 0.8)
        rows[:, 3 + index] = strength
    else:
        shares = np.exp(strength * (np.arange(len(classifier.classes)) == index))
        rows[:, : len(shares)] = shares / shares.sum()
        rows[:, len(shares) :] = 7  # Valence and arousal are no classes.
    return Features(25, 50, samples={name: rows})


@pytest.mark.parametrize("name", list(CLASSIFIERS))
def test_every_class_stands_for_the_mead_emotion_of_its_name(name: str, make_bundle: MakeBundle) -> None:
    classifier = CLASSIFIERS[name]
    accuracy = BY_NAME[f"emotion_accuracy_{name}"].per_clip
    assert set(classifier.mead) == set(MEAD) - set(WITHOUT_CLASS[name])
    assert sorted(classifier.mead.values()) == sorted(classifier.classes)
    for emotion, label in classifier.mead.items():
        assert label[:3] == emotion[:3] or (emotion, label) == ("angry", "anger")
        for index, other in enumerate(classifier.classes):
            assert accuracy(make_bundle(face_showing(name, index), emotion=emotion)) == (other == label)


@pytest.mark.parametrize("name", list(CLASSIFIERS))
def test_an_emotion_without_class_is_not_applicable(name: str, make_bundle: MakeBundle) -> None:
    for emotion in (None, *WITHOUT_CLASS[name]):
        for kind in ("accuracy", "f1", "intensity"):
            with pytest.raises(Unscorable) as caught:
                BY_NAME[f"emotion_{kind}_{name}"].per_clip(
                    make_bundle(face_showing(name, 0), emotion=emotion, intensity=0.5)
                )
            assert caught.value.status is Status.NOT_APPLICABLE


@pytest.mark.parametrize("name", list(CLASSIFIERS))
def test_videos_without_a_classified_face_have_a_reason(name: str, make_bundle: MakeBundle) -> None:
    columns = CLASSIFIERS[name].columns
    f1 = BY_NAME[f"emotion_f1_{name}"].per_clip
    for rows, status in ((np.empty((0, columns)), Status.NO_FACE), (np.full((2, columns), np.nan), Status.UNDEFINED)):
        with pytest.raises(Unscorable) as caught:
            f1(make_bundle(Features(25, 50, samples={name: rows}), emotion="happy"))
        assert caught.value.status is status
    with pytest.raises(ValueError, match=f"expected {columns} numbers a frame of {name}, got 3"):
        f1(make_bundle(Features(25, 50, samples={name: np.ones((2, 3))}), emotion="happy"))


@pytest.mark.parametrize("name", list(CLASSIFIERS))
def test_more_intensity_shown_is_a_response_of_one(name: str, make_bundle: MakeBundle) -> None:
    metric, happy = (
        BY_NAME[f"emotion_intensity_{name}"],
        CLASSIFIERS[name].classes.index(CLASSIFIERS[name].mead["happy"]),
    )
    samples = [
        metric.per_clip(make_bundle(face_showing(name, happy, 3 * level), emotion="happy", intensity=level))
        for level in (0.3, 0.6, 1.0)
    ]
    assert metric.aggregate(samples, np.ones(3)) == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=20))
def test_macro_f1_is_that_of_scikit_learn_on_the_repeated_list(rows: list[tuple[int, int, int]]) -> None:
    asked, given_, counts = (np.array(column) for column in zip(*rows, strict=True))
    value = macro_f1([np.array([[a, g]], dtype=float) for a, g in zip(asked, given_, strict=True)], counts)
    targets, predictions = np.repeat(asked, counts), np.repeat(given_, counts)
    if len(targets) == 0:
        assert np.isnan(value)
        return
    expected = f1_score(targets, predictions, labels=np.unique(targets), average="macro", zero_division=0)
    assert value == pytest.approx(expected, abs=1e-12)


def test_macro_f1_of_no_clips_is_no_number() -> None:
    assert np.isnan(macro_f1([], np.ones(0)))


def test_confusion_has_the_classifiers_own_classes() -> None:
    classifier = CLASSIFIERS["emonet_5"]
    anger = np.eye(5)[classifier.classes.index("anger")]
    counts = confusion(["angry", "sad", "fear"], [anger, anger, anger], classifier)
    assert counts.shape == (5, 5) and counts.sum() == 2
    assert counts[list(classifier.mead).index("sad"), classifier.classes.index("anger")] == 1
    assert confusion([], [], FER).shape == (7, 7)


def test_frames_of_a_video_may_come_in_any_order_and_need_one_at_least() -> None:
    rows = np.abs(np.random.default_rng(0).normal(size=(6, COLUMNS)))
    rows[:, -8:] = rows[0, -8:]  # The bias is the network's, not a frame's.
    np.testing.assert_allclose(video_scores(rows[::-1]), video_scores(rows), rtol=1e-12)
    for bad in (rows[:0], rows[:, 1:], rows[0]):
        with pytest.raises(ValueError, match="rows"):
            video_scores(bad)
