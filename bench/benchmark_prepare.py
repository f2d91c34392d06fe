"""How fast clips are prepared, in how much memory, and what the one decoding saves: the tables of `benchmark_data`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from bench.assets import open_store
from bench.config import Params
from bench.progress import watched
from bench.workspace import Workspace
from datasets.base import SourceClip
from datasets.frame_buffer import MEMORY, FrameBuffer, free_scratch
from datasets.media import read_frames, read_shown, write_video

Frame = NDArray[np.uint8]

FACE = "pyfeat_emotional_video"
FPS = 25.0
LOOKED_AT = 50
"""Frames of a decoding that are timed."""


@dataclass(frozen=True)
class Case:
    """One row: so many sources of this length and frame, so many forms, so many processes."""

    clips: int
    seconds: float
    width: int
    height: int
    forms: int = 1
    workers: int = 1


CASES = (
    Case(4, 4, 512, 512), Case(4, 4, 512, 512, forms=2), Case(4, 4, 512, 512, workers=2), Case(1, 8, 512, 512),
    Case(1, 32, 512, 512), Case(2, 4, 1920, 1080), Case(2, 4, 1920, 1080, forms=2),
)  # fmt: skip


def tables() -> Iterator[Table]:
    """The speed of preparing, and of the ways to have a frame a second time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = sorted({(case.width, case.height): case.seconds for case in CASES})
        for case in watched(CASES, "make sources", len(CASES)):
            _source(folder, case)
        yield _again(folder, sizes)
        yield _speed(folder)


def _source(folder: Path, case: Case) -> Path:
    path = folder / f"{case.width}x{case.height}-{case.seconds:g}.mp4"
    if not path.is_file():
        found = list(islice(read_frames(open_store().path(FACE), FPS), 100))
        count = round(case.seconds * FPS)
        there_and_back = [*range(len(found)), *range(len(found) - 2, 0, -1)]
        frames = (
            _fitted(found[there_and_back[i % len(there_and_back)]], case.width, case.height) for i in range(count)
        )
        sound = np.random.default_rng(0).normal(0, 0.1, round(case.seconds * 16000)).astype(np.float32)
        write_video(path, frames, FPS, sound, crf=20)
    return path


def _fitted(frame: Frame, width: int, height: int) -> Frame:
    """The middle of a frame, of the wanted shape and size."""
    across = min(frame.shape[1], round(frame.shape[0] * width / height))
    left = (frame.shape[1] - across) // 2
    return np.asarray(cv2.resize(frame[:, left : left + across], (width, height)), np.uint8)


def _again(folder: Path, sizes: list[tuple[int, int]]) -> Table:
    table = Table(title="The same frame a second time: ms a frame (of computing)", title_justify="left")
    for heading in ("frame", "decoded", "from memory", "from a new scratch file", "from the last clip's scratch file"):
        table.add_column(heading, justify="left" if heading == "frame" else "right")
    for width, height in sizes:
        path = next(folder.glob(f"{width}x{height}-*.mp4"))
        decoded = _timed(lambda path=path: islice(read_frames(path, FPS), LOOKED_AT))
        frames = list(islice(read_frames(path, FPS), LOOKED_AT))
        kept = _timed(lambda frames=frames: _through(frames, folder, 2**40))
        first, later = (_timed(lambda frames=frames: _through(frames, folder, 0)) for _ in range(2))
        free_scratch()
        table.add_row(f"{width}x{height}", *(f"{1000 * spent:.2f}" for spent in (decoded, kept, first, later)))
    return table


def _through(frames: list[Frame], folder: Path, memory: int) -> Iterator[Frame]:
    with FrameBuffer(folder, memory) as buffer:
        for number, frame in enumerate(frames):
            buffer.add(frame, number / FPS, (number + 1) / FPS)
        yield from (buffer[number] for number in range(len(buffer)))


def _timed(work: Any) -> float:
    """Seconds of computing a frame."""
    start = time.process_time()
    count = sum(1 for _ in work())
    return (time.process_time() - start) / count


def _speed(folder: Path) -> Table:
    title = (
        f"prepare to 256x256 at 25 frames a second (frames beyond {MEMORY >> 20} MB wait in a scratch file); decoded: frames a "
        "frame of the source"
    )
    table = Table(title=title, title_justify="left")
    headings = ("sources", "forms", "processes", "clips a minute", "times real time", "computing, s a clip",
                "decoded", "peak MB")  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "sources" else "right")
    for case in watched(CASES, "prepare", len(CASES)):
        command = [sys.executable, "-m", "bench.benchmark_prepare", str(folder), json.dumps(asdict(case))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        table.add_row(
            f"{case.clips} of {case.seconds:g} s, {case.width}x{case.height}", str(case.forms), str(case.workers),
            f"{60 * case.clips / found['seconds']:.1f}", f"{case.clips * case.seconds / found['seconds']:.1f}",
            f"{found['computing'] / case.clips:.1f}",
            *((f"{found['decoded']:.2f}", f"{found['peak']:.0f}") if case.workers == 1 else ("", "")),
        )  # fmt: skip
    return table


def _one(folder: Path, case: Case) -> dict[str, float]:
    """Prepare the clips of a case in this process (or its workers) and say what it took; loading is left out."""
    from bench import prepare_clip
    from bench.prepare import standardize
    from metrics.features.face_mesh import locate

    counted = 0

    def counting(path: Path, start: float = 0.0) -> Iterator[tuple[Frame, float, float]]:
        nonlocal counted
        for shown in read_shown(path, start):
            counted += 1
            yield shown

    source = _source(folder, case)
    clips = [SourceClip(f"clip-{number}", "someone", source) for number in range(case.clips)]
    forms = {"vox": {"crop": "vox224"}} if case.forms == 2 else {}
    video = {"max_seconds": case.seconds, "renditions": forms}
    params = Params.model_validate({"datasets": {}, "cases": [], "models": [], "workers": case.workers, "video": video})
    locate(next(read_frames(source)))
    with tempfile.TemporaryDirectory(dir=folder) as name, patch.object(prepare_clip, "read_shown", counting):
        start, computed = time.perf_counter(), _computing()
        standardize(clips, [], "mine", "test", folder, params, Workspace(Path(name)))
        spent, computed = time.perf_counter() - start, _computing() - computed
    frames = case.clips * round(case.seconds * FPS)
    return {"seconds": spent, "computing": computed, "decoded": counted / frames, "peak": _peak()}


def _peak() -> float:
    """MB that this process took at most. Not `getrusage`, which counts what the process that started this one took."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _computing() -> float:
    spent = time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_one(Path(sys.argv[1]), Case(**json.loads(sys.argv[2])))) + "\n")
