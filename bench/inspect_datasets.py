"""``datasets show``: what a copy of a dataset holds and what to fix in it."""

from __future__ import annotations

import csv
import io
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from bench.assets import open_store
from bench.config import DatasetConfig, Params, load
from bench.errors import BenchError, unknown
from bench.parallel import run
from bench.prepare import INDEX, dataset_root
from bench.progress import bar
from bench.store import write_bytes
from bench.workspace import Workspace
from datasets import splits as named_splits
from datasets.base import DatasetError, file_name, readable
from datasets.expected import not_here
from datasets.index import Index, labelled, open_index, with_splits
from datasets.inspection import Finding, checks, findings, gathered, look_into, same_content, same_size
from datasets.registry import READERS
from datasets.splits import Split

SAMPLE = 200
"""How many clips are looked into unless all are asked for."""


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        clips: one row a clip, as in `datasets.index`; ``split`` is that of the named split, where one applies.
        outside: number of clips that the named split leaves out. looked_into: number of clips of which files were opened.
        listing: a CSV file with all that the findings name, one a line.
        reused, seconds: whether the index was kept from before, and how long it took to have it.
    """

    name: str
    reader: str
    root: Path
    split: Split | None
    clips: pa.Table
    outside: int
    findings: list[Finding]
    listing: Path
    looked_into: int
    deep: bool
    reused: bool
    seconds: float


def inspect(
    name: str, root: Path | None, splits: str | None, deep: bool, params: Path, workspace: Workspace
) -> Inspection:
    """Read a dataset and look for what is wrong with it.

    Args:
        name: a dataset of the parameter file, or a reader where a root is given.
        splits: a split to count by; None takes the parameter file's.
        deep: look into all files, to their ends; else into the first frames of a sample.

    Raises:
        BenchError: no such dataset or split, a root that holds something else, or nothing in it that can be used.
    """
    loaded = _loaded(params)
    config = _config(name, root, loaded)
    chosen = splits or config.splits
    start = time.perf_counter()
    try:
        split = named_splits.load(chosen, config.reader) if chosen else None
        reader, index = indexed(name, root, params, workspace)
    except DatasetError as error:
        raise BenchError(str(error)) from error
    seconds = time.perf_counter() - start
    root = index.root
    found = defaultdict(list, {item.problem: list(item.sources) for item in findings(reader, index)})
    clips = index.clips
    if split is not None:
        try:
            clips = with_splits(clips, split)
            found["missing"] += [f"{item.source}: {item.detail}" for item in not_here(split, labelled(index.clips))]
        except DatasetError as error:
            found["split"].append(str(error))
            split = None
    looked_into, broken = _look(index, deep, loaded.worker_count(), found)
    _twice(index, loaded.worker_count(), found)
    every = gathered(found)
    listing = workspace.root / INDEX / f"{file_name(name)}-findings.csv"
    _write(listing, every)
    if looked_into == broken:
        problems = [finding for finding in every if finding.problem not in ("missing", "no_audio")] or every
        first = (
            f"{problems[0].problem.replace('_', ' ')}: {readable(problems[0].sources[0])}" if problems
            else "nothing was found"
        )  # fmt: skip
        raise BenchError(f"dataset {name!r} in {readable(str(root))}: no usable clip. First: {first}. All: {listing}")
    return Inspection(
        name, reader, root, split, clips, len(index.clips) - len(clips), every, listing, looked_into, deep,
        index.reused, seconds,
    )  # fmt: skip


def indexed(name: str, root: Path | None, params: Path, workspace: Workspace) -> tuple[str, Index]:
    """The reader and the index of a dataset of the parameter file, or of a root.

    Raises:
        BenchError: no such dataset. DatasetError: as `open_index`.
    """
    config = _config(name, root, _loaded(params))
    reader = READERS[config.reader]()
    root = root or dataset_root(name, config, workspace, open_store())
    return reader.name, open_index(reader, root, workspace.root / INDEX)


def reader_of(name: str, params: Path) -> str:
    """The reader of a dataset of the parameter file, or the name itself where it is that of a reader."""
    loaded = _loaded(params)
    return loaded.datasets[name].reader if name in loaded.datasets else name


def _loaded(params: Path) -> Params:
    return load(params) if params.is_file() else Params(datasets={}, cases=[], models=[], metrics=[])


def _write(path: Path, every: list[Finding]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("problem", "where", "what to do"))
    writer.writerows((item.problem, readable(source), item.todo) for item in every for source in item.sources)
    write_bytes(path, text.getvalue().encode())


def _config(name: str, root: Path | None, params: Params) -> DatasetConfig:
    config = params.datasets.get(name)
    if config is None:
        if name not in READERS:
            raise unknown("dataset or reader", name, {*params.datasets, *READERS})
        config = DatasetConfig(reader=name, splits=None, max_clips=None)
        if root is None and name != "sample":
            raise BenchError(f"{name} is a reader, not a dataset of the parameter file: say --root FOLDER.")
    if config.reader not in READERS:
        raise unknown("dataset reader", config.reader, READERS)
    return config


def _look(index: Index, deep: bool, workers: int, found: dict[str, list[str]]) -> tuple[int, int]:
    """How many clips were looked into, and how many of them cannot be read."""
    jobs = checks(index, None if deep else SAMPLE)
    problems = []
    with bar("look into files", len(jobs)) as step:
        for job, found_here in run(look_into, jobs, workers, threads=True):
            problems += [(job.clip, *problem) for problem in found_here]
            step()
    for _, kind, source in sorted(problems):
        found[kind].append(source)
    return len(jobs), sum(kind not in ("no_audio", "bad_annotation") for _, kind, _ in problems)


def _twice(index: Index, workers: int, found: dict[str, list[str]]) -> None:
    groups = same_size(index)
    pairs: list[str] = []
    with bar("compare files", len(groups)) as step:
        for _, equal in run(same_content, groups, workers, threads=True):
            pairs += [" = ".join(_short(path, index.root) for path in paths) for paths in equal]
            step()
    found["duplicate"] += sorted(pairs)


def _short(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def counts(clips: pa.Table, *columns: str) -> dict[tuple, int]:
    """Number of clips for each combination of values of the columns, in order."""
    grouped = clips.group_by(list(columns)).aggregate([([], "count_all")])
    rows = zip(*(grouped[name].to_pylist() for name in (*columns, "count_all")), strict=True)
    return {tuple(keys): n for *keys, n in sorted(rows, key=lambda row: [(v is None, v) for v in row[:-1]])}


def emotions(clips: pa.Table) -> pa.Table:
    """The clips with ``emotion`` as people read it: the dataset's own word in brackets where the shared ones lack it."""
    own = pc.binary_join_element_wise("(", clips["label"], ")", "")
    word = pc.coalesce(clips["emotion"], own, "–")
    return clips.set_column(clips.column_names.index("emotion"), "emotion", word)
