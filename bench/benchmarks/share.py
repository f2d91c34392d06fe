"""How much of the suite's time is network forwards, and how much the rest is, beside a loop that takes one metric at a time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.assets import AssetStore
from bench.benchmarks.clips import Pair, make_pairs
from bench.benchmarks.forwards import NETWORKS, TRACKER, counting
from bench.benchmarks.page import Figures, Target
from bench.benchmarks.weights import NOT_MADE, opened
from bench.content import Video
from bench.extract import extract
from bench.features import FeatureStore
from bench.loader import Loader
from bench.portraits import measure_portraits
from bench.scoring import Item, chosen_metrics, feature_plan, missing_weights, score_items
from metrics.base import Labels, Metric

CLIPS, FRAMES = 1, 26
SHARE, REST_GAIN, SYNC_OVER = 0.8, 5.0, 1.3


@dataclass(frozen=True)
class Parts:
    """Seconds on the wall: all, in networks, in the face tracker's graph."""

    wall: float
    networks: float
    tracker: float

    @property
    def rest(self) -> float:
        """Decoding, tracking, cropping, cache and bookkeeping."""
        return self.wall - self.networks

    @property
    def share(self) -> float:
        return (self.networks + self.tracker) / self.wall

    def __add__(self, other: Parts) -> Parts:
        return Parts(self.wall + other.wall, self.networks + other.networks, self.tracker + other.tracker)


def figures(weights: Path) -> Iterator[Figures]:
    """The table. One process and one thread, so that a second on the wall is a second of one thing."""
    assets = opened(weights)
    able = [metric for metric in chosen_metrics([]) if not missing_weights(metric, assets)]
    groups: dict[tuple[str, ...], list[Metric]] = {}
    for metric in able:
        groups.setdefault(tuple(sorted(metric.needs)), []).append(metric)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fresh = (folder / f"cache{number}" for number in count())
        few, pairs = make_pairs(folder / "few", 1, FRAMES, first=900), make_pairs(folder / "clips", CLIPS, FRAMES)
        _measure(able, few, assets, next(fresh))  # Loads the networks.
        whole = _measure(able, pairs, assets, next(fresh))
        loop = Parts(0, 0, 0)
        for metrics in groups.values():
            loop += _measure(metrics, pairs, assets, next(fresh))
        sync = {title: _measure(chosen_metrics([metric]), pairs, assets, next(fresh))
                for title, metric in (("LSE, cropped clips", "lse_c_wav2lip_lrs"), ("LSE, face mesh", "lse_c"))}  # fmt: skip
    over = sync["LSE, cropped clips"].wall / sync["LSE, cropped clips"].networks
    named = {
        f"whole suite, {len(able)} metrics": whole,
        f"one script a set of features, {len(groups)} of them": loop,
        **sync,
    }
    yield Figures(
        f"Where the time goes: {CLIPS} pairs of {FRAMES} frames, one thread",
        ("what", "s", "networks s", "face tracker s", "the rest s", "in networks and tracker"),
        [_cells(title, parts) for title, parts in named.items()],
        f"Networks are loaded before. Not among them: {', '.join(NOT_MADE)}. The loop's scripts each decode and, where they look at "
        "faces, track anew; metrics that read the same features share one script, so it is kinder than one script a metric.",
        (
            Target(f"at least {SHARE:.0%} of the suite's time in forwards", f"{whole.share:.0%}", whole.share >= SHARE),
            Target(f"decoding, tracking, cropping and the rest {REST_GAIN:g} times less than one at a time",
                   f"{loop.rest / whole.rest:.1f} times", loop.rest / whole.rest >= REST_GAIN),
            Target(f"LSE of cropped clips within {SYNC_OVER:g} times its network's forwards", f"{over:.2f} times", over <= SYNC_OVER),
        ),
    )  # fmt: skip


def _measure(metrics: Sequence[Metric], pairs: Sequence[Pair], assets: AssetStore, cache: Path) -> Parts:
    store = FeatureStore(cache)
    planned = feature_plan(metrics, 25.0, "cpu", assets)
    begin = time.perf_counter()
    with counting() as forwards:
        items = []
        for pair in pairs:
            real = Video.of(pair.real)
            items.append(
                Item(pair.name, Labels(emotion="happy", speaker=pair.speaker), Video.of(pair.made, real), real)
            )
        extract(
            [video for item in items for video in (item.reference, item.video) if isinstance(video, Video)],
            planned,
            store,
            1,
        )
        measure_portraits([item.portrait for item in items if item.portrait], planned, store)
        score_items(items, metrics, Loader(planned, store), assets, seed=0)
    return Parts(time.perf_counter() - begin, forwards.seconds[NETWORKS], forwards.seconds[TRACKER])


def _cells(title: str, parts: Parts) -> tuple[str, ...]:
    rest = parts.rest - parts.tracker
    return (
        title,
        f"{parts.wall:.1f}",
        f"{parts.networks:.1f}",
        f"{parts.tracker:.1f}",
        f"{rest:.1f}",
        f"{parts.share:.0%}",
    )
