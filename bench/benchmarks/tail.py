"""The tail of Fréchet and kernel distances: one value beside ``scipy.linalg.sqrtm``, and what a resample and memory cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from bench.benchmarks.page import Figures, Target
from bench.summary import CORPUS_REPLICATES
from metrics.frechet import FrechetAggregate, GaussianState, frechet

DIMENSIONS, FRAMES = 2048, 4000
CLIPS = {"5 frames a clip": (1000, 5)}
GAIN = 5.0


def figures() -> Iterator[Figures]:
    """The table. Features are random, with a spread that falls off as that of real ones does."""
    states = [GaussianState.empty(DIMENSIONS).update(_rows(FRAMES, seed)) for seed in (0, 1)]
    usual, slow, slow_cpu = _timed(partial(_by_square_root, *states))
    here, fast, fast_cpu = _timed(partial(frechet, *states))
    apart = abs(here - usual) / usual
    rows = [
        (f"scipy.linalg.sqrtm, {FRAMES} frames a side", f"{slow:.1f} ({slow_cpu:.1f})", "", ""),
        (f"eigenvalues, {FRAMES} frames a side", f"{fast:.1f} ({fast_cpu:.1f})", f"{slow / fast:.1f}", f"{apart:.0e}"),
    ]
    for name, (clips, frames) in CLIPS.items():
        evaluate, prepared, cpu = _timed(partial(FrechetAggregate().prepare, _Clips(clips, frames)))
        rows.append((f"{clips} clips, {name}: read, check, sum", f"{prepared:.1f} ({cpu:.1f})", "", ""))
        weights = np.random.default_rng(0).multinomial(clips, np.full(clips, 1 / clips)).astype(float)
        _, resample, cpu = _timed(partial(evaluate, weights))
        rows.append(
            (f"{clips} clips, {name}: a resample, of {CORPUS_REPLICATES}", f"{resample:.1f} ({cpu:.1f})", "", "")
        )
    yield Figures(
        f"Fréchet distance at {DIMENSIONS} dimensions",
        ("what", "s (CPU s)", "times as fast", "values differ by"),
        rows,
        "Resamples are what an interval costs the first time; value and interval are then kept by content.",
        (Target(f"the tail {GAIN:g} times as fast as sqrtm", f"{slow / fast:.1f} times", slow / fast >= GAIN),),
    )


class _Clips(Sequence[Any]):
    """Features of clips, made when asked for as the cache reads them."""

    def __init__(self, clips: int, frames: int) -> None:
        self.clips, self.frames = clips, frames

    def __len__(self) -> int:
        return self.clips

    def __getitem__(self, clip: Any) -> Any:
        return tuple(_rows(self.frames, 2 * clip + side).astype(np.float32) for side in (0, 1))


def _rows(count: int, seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, DIMENSIONS)) * np.geomspace(1, 1e-2, DIMENSIONS) + 0.01 * (seed % 2)


def _by_square_root(one: GaussianState, two: GaussianState) -> float:
    first, second = one.covariance, two.covariance
    root = scipy.linalg.sqrtm(first @ second)
    gap = one.mean - two.mean
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2 * np.trace(root).real)


def _timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """A value, seconds on the wall, seconds of processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    value = work()
    return value, time.perf_counter() - wall, time.process_time() - processor
