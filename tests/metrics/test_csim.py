from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metrics.base import Bundle, Features, Labels, Status, Unscorable
from metrics.csim import METRICS, cosines

BY_NAME = {metric.name: metric for metric in METRICS}
CSIM, SOURCE = BY_NAME["csim"], BY_NAME["csim_source"]


def person(rows: np.ndarray, at: list[int] | None = None, frames: int = 100, network: str = "arcface_r100") -> Features:
    places = np.array(range(len(rows)) if at is None else at, dtype=np.int64)
    return Features(25, frames, samples={network: rows}, sampled_at={network: places})


def embeddings(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 512)).astype(np.float32)


def fails(metric: Any, *bundle: Any, **labels: Any) -> Status:
    with pytest.raises(Unscorable) as caught:
        metric.per_clip(Bundle(bundle[0], bundle[1], Labels(**labels), *bundle[2:]))
    return caught.value.status


def test_csim_pairs_frames_by_their_index_not_by_their_order(make_bundle: Callable[..., Bundle]) -> None:
    rows = embeddings(4)
    # The face was lost in frame 37 of the one and in frame 62 of the other.
    one, other = person(rows[[0, 2, 3]], [12, 62, 87]), person(3 * rows[[0, 1, 3]], [12, 37, 87])
    assert CSIM.per_clip(make_bundle(one, other)) == pytest.approx(1, abs=1e-6)
    mixed = person(np.stack([rows[0], rows[2], rows[1]]), [12, 62, 87])
    expected = np.mean(cosines(rows[[0, 1]], rows[[0, 3]]))
    assert CSIM.per_clip(make_bundle(mixed, other)) == pytest.approx(expected, abs=1e-6)


def test_each_protocol_reads_its_own_network(make_bundle: Callable[..., Bundle]) -> None:
    rows = embeddings(3)
    for metric in METRICS:
        features = person(rows, network=metric.needs[0])
        assert metric.per_clip(Bundle(features, features, Labels(), person(rows[:1], network=metric.needs[0]))) <= 1
    assert len({metric.protocol_id for metric in METRICS}) == len(METRICS)
    assert fails(BY_NAME["csim_vico"], person(rows), person(rows)) is Status.UNDEFINED


def test_source_similarity_is_asked_of_every_portrait_and_needs_it() -> None:
    rows = embeddings(5)
    portrait = person(rows[:1], frames=1)
    value = SOURCE.per_clip(Bundle(person(rows), None, Labels(same_speaker=False), portrait))
    assert value == pytest.approx(np.mean(cosines(rows, rows[:1])))
    assert fails(SOURCE, person(rows), None) is Status.NO_REFERENCE
    assert fails(SOURCE, person(rows), None, person(rows[:0])) is Status.NO_FACE


def test_what_cannot_be_compared_has_a_reason() -> None:
    rows = embeddings(6)
    whole = person(rows)
    assert fails(CSIM, whole, None) is Status.NO_REFERENCE
    assert fails(CSIM, whole, whole, same_speaker=False) is Status.NOT_APPLICABLE
    assert fails(CSIM, person(rows, frames=97), whole) is Status.TOO_SHORT
    assert fails(CSIM, person(rows, frames=103), whole) is Status.UNDEFINED
    assert fails(CSIM, person(rows[:0]), whole) is Status.NO_FACE
    assert fails(CSIM, person(rows[:2]), whole) is Status.NO_FACE
    assert fails(CSIM, person(0 * rows), whole) is Status.UNDEFINED
    assert fails(CSIM, Features(25, 100), whole) is Status.UNDEFINED
