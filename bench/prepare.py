"""prepare: raw dataset -> standard clips and ``clips.parquet``. Resumable, parallel, each clip on its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from bench.assets import AssetStore
from bench.config import CaseSet, DatasetConfig, Params
from bench.contact_sheet import write_sheets
from bench.engine.base import GIVEN_UP, Engine
from bench.engine.connect import open_engine
from bench.errors import BenchError, unknown
from bench.prepare_clip import Job, Output, outputs_of, prepare_one
from bench.progress import bar
from bench.quality import QUALITY_COLUMNS, quality_table
from bench.quality_sync import judge_sync
from bench.store import CLIP_COLUMNS, REJECTED_COLUMNS, Journal, digest, sweep, write_table
from bench.workspace import Workspace
from datasets import splits
from datasets.base import DatasetError, Rejected, SourceClip
from datasets.expected import not_here
from datasets.frame_buffer import free_scratch
from datasets.index import open_index
from datasets.registry import READERS
from datasets.sample import ASSETS as SAMPLE_ASSETS

RECIPE_VERSION = 2
INDEX = "index"
"""Folder of the workspace for what readers found."""


def prepare(params: Params, workspace: Workspace, assets: AssetStore, dataset: str) -> list[str]:
    """Standardize every clip of the splits that the case sets ask for, and write their tables and pictures.

    Returns:
        The splits.

    Raises:
        BenchError: the dataset is not there or has no usable clip, or the engine cannot work.
    """
    with open_engine(params.engine, params.workers) as engine:
        return _prepare(params, workspace, assets, dataset, engine)


def _prepare(params: Params, workspace: Workspace, assets: AssetStore, dataset: str, engine: Engine) -> list[str]:
    config = params.datasets[dataset]
    root = dataset_root(dataset, config, workspace, assets)
    wanted = sorted({CaseSet.parse(text).split for text in params.cases if CaseSet.parse(text).dataset == dataset})
    found, rejected = read_source(config, root, workspace.root / INDEX)
    for split in wanted:
        clips = [clip for name, clip in found if name == split]
        clips = subset(clips, config.max_clips, params.seed)
        if not clips:
            names = sorted({name for name, _ in found})
            raise BenchError(
                f"dataset {dataset!r} has no clip in split {split!r}; its splits: {', '.join(names) or 'none'}."
            )
        standardize(clips, rejected, dataset, split, root, params, workspace, engine)
        judge_sync(params, workspace, assets, dataset, split, engine)
    return wanted


def subset(clips: Sequence[SourceClip], count: int | None, seed: int) -> list[SourceClip]:
    """At most `count` clips in their order, drawn by the seed; each speaker's first neutral clip is drawn before all others.

    The case protocol ``emotion`` takes its portraits from the neutral clips: a subset without them would have no cases.
    """
    if count is None or len(clips) <= count:
        return list(clips)
    first: dict[str, int] = {}
    for index, clip in enumerate(clips):
        if clip.emotion == "neutral":
            first.setdefault(clip.speaker, index)
    order = [int(index) for index in np.random.default_rng(seed).permutation(len(clips))]
    order.sort(key=lambda index: index not in first.values())
    return [clips[index] for index in sorted(order[:count])]


def dataset_root(dataset: str, config: DatasetConfig, workspace: Workspace, assets: AssetStore) -> Path:
    """The folder to read. For ``sample`` it is made from the assets."""
    if config.reader == "sample":
        folder = workspace.raw("sample")
        folder.mkdir(parents=True, exist_ok=True)
        for name in SAMPLE_ASSETS:
            source = assets.path(name)
            target = folder / f"{name}{source.suffix}"
            if not target.is_file():
                shutil.copyfile(source, target)
        return folder
    if config.root is None:
        raise BenchError(
            f"dataset {dataset!r}: its `root` is not set in params.yaml. Set it to the folder of the dataset."
        )
    return config.root


def read_source(
    config: DatasetConfig, root: Path, index: Path | None = None
) -> tuple[list[tuple[str, SourceClip]], list[Rejected]]:
    """All clips with their split, and what the reader had to turn away.

    Args:
        index: folder where what the reader finds is kept, so that a tree that did not change is not read again.
    """
    if config.reader not in READERS:
        raise unknown("dataset reader", config.reader, READERS)
    reader = READERS[config.reader]()
    try:
        split = splits.load(config.splits, config.reader) if config.splits else None
        items = list(reader.read(root) if index is None else open_index(reader, root, index).items())
        clips = [item for item in items if isinstance(item, SourceClip)]
        names = split.assign(clips) if split else [clip.split or "all" for clip in clips]
    except DatasetError as error:
        raise BenchError(str(error)) from error
    found = [(name, clip) for name, clip in zip(names, clips, strict=True) if name is not None]
    rejected = [item for item in items if isinstance(item, Rejected)]
    if split is not None:
        rejected += not_here(split, clips)
    return found, rejected


def standardize(
    clips: Sequence[SourceClip], rejected: Sequence[Rejected], dataset: str, split: str, root: Path,
    params: Params, workspace: Workspace, engine: Engine | None = None,
) -> None:  # fmt: skip
    """Make the standard form and the renditions of these clips where they are missing, then write all tables and pictures.

    Args:
        engine: that of the parameters where none is given.
    """
    folder = workspace.clips(dataset, split).resolve()  # A worker may have another current folder.
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "prepared.jsonl", key="clip")
    outputs = outputs_of(params.video, folder)
    for output in outputs:
        sweep(output.folder)
    made = [[item.name, item.size, item.fps, item.protocol.recipe] for item in outputs]
    jobs: list[Job] = []
    for clip in clips:
        source = [_fingerprint(path) for path in (clip.video, clip.audio) if path]
        part = [clip.start, clip.end, params.video.max_seconds, clip.crop, clip.crop_frame_height]
        recipe = digest([RECIPE_VERSION, made, source, part])
        if not _done(journal, clip.clip, recipe, outputs):
            jobs.append(Job(clip, outputs, params.video.max_seconds, recipe))
    if jobs:
        opened = open_engine(params.engine, params.workers) if engine is None else nullcontext(engine)
        with opened as workers, bar(f"prepare {dataset}/{split}", len(jobs)) as step:
            workers.require([folder], [root])
            wary = any(journal.entries.get(job.clip.clip, {}).get("detail") == GIVEN_UP for job in jobs)
            for _, entry in workers.run(_prepare_shard, ((job,) for job in jobs), _give_up, wary=wary):
                journal.add(entry)
                step()
    free_scratch()
    entries = [journal.entries[clip.clip] for clip in clips]
    sources = {clip.clip: clip for clip in clips}
    turned_away = [
        {"dataset": dataset, "split": split, "source": item.source, "reason": item.reason, "detail": item.detail}
        for item in rejected
    ] + [
        {"dataset": dataset, "split": split, "source": _short(sources[entry["clip"]].video, root),
         "reason": entry["status"], "detail": entry["detail"]}
        for entry in entries if entry["status"] != "ok"
    ]  # fmt: skip
    usable = [entry for entry in entries if entry["status"] == "ok"]
    for output in outputs:
        rows = [_row(entry, output, sources[entry["clip"]], workspace) for entry in usable]
        table = output.folder / workspace.clips_table(dataset, split).name
        write_table(table, [{**row, "dataset": dataset, "split": split} for row in rows], CLIP_COLUMNS)
    write_table(workspace.rejected_table(dataset, split), turned_away, REJECTED_COLUMNS)
    quality = quality_table(entries)
    write_table(workspace.quality_table(dataset, split), quality, QUALITY_COLUMNS)
    write_sheets(folder, quality)
    if not usable:
        first = turned_away[0] if turned_away else {"source": root, "detail": "nothing was found"}
        raise BenchError(
            f"dataset {dataset!r}, split {split!r}: no usable clip; first: {first['source']}: {first['detail']}"
        )


def _prepare_shard(shard: tuple[Job, ...]) -> list[dict[str, Any]]:
    return [prepare_one(job) for job in shard]


def _give_up(job: Job, why: str) -> dict[str, Any]:
    # No recipe: the next run tries again.
    return {"clip": job.clip.clip, "recipe": "", "status": "error", "detail": why}


def _row(entry: dict[str, Any], output: Output, source: SourceClip, workspace: Workspace) -> dict[str, Any]:
    row = dict(entry["renditions"][output.name] if output.name else entry["row"])
    row["video"] = workspace.relative(output.folder / row["video"])
    row["audio"] = workspace.relative(output.folder / row["audio"]) if row["audio"] else None
    row["truth"] = str(source.truth) if source.truth else None
    return row


def _done(journal: Journal, clip: str, recipe: str, outputs: Sequence[Output]) -> bool:
    entry = journal.entries.get(clip)
    if entry is None or entry["recipe"] != recipe:
        return False
    if entry["status"] != "ok":
        return True
    endings = (".mp4", ".wav") if entry["row"]["audio"] else (".mp4",)
    return all((output.folder / f"{clip}{ending}").is_file() for output in outputs for ending in endings)


def _fingerprint(path: Path) -> list[Any]:
    # Size and time instead of the content: hashing a whole dataset before each run would cost more than preparing it.
    try:
        stat = path.stat()
    except OSError:
        return [path.name, "missing"]
    return [path.name, stat.st_size, stat.st_mtime_ns]


def _short(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) and path != root else path.name
