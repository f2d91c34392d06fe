"""Corpus metrics give the same number whether frames are held, read again in blocks, or summed by clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from metrics import corpus_rows
from metrics.corpus_rows import ClipRows, both_sides
from metrics.distribution import FrameKernelAggregate, KernelAggregate
from metrics.frechet import FrechetAggregate, PairAggregate
from metrics.statistics import bootstrap_weights

AGGREGATES: tuple[PairAggregate, ...] = (FrechetAggregate(), KernelAggregate(), FrameKernelAggregate())


class Read(Sequence[Any]):
    """Clips that are made when asked for; counts how often."""

    def __init__(self, clips: int, frames: int, dimensions: int) -> None:
        self.shape, self.asked = (clips, frames, dimensions), 0

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, clip: Any) -> Any:
        if clip >= len(self):
            raise IndexError(clip)
        self.asked += 1
        random = np.random.default_rng(clip)
        counts = (self.shape[1] + clip % 3, self.shape[1] + clip % 2)
        return tuple(
            random.normal(side / 4, 1 + side / 8, (n, self.shape[2])).astype("f4") for side, n in enumerate(counts)
        )


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize(("frames", "dimensions"), [(12, 40), (60, 5)])
def test_frames_that_are_read_again_give_what_held_ones_give(
    aggregate: PairAggregate, frames: int, dimensions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = Read(15, frames, dimensions)
    weights = np.vstack([np.ones(15), bootstrap_weights([str(i % 6) for i in range(15)], 4)])
    held = aggregate.prepare(list(samples))
    expected = [held(row) for row in weights]
    monkeypatch.setattr(corpus_rows, "HELD_BYTES", 0)
    monkeypatch.setattr(corpus_rows, "BLOCK_ROWS", 50)
    evaluate = aggregate.prepare(samples)
    assert [evaluate(row) for row in weights] == pytest.approx(expected, rel=1e-9)


def test_many_frames_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = Read(8, 10, 20)
    generated, _ = both_sides(samples)
    before = samples.asked
    list(generated)
    assert generated.held and samples.asked == before
    monkeypatch.setattr(corpus_rows, "HELD_BYTES", 0)
    generated, _ = both_sides(samples)
    before = samples.asked
    list(generated)
    assert not generated.held and samples.asked == before + 8


def test_blocks_hold_whole_clips_and_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_rows, "BLOCK_ROWS", 5)
    parts = [np.full((n, 1), float(i)) for i, n in enumerate((2, 3, 9, 1, 4))]
    blocks = list(ClipRows([len(p) for p in parts], parts.__getitem__, held=True).blocks())
    assert [clips.tolist() for clips, _ in blocks] == [[0, 1], [2], [3, 4]]
    assert np.array_equal(np.concatenate([rows for _, rows in blocks]), np.concatenate(parts))


@pytest.mark.parametrize("bad", [np.zeros(3), np.array([[0.0, np.nan]])])
def test_rows_that_are_none_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected samples as rows|is not finite"):
        both_sides([(bad, np.zeros((1, 2)))])
