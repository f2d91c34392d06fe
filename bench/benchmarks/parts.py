"""How fast each part of one pass is, and how much memory the whole takes.

Uses the clips that ``make demo`` made. Everything runs on one thread of one process, so that ratios mean something.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.assets import open_store
from bench.benchmarks.page import Figures
from bench.config import Params, load
from bench.content import Video
from bench.errors import BenchError
from bench.extract import extract
from bench.features import FeatureStore
from bench.scoring import chosen_metrics, feature_plan
from bench.store import read_table, records
from bench.workspace import Workspace
from datasets.media import read_audio, read_frames

CLIPS = 8
MEMORY_SIZES = (2, 8, 16)
QUICK = (2, 8)
"""Clips whose memory is compared, and fewer."""


def figures(sizes: Sequence[int] = MEMORY_SIZES) -> Iterator[Figures]:
    """The tables of speed and memory."""
    yield _speed()
    yield _memory(sizes)


def _clips(workspace: Workspace, params: Params, count: int) -> list[Any]:
    rows: list[Any] = []
    for cases in params.case_sets():
        table = workspace.clips_table(cases.dataset, cases.split)
        rows += list(records(read_table(table, "make demo")))
    if len(rows) < count:
        raise BenchError(f"{count} clips are needed and {len(rows)} are here; run `make demo` first")
    # Every dataset has its share, and the same clips are taken each time.
    return [rows[i] for i in np.linspace(0, len(rows) - 1, count).astype(int)]


def _speed() -> Figures:
    import torch

    from metrics.features.face_mesh import FaceTracker
    from metrics.features.phonemes import recognise
    from metrics.features.registry import PAIR_NETWORKS, networks

    torch.set_num_threads(1)
    params, workspace, assets = load(Path("params.yaml")), Workspace(Path("out")), open_store()
    clips = [workspace.resolve(row.video) for row in _clips(workspace, params, CLIPS)]
    fps = params.video.fps
    frames = {path: list(read_frames(path, fps)) for path in clips}
    total = sum(map(len, frames.values()))
    rows: list[tuple[str, ...]] = []

    def add(name: str, work: Callable[[], int]) -> None:
        start = time.perf_counter()
        calls = work()
        spent = time.perf_counter() - start
        real_time = total / fps / spent
        rows.append(
            (name, f"{1000 * spent / max(calls, 1):.2f}", str(calls), f"{1000 * spent / total:.2f}", f"{real_time:.1f}")
        )

    add("decode", lambda: sum(1 for path in clips for _ in read_frames(path, fps)))
    tracker = FaceTracker()
    tracks: dict[Path, Any] = {}

    def follow() -> int:
        for path, pictures in frames.items():
            tracks[path] = tracker.track(pictures, fps)
        return total

    follow()  # Loads the graph; the second pass is what is measured.
    add("track", follow)
    store = feature_plan(chosen_metrics(params.metrics), fps, params.device, assets)
    for name, kind in networks().items():
        if name not in store.features:
            continue
        network = kind(assets=store.assets, device=params.device)
        stride = 1 if network.per_second <= 0 else max(1, round(fps / network.per_second))
        add(name, lambda n=network, s=stride, p=name in PAIR_NETWORKS: _run_network(n, frames, tracks, s, p))  # type: ignore[misc]

    def listen() -> int:
        heard = 0
        for row, path in zip(_clips(workspace, params, CLIPS), clips, strict=True):
            if isinstance(row.audio, str):
                recognise(read_audio(path), 16000)
                heard += 1
        return heard

    add("phonemes", listen)
    with tempfile.TemporaryDirectory() as folder:
        videos = [Video.of(path) for path in clips]
        add("whole (one pass, no reference)", lambda: extract(videos, store, FeatureStore(Path(folder)), 1))
    return Figures(
        f"Each part: {CLIPS} clips of the demo, {total} frames, one thread",
        ("part", "ms a call", "calls", "ms a frame of video", "times real time"),
        rows,
    )


def _run_network(network: Any, frames: dict[Path, Any], tracks: dict[Path, Any], stride: int, pair: bool) -> int:
    inputs = []
    for path, pictures in frames.items():
        for index in range(0, len(pictures), stride):
            if pair:
                inputs.append(network.prepare(pictures[index], pictures[max(0, index - 1)]))
            elif tracks[path].present[index]:
                inputs.append(network.prepare(pictures[index], tracks[path].landmarks[index]))
    for start in range(0, len(inputs), 16):
        network.forward(np.stack(inputs[start : start + 16]))
    return len(inputs)


def _memory(sizes: Sequence[int]) -> Figures:
    rows = []
    for count in sizes:
        done = subprocess.run(
            [sys.executable, "-m", "bench.benchmarks.parts", str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        rows.append((str(count), f"{int(done.stdout.split()[-1]) / 1024:.0f}"))
    return Figures("Peak memory of one worker measuring n clips", ("clips", "peak MB"), rows)


def _extract_some(count: int) -> None:
    params, workspace, assets = load(Path("params.yaml")), Workspace(Path("out")), open_store()
    planned = feature_plan(chosen_metrics(params.metrics), params.video.fps, params.device, assets)
    with tempfile.TemporaryDirectory() as folder:
        videos = [
            Video(workspace.resolve(row.video), row.pictures, row.sound) for row in _clips(workspace, params, count)
        ]
        extract(videos, planned, FeatureStore(Path(folder)), 1)


if __name__ == "__main__":
    _extract_some(int(sys.argv[1]))
    # Not getrusage: that peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    sys.stdout.write(f"{status.split('VmHWM:')[1].split()[0]}\n")
