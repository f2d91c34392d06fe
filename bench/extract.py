"""extract: one decode of a video feeds the face tracker and every network; networks are batched across videos.

What is already in the feature cache is not measured again. Memory is bounded by the batches, never by a clip.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench.batcher import Batcher
from bench.content import Video
from bench.engine.base import Engine
from bench.engine.connect import engine_of
from bench.errors import BenchError
from bench.features import FeatureStore
from bench.plan import Plan, open_network
from bench.progress import bar, console
from bench.video_pass import VideoPass
from metrics.base import Status, Unscorable
from metrics.features.registry import networks

GROUP = 6
PATIENCE = 60.0
"""Seconds that a shared file system may take to show what a worker wrote."""


@dataclass(frozen=True)
class Missing:
    """A video, and the features of it that the cache lacks."""

    video: Video
    wanted: tuple[str, ...]


def extract(
    videos: Sequence[Video], plan: Plan, store: FeatureStore, where: Engine | int, title: str = "extract"
) -> int:
    """Measure what is missing and return how many videos had something missing. Videos with equal content are measured once.

    Args:
        where: the engine that does the work, or a number of processes of this machine.

    Raises:
        BenchError: the engine cannot work, or what its workers wrote does not come to light.
    """
    engine = engine_of(where)
    plan = replace(plan, assets={name: path.resolve() for name, path in plan.assets.items()})
    store = FeatureStore(store.root.resolve())
    todo = list(_missing(videos, plan, store))
    if not todo:
        return 0
    engine.require([store.root], [*plan.assets.values(), *_one_a_folder(todo)], plan.device)
    # Small enough groups keep all workers busy to the end; large enough ones fill the batches.
    size = max(1, min(GROUP, -(-len(todo) // (2 * engine.workers))))
    groups = (tuple(todo[start : start + size]) for start in range(0, len(todo), size))
    wary = any(store.ended_worker(plan.features[name], _key(item, name)) for item in todo for name in item.wanted)
    unseen: list[Path] = []
    lost = 0
    with bar(title, len(todo)) as step:
        work = partial(_extract_group, plan=plan, store=store)
        for item, why in engine.run(work, groups, lambda _, why: why, wary=wary):
            if why is not None:
                lost += 1
                _give_up(item, why, plan, store)
            else:
                unseen += _unseen(item, plan, store)
            step()
    _wait_for(unseen)
    if lost:
        console.print(f"{title}: {lost} of {len(todo)} videos were given up; they are failure rows", markup=False)
    return len(todo)


def _missing(videos: Iterable[Video], plan: Plan, store: FeatureStore) -> Iterator[Missing]:
    planned: set[tuple[str, str]] = set()
    for video in videos:
        wanted = []
        for name, identity in plan.features.items():
            key = video.key(name)
            if key is not None and (identity, key) not in planned and not store.has(identity, key):
                wanted.append(name)
                planned.add((identity, key))
        if wanted:
            reference = None if video.reference is None else video.reference.resolve()
            yield Missing(replace(video, path=video.path.resolve(), reference=reference), tuple(wanted))


def _one_a_folder(todo: Iterable[Missing]) -> list[Path]:
    """The first video of every folder: a worker that sees it sees the folder."""
    found: dict[Path, Path] = {}
    for item in todo:
        for path in (item.video.path, item.video.reference):
            if path is not None:
                found.setdefault(path.parent, path)
    return list(found.values())


def _extract_group(group: tuple[Missing, ...], plan: Plan, store: FeatureStore) -> list[str | None]:
    """Measure a few videos: one pass over each, networks batched across them, then everything is stored."""
    asked = {name for item in group for name in item.wanted} & set(networks())
    batchers = {name: Batcher(open_network(name, plan.assets, plan.device), plan.batch) for name in sorted(asked)}
    passes = [VideoPass(item.video, item.wanted, plan, store, batchers) for item in group]
    for one in passes:
        one.look()
    for batcher in batchers.values():
        batcher.flush()
    for one in passes:
        one.save()
    return [None] * len(group)


def _key(item: Missing, name: str) -> str:
    key = item.video.key(name)
    assert key is not None
    return key


def _unseen(item: Missing, plan: Plan, store: FeatureStore) -> list[Path]:
    """Files that must have been written: what could not be measured this time left a note instead."""
    asked = [(plan.features[name], _key(item, name)) for name in item.wanted]
    return [store.path(*each) for each in asked if not store.has(*each) and not store.was_lost(*each)]


def _give_up(item: Missing, why: str, plan: Plan, store: FeatureStore) -> None:
    for name in item.wanted:
        if not store.has(plan.features[name], _key(item, name)):  # Phonemes are stored before the pass is over.
            store.save_lost(plan.features[name], _key(item, name), Unscorable(Status.ERROR, why))


def _wait_for(paths: list[Path]) -> None:
    """Until all these files are there: a network file system shows what another machine wrote a little later."""
    end = time.monotonic() + PATIENCE
    while paths:
        for folder in {path.parent for path in paths}:
            if folder.is_dir():
                any(folder.iterdir())  # Listing a folder makes the client of the file system look again.
        paths = [path for path in paths if not path.is_file()]
        if paths and time.monotonic() > end:
            raise BenchError(
                f"a worker wrote {paths[0]} and {len(paths) - 1} more files that this machine does not see after "
                f"{PATIENCE:.0f} s; put the results on a file system that all machines share"
            )
        if paths:
            time.sleep(1)
