"""``python -m bench.benchmark_data [index] [prepare]``: how fast datasets are indexed, split, filtered and prepared.

Figures, not tests. The trees to index are made for the purpose, of tiny files: reading a dataset opens none of them.
They lie in the page cache, so a cold disk adds the time of its own look-ups. The clips to prepare are a real face.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table

from bench import benchmark_prepare
from bench.errors import BenchError, unknown
from bench.progress import out, watched
from datasets.base import EMOTIONS, Reader, Rejected, SourceClip
from datasets.index import Index, open_index, select, with_splits
from datasets.mead import Mead
from datasets.splits import load
from datasets.voxceleb2 import VoxCeleb2

ROWS = 1_000_000
T = TypeVar("T")


def main(parts: Sequence[str]) -> None:
    """Print the tables of the parts asked for; none means all."""
    for part in parts:
        if part not in PARTS:
            raise unknown("part", part, PARTS)
    for part in parts or PARTS:
        for table in PARTS[part]():
            out.print(table)


def _reading() -> Iterator[Table]:
    with tempfile.TemporaryDirectory() as folder:
        yield _indexing(Path(folder))
        yield _filtering(Path(folder) / "clips.parquet")


PARTS: dict[str, Callable[[], Iterator[Table]]] = {"index": _reading, "prepare": benchmark_prepare.tables}


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("work")
    for heading in ("files", "rows", "seconds", "of a core"):
        table.add_column(heading, justify="right")
    return table


def _add(table: Table, name: str, files: int, work: Callable[[], T], rows: Callable[[T], int]) -> T:
    """A row: seconds on the clock, and seconds of computing, which a busy machine does not stretch as much."""
    start, computed = time.perf_counter(), time.process_time()
    result = work()
    spent, computed = time.perf_counter() - start, time.process_time() - computed
    table.add_row(name, f"{files:,}" if files else "", f"{rows(result):,}", f"{spent:.2f}", f"{computed:.2f}")
    return result


def _indexing(folder: Path) -> Table:
    table = _table("Indexing and splitting a dataset")
    layouts: tuple[tuple[Reader, Iterator[str], tuple[str, ...]], ...] = (
        (Mead(), _mead(), ("mead/official", "mead/eat")),
        (VoxCeleb2(), _voxceleb2(), ("voxceleb2/official", "voxceleb2/test-1000-seed0")),
    )
    for reader, names, splits in layouts:
        root = folder / reader.name
        files = _make(root, names, reader.name)
        build = partial(open_index, reader, root, folder / "index")
        for what in ("first index", "unchanged index"):
            index = _add(table, f"{reader.name}: {what}", files, build, lambda found: len(found.table))
        _add(table, f"{reader.name}: clips of the index", 0, partial(_items, index), len)
        for name in splits:
            _add(table, f"{reader.name}: split {name}", 0, partial(with_splits, index.clips, load(name)), len)
    return table


def _items(index: Index) -> list[SourceClip | Rejected]:
    return list(index.items())


def _filtering(path: Path) -> Table:
    table = _table(f"Choosing clips from a manifest of {ROWS:,} rows (parquet file, all columns)")
    pq.write_table(_manifest(), path)
    wanted: tuple[dict[str, Any], ...] = (
        {"split": "test"}, {"speaker": [f"id{number:05d}" for number in range(0, 6000, 60)]}, {"emotion": "happy"},
        {"level": [2, 3]}, {"split": "test", "emotion": ["happy", "sad"], "level": 3},
    )  # fmt: skip
    for labels in wanted:
        _add(table, f"by {', '.join(labels)}", 1, partial(select, path, **labels), len)
    return table


def _mead() -> Iterator[str]:
    for speaker, emotion, level, take in product(range(48), EMOTIONS, (1, 2, 3), range(1, 35)):
        if emotion != "neutral" or level == 1:
            stem = f"{emotion}/level_{level}/{take:03d}"
            yield f"M{speaker:03d}/video/front/{stem}.mp4"
            yield f"M{speaker:03d}/audio/{stem}.m4a"


def _voxceleb2() -> Iterator[str]:
    for speaker, video, utterance in product(range(120), range(30), range(1, 11)):
        stem = f"id{speaker:05d}/video{video:06d}/{utterance:05d}"
        yield from (f"test/mp4/{stem}.mp4", f"test/aac/{stem}.m4a", f"test/txt/{stem}.txt")


def _make(root: Path, names: Iterator[str], title: str) -> int:
    paths = [root / name for name in names]
    for folder in {path.parent for path in paths}:
        folder.mkdir(parents=True)
    for path in watched(paths, f"make {title}", len(paths)):
        path.write_bytes(b"x")
    return len(paths)


def _manifest() -> pa.Table:
    random = np.random.default_rng(0)
    speakers = np.sort(random.integers(0, 6000, ROWS))
    clips = [f"id{speaker:05d}-video{row // 20:06d}-{row % 20:05d}" for row, speaker in enumerate(speakers.tolist())]
    return pa.table(
        {
            "clip": clips,
            "speaker": [clip[:7] for clip in clips],
            "split": np.where(speakers < 120, "test", "dev"),
            "emotion": np.asarray(EMOTIONS)[random.integers(0, len(EMOTIONS), ROWS)],
            "level": random.integers(1, 4, ROWS),
            "video": [f"clips/{clip}.mp4" for clip in clips],
            "audio": [f"clips/{clip}.wav" for clip in clips],
            "frames": random.integers(25, 250, ROWS),
            "sha256": [f"{row:064x}" for row in range(ROWS)],
        }
    )


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BenchError as error:
        sys.exit(f"error: {error}")
