"""extract: one decode of a video feeds the face tracker and every network; networks are batched across videos.

What is already in the feature cache is not measured again. Memory is bounded by the batches, never by a clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.batcher import Batcher
from bench.content import Video
from bench.features import FeatureStore
from bench.parallel import run
from bench.plan import Plan, open_network
from bench.progress import bar
from bench.video_pass import VideoPass
from metrics.features.registry import networks

GROUP = 6


def extract(videos: Sequence[Video], plan: Plan, store: FeatureStore, workers: int, title: str = "extract") -> int:
    """Measure what is missing and return how many videos had something missing. Videos with equal content are measured once."""
    todo: list[tuple[Video, tuple[str, ...]]] = []
    planned: set[tuple[str, str]] = set()
    for video in videos:
        wanted = []
        for name, identity in plan.features.items():
            key = video.key(name)
            if key is not None and (identity, key) not in planned and not store.has(identity, key):
                wanted.append(name)
                planned.add((identity, key))
        if wanted:
            todo.append((video, tuple(wanted)))
    # Small enough groups keep both cores busy to the end; large enough ones fill the batches.
    size = max(1, min(GROUP, -(-len(todo) // (2 * workers))))
    groups = [_Group(tuple(todo[start : start + size]), plan, store) for start in range(0, len(todo), size)]
    with bar(title, len(todo)) as step:
        for group, _ in run(_extract_group, groups, workers):
            step(len(group.videos))
    return len(todo)


@dataclass(frozen=True)
class _Group:
    videos: tuple[tuple[Video, tuple[str, ...]], ...]
    plan: Plan
    store: FeatureStore


def _extract_group(group: _Group) -> None:
    """Measure a few videos: one pass over each, networks batched across them, then everything is stored."""
    plan = group.plan
    asked = {name for _, wanted in group.videos for name in wanted} & set(networks())
    batchers = {name: Batcher(open_network(name, plan.assets, plan.device), plan.batch) for name in sorted(asked)}
    passes = [VideoPass(video, wanted, plan, group.store, batchers) for video, wanted in group.videos]
    for item in passes:
        item.look()
    for batcher in batchers.values():
        batcher.flush()
    for item in passes:
        item.save()
