"""``python -m bench.benchmark_image``: what the image metrics cost beside the usual scripts, in one run, as a table. Figures, not tests.

Speed does not depend on what the weights are, so the networks run with random ones: no weights file is needed. Threads are as the
environment sets them for linear algebra, and one for the networks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from rich.table import Table

from bench.progress import out
from metrics.features.inception import FidInception
from metrics.features.lpips_networks import empty
from metrics.frechet import FrechetAggregate, GaussianState, frechet

DIMENSIONS = 2048
FEW, MANY = 1500, 4000
FRAMES, SIDE, PAIRS_AT_ONCE = 16, 256, 4


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    table = Table(title="Image metrics: the usual way beside this suite's", title_justify="left")
    for heading in ("what", "usual way", "s (CPU s)", "here", "s (CPU s)", "times as fast", "values differ by"):
        table.add_column(heading, justify="left" if heading in ("what", "usual way", "here") else "right")
    with torch.inference_mode():
        for row in (*_frechet_rows(), _lpips_row(), _inception_row()):
            table.add_row(*row)
    out.print(table)


Timed = tuple[Any, float, float]
"""A value, seconds on the wall, seconds of processor time."""


def _timed(work: Callable[[], Any]) -> Timed:
    wall, processor = time.perf_counter(), time.process_time()
    value = work()
    return value, time.perf_counter() - wall, time.process_time() - processor


def _row(what: str, usual: tuple[str, Timed], ours: tuple[str, Timed]) -> tuple[str, ...]:
    (old, old_wall, old_cpu), (new, wall, cpu) = usual[1], ours[1]
    difference = np.max(np.abs(np.asarray(old) - np.asarray(new))) / np.max(np.abs(old))
    return (
        what, usual[0], f"{old_wall:.2f} ({old_cpu:.2f})", ours[0], f"{wall:.2f} ({cpu:.2f})",
        f"{old_wall / wall:.1f}", f"{difference:.0e}",
    )  # fmt: skip


def _features(count: int, seed: int) -> NDArray[np.float64]:
    """Features whose spread falls off as that of real ones does."""
    random = np.random.default_rng(seed)
    return random.normal(size=(count, DIMENSIONS)) * np.geomspace(1, 1e-2, DIMENSIONS) + 0.01 * seed


def _frechet_rows() -> list[tuple[str, ...]]:
    rows = []
    for count in (MANY, FEW):
        first, second = _features(count, 0), _features(count, 1)
        states = [GaussianState.empty(DIMENSIONS).update(side) for side in (first, second)]
        clips = [(first[half], second[half]) for half in (slice(None, count // 2), slice(count // 2, None))]
        usual = "scipy.linalg.sqrtm", _timed(partial(_by_square_root, *states))
        what = f"Fréchet tail, {DIMENSIONS}-d, {count} frames"
        rows.append(_row(what, usual, ("eigenvalues", _timed(partial(frechet, *states)))))
        if count < DIMENSIONS:
            rows.append(_row(what, usual, ("Gram", _timed(partial(FrechetAggregate(), clips, np.ones(2))))))
    return rows


def _by_square_root(one: GaussianState, two: GaussianState) -> float:
    first, second = one.covariance, two.covariance
    root = scipy.linalg.sqrtm(first @ second)
    gap = one.mean - two.mean
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2 * np.trace(root).real)


def _pictures(seed: int) -> torch.Tensor:
    return torch.rand(FRAMES, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def _lpips_row() -> tuple[str, ...]:
    network = empty("alex").to_empty(device="cpu").eval()
    torch.manual_seed(0)
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter, 0, 0.05)
    network.scaling_layer.load_state_dict(type(network.scaling_layer)().state_dict())  # type: ignore[union-attr]
    one, other = 2 * _pictures(0) - 1, 2 * _pictures(1) - 1

    def loop() -> NDArray[np.float32]:
        return np.array([float(network(a[None], b[None])) for a, b in zip(one, other, strict=True)])

    def batched() -> NDArray[np.float32]:
        parts = zip(one.split(PAIRS_AT_ONCE), other.split(PAIRS_AT_ONCE), strict=True)
        return np.concatenate([network(a, b).flatten().numpy() for a, b in parts])

    network(one[:1], other[:1])  # The first call prepares convolutions.
    return _row(
        f"LPIPS (Alex), {FRAMES} pairs of {SIDE}²",
        ("a pair at a time", _timed(loop)),
        (f"{PAIRS_AT_ONCE} pairs at a time", _timed(batched)),
    )


def _inception_row() -> tuple[str, ...]:
    network = FidInception().eval()
    pictures = _pictures(2)
    network(pictures[:1])
    return _row(
        f"Inception, {FRAMES} frames of {SIDE}²",
        ("a frame at a time", _timed(lambda: np.concatenate([network(frame[None]).numpy() for frame in pictures]))),
        ("all at once", _timed(lambda: network(pictures).numpy())),
    )


if __name__ == "__main__":
    main()
