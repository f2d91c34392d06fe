from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from metrics import registry
from metrics.base import Bundle, Features, Status, Unscorable
from metrics.emotion import CLASSES, MEAD_CLASSES, confusion, intensity_response, predict, weighted_spearman

MakeBundle = Callable[..., Bundle]


def face_showing(name: str, probability: float = 0.7) -> Features:
    rest = (1 - probability) / (len(CLASSES) - 1)
    row = np.full(len(CLASSES), rest, dtype=np.float32)
    row[CLASSES.index(name)] = probability
    return Features(25, 50, samples={"emotion": np.stack([row, row])})


def test_accuracy_knows_meads_names(make_bundle: MakeBundle) -> None:
    accuracy = registry.get("emotion_accuracy").per_clip
    for mead, name in MEAD_CLASSES.items():
        assert accuracy(make_bundle(face_showing(name), emotion=mead)) == 1
    assert accuracy(make_bundle(face_showing("sad"), emotion="happy")) == 0


@pytest.mark.parametrize("emotion", [None, "contempt"])
def test_what_cannot_be_asked_is_not_applicable(emotion: str | None, make_bundle: MakeBundle) -> None:
    for name in ("emotion_accuracy", "emotion_intensity"):
        with pytest.raises(Unscorable) as caught:
            registry.get(name).per_clip(make_bundle(face_showing("sad"), emotion=emotion, intensity=0.5))
        assert caught.value.status is Status.NOT_APPLICABLE


def test_neutral_has_no_intensity(make_bundle: MakeBundle) -> None:
    with pytest.raises(Unscorable) as caught:
        registry.get("emotion_intensity").per_clip(
            make_bundle(face_showing("neutral"), emotion="neutral", intensity=0.3)
        )
    assert caught.value.status is Status.NOT_APPLICABLE


def test_no_classified_frame_is_no_face(make_bundle: MakeBundle) -> None:
    with pytest.raises(Unscorable) as caught:
        predict(make_bundle(Features(25, 50, samples={"emotion": np.empty((0, 7))})))
    assert caught.value.status is Status.NO_FACE


def test_intensity_response_is_one_where_more_is_shown_for_more_asked(make_bundle: MakeBundle) -> None:
    metric = registry.get("emotion_intensity")

    def samples(sign: float) -> list[np.ndarray]:
        # Sad faces are seen less surely than happy ones; that must not count.
        return [
            metric.per_clip(make_bundle(face_showing(name, base + sign * 0.1 * level), emotion=name, intensity=level))
            for name, base in (("happy", 0.8), ("sad", 0.3))
            for level in (0.33, 0.66, 1.0)
        ]

    assert metric.aggregate(samples(1), np.ones(6)) == pytest.approx(1)
    assert metric.aggregate(samples(-1), np.ones(6)) == pytest.approx(-1)
    assert np.isnan(metric.aggregate(samples(1)[:1], np.ones(1)))


@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(1, 3)), min_size=3, max_size=12).filter(
        lambda rows: len({r[0] for r in rows}) > 1 and len({r[1] for r in rows}) > 1
    )
)
def test_weighted_spearman_is_spearman_of_the_repeated_list(rows: list[tuple[int, int, int]]) -> None:
    first, second, counts = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    repeats = counts.astype(int)
    expected = spearmanr(np.repeat(first, repeats), np.repeat(second, repeats)).statistic
    assert weighted_spearman(first, second, counts) == pytest.approx(expected, abs=1e-9)


def test_zero_weight_is_the_same_as_leaving_a_clip_out() -> None:
    samples = [np.array([[3, level, p]]) for level, p in ((0.3, 0.2), (0.6, 0.5), (1.0, 0.4))]
    assert intensity_response(samples, np.array([1.0, 1, 0])) == intensity_response(samples[:2], np.ones(2))


def test_confusion_counts_and_leaves_contempt_out() -> None:
    happy, sad = np.eye(7)[CLASSES.index("happy")], np.eye(7)[CLASSES.index("sad")]
    counts = confusion(["happy", "happy", "sad", "contempt"], [happy, sad, sad, happy])
    rows = list(MEAD_CLASSES)
    assert counts.sum() == 3
    assert counts[rows.index("happy"), CLASSES.index("happy")] == 1
    assert counts[rows.index("happy"), CLASSES.index("sad")] == 1
