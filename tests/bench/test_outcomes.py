"""Scores are kept by what they depend on, and not where the next run may do better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.content import Video
from bench.features import FeatureStore
from bench.outcomes import EstimateCache, OutcomeCache, Outcomes, code
from bench.plan import Plan
from bench.summary import CORPUS_REPLICATES, Case, Corpus, summarize
from metrics import registry
from metrics.base import Labels, Metric, Status, Unscorable

PLAN = Plan(25.0, {"track": "0123456789ab"}, {})
VIDEO = Video(Path("made.mp4"), "pictures", "sound", Path("real.mp4"), "real pictures")
REFERENCE = Video(Path("real.mp4"), "real pictures", "sound")
FOUND = Outcomes(
    {"m_ld": 0.1 + 0.2, "closure": Unscorable(Status.NO_SPEECH, "silent"), "pose_fd": None},
    {"time": np.arange(3) / 25, "pitch": np.array([0.1, np.nan, 0.3])},
    [{"asked": "happy", "predicted": "sad", "probability": 0.25}],
)


@pytest.fixture
def cache(tmp_path: Path) -> OutcomeCache:
    return OutcomeCache({"m_ld": "a", "closure": "b", "pose_fd": "c"}, PLAN, FeatureStore(tmp_path))


def test_what_is_kept_comes_back_to_the_last_digit(cache: OutcomeCache) -> None:
    assert cache.load("0" * 64) is None
    cache.save("0" * 64, FOUND)
    found = cache.load("0" * 64)
    assert found is not None
    assert found.of_metrics["m_ld"] == 0.1 + 0.2 and found.of_metrics["pose_fd"] is None
    failure = found.of_metrics["closure"]
    assert isinstance(failure, Unscorable) and (failure.status, failure.detail) == (Status.NO_SPEECH, "silent")
    assert np.array_equal(found.curves["pitch"], FOUND.curves["pitch"], equal_nan=True)
    assert found.emotions == FOUND.emotions


def test_the_key_follows_contents_and_labels_and_no_names(cache: OutcomeCache) -> None:
    labels = Labels(emotion="happy", speaker="s")
    key = cache.key(VIDEO, REFERENCE, labels, None)
    assert (
        cache.key(replace(VIDEO, path=Path("other.mp4")), replace(REFERENCE, path=Path("x.mp4")), labels, None) == key
    )
    others = [
        cache.key(replace(VIDEO, pictures="other"), REFERENCE, labels, None),
        cache.key(replace(VIDEO, sound="other"), REFERENCE, labels, None),
        cache.key(VIDEO, replace(REFERENCE, sound="other"), labels, None),
        cache.key(VIDEO, None, labels, None),
        cache.key(VIDEO, REFERENCE, replace(labels, emotion="sad"), None),
    ]
    assert len({key, *others}) == 6


def test_protocols_features_and_code_change_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FeatureStore(tmp_path)
    one = OutcomeCache({"m_ld": "a"}, PLAN, store).identity
    assert OutcomeCache({"m_ld": "b"}, PLAN, store).identity != one
    assert OutcomeCache({"m_ld": "a"}, replace(PLAN, features={"track": "other"}), store).identity != one
    monkeypatch.setattr("bench.outcomes.code", lambda: "edited")
    assert OutcomeCache({"m_ld": "a"}, PLAN, store).identity != one
    assert len(code()) == 64


def test_an_error_is_tried_again(cache: OutcomeCache) -> None:
    cache.save("1" * 64, replace(FOUND, of_metrics={"m_ld": Unscorable(Status.ERROR, "a file was damaged")}))
    assert cache.load("1" * 64) is None


def test_a_damaged_file_is_computed_again(cache: OutcomeCache) -> None:
    cache.save("2" * 64, FOUND)
    cache.store.path(cache.identity, "2" * 64).write_bytes(b"no tensors")
    assert cache.load("2" * 64) is None
    cache.save("2" * 64, FOUND)
    assert cache.load("2" * 64) is not None


def _corpus(store: FeatureStore, keys: list[str], reads: list[int]) -> Corpus:
    def sample(_: Metric, index: int) -> tuple[np.ndarray, np.ndarray]:
        reads.append(index)
        random = np.random.default_rng(index)
        return random.normal(size=(9, 6)), random.normal(0.5, 1, size=(9, 6))

    return Corpus([Case(key, f"speaker{i % 3}") for i, key in enumerate(keys)], sample, store)


def test_an_interval_of_a_corpus_is_computed_once_for_the_same_clips(tmp_path: Path) -> None:
    metric, store = registry.get("pose_fd"), FeatureStore(tmp_path)
    reads: list[int] = []
    keys = ["a", "b", "", "d", "e"]
    outcomes = {"pose_fd": [None, None, Unscorable(Status.NO_FACE, "none"), None, None]}

    def entry(keys: list[str], seed: int = 0) -> dict[str, object]:
        corpus = _corpus(store, keys, reads)
        return summarize(corpus, outcomes, [metric], {"pose_fd": "x"}, seed)["pose_fd"]

    first = entry(keys)
    assert first["n"] == 4 and first["asked"] == 5 and first["value"] is not None and set(reads) == {0, 1, 3, 4}
    reads.clear()
    assert entry(keys) == first and reads == []
    entry(["a", "b", "", "d", "changed"])
    assert reads != []
    reads.clear()
    entry(keys, seed=1)
    assert reads != []


def test_estimates_of_other_settings_do_not_meet(tmp_path: Path) -> None:
    metric, store = registry.get("pose_fd"), FeatureStore(tmp_path)
    one = EstimateCache(store, metric, "x", {"replicates": CORPUS_REPLICATES})
    one.save([("a", "s")], {"value": 1.5})
    assert one.load([("a", "s")]) == {"value": 1.5}
    assert one.load([("a", "t")]) is None
    assert EstimateCache(store, metric, "x", {"replicates": 7}).load([("a", "s")]) is None


@pytest.mark.parametrize("name", ["emotion_accuracy", "m_ld", "id_cos_ref"])
def test_an_interval_does_not_leave_what_a_value_can_be(name: str, tmp_path: Path) -> None:
    metric = registry.get(name)
    lowest, highest = metric.limits
    near = lowest if np.isinf(highest) else highest
    values = [near, near, near, 0.5, near, near]
    corpus = Corpus([Case(str(i), f"speaker {i // 2}") for i in range(6)], lambda *_: None, FeatureStore(tmp_path))
    entry = summarize(corpus, {name: values}, [metric], {name: "id"}, seed=0)[name]
    assert near in (entry["low"], entry["high"])
    assert lowest <= entry["low"] < entry["value"] < entry["high"] <= highest
