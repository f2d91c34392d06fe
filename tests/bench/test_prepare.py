"""A subset is drawn by the seed, keeps the order, and keeps what the case protocols need."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bench.prepare import subset
from datasets.base import SourceClip


def clips(speakers: int, emotions: list[str]) -> list[SourceClip]:
    return [SourceClip(f"{s}-{e}", f"s{s}", Path(f"{s}{e}.mp4"), emotion=e) for s in range(speakers) for e in emotions]


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 99))
def test_a_subset_has_its_size_its_order_and_the_neutral_clips(speakers: int, count: int, seed: int) -> None:
    every = clips(speakers, ["angry", "happy", "neutral", "sad"])
    chosen = subset(every, count, seed)
    assert len(chosen) == min(count, len(every))
    assert chosen == sorted(chosen, key=every.index) == subset(every, count, seed)
    if count >= speakers:
        assert {clip.speaker for clip in chosen if clip.emotion == "neutral"} == {f"s{s}" for s in range(speakers)}


def test_seeds_differ_and_no_limit_means_all() -> None:
    every = clips(4, ["angry", "happy", "sad"])
    assert subset(every, None, 0) == every
    assert len({tuple(clip.clip for clip in subset(every, 5, seed)) for seed in range(8)}) > 1
