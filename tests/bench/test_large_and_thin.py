"""Pictures and videos of unusual measure: memory stays bounded, and nothing is lost of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bench.batcher
import bench.loader
from bench.batcher import Batcher, Collected
from bench.content import Video
from bench.features import FeatureStore
from bench.loader import Loader
from bench.plan import Plan
from bench.report.previews import _preview
from datasets.media import probe


class Sums:
    """A network that counts what it is given at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def forward(self, batch: NDArray[Any]) -> NDArray[Any]:
        self.batches.append(len(batch))
        return batch.reshape(len(batch), -1).sum(axis=1, keepdims=True)


def test_large_pictures_come_in_smaller_batches_with_the_same_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.batcher, "MOST_BYTES", 3 * 40)
    inputs = [np.full(40, number, np.uint8) for number in range(7)]
    network, collected = Sums(), Collected()
    batcher = Batcher(network, 16)  # type: ignore[arg-type]
    for number, data in enumerate(inputs):
        batcher.add(collected, number, data)
    batcher.flush()
    assert network.batches == [3, 3, 1]
    assert collected.arrays()["values"].ravel().tolist() == [40.0 * number for number in range(7)]


def test_references_are_kept_by_the_memory_they_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.loader, "KEPT_BYTES", 3 * 800)
    store = FeatureStore(tmp_path)
    videos = [Video(tmp_path / f"{number}.mp4", f"{number:064}", "") for number in range(5)]
    for video in videos:
        store.save("f", video.pictures, {"values": np.zeros((10, 10)), "at": np.arange(10)}, {})
    loader = Loader(Plan(25.0, {"efficientnet": "f"}, {}), store)
    kept = [loader.reference(video) for video in videos]
    assert loader.reference(videos[-1]) is kept[-1] and loader.reference(videos[2]) is kept[2]
    assert loader.reference(videos[0]) is not kept[0]


def test_a_preview_of_a_thin_strip_is_a_video(make_video: Callable[..., Path], tmp_path: Path) -> None:
    strip = make_video("strip.mkv", [np.zeros((2, 1200, 3), np.uint8)] * 3, codec="ffv1")
    key: Any = ("d", "test", "self", "a", "m")
    assert _preview((key, strip, tmp_path / "copy.mp4"))
    assert probe(tmp_path / "copy.mp4").width == 256
