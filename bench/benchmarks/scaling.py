"""Time and memory of 10, 100 and 1,000 clips of a model, and of the same command once more: ``python -m bench.benchmarks.scaling``
is one measurement in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from bench.assets import open_store
from bench.benchmarks.clips import FPS, Pair, make_pairs
from bench.benchmarks.page import Figures, Target
from bench.config import CaseSet, Params
from bench.content import Video
from bench.score import score
from bench.store import CASE_COLUMNS, CLIP_COLUMNS, GENERATED_COLUMNS, write_table
from bench.workspace import Workspace

SIZES = {10: 3, 100: 1, 1000: 1}
"""Clips, and how many runs the median is of."""
QUICK = {10: 3, 100: 1}
FRAMES = 8
FLAT, AGAIN = 0.10, 5.0
METRICS = (
    "m_ld",
    "f_ld",
    "m_lvd",
    "f_lvd",
    "m_ld_dtw",
    "pose_mae",
    "pose_fd",
    "pose_diversity",
    "gaze_mae",
    "beat_align",
    "psnr",
    "ssim",
)
"""Metrics that eight frames are enough for and whose networks cost little: what is looked for is whether anything grows."""
CASES = CaseSet(dataset="pieces", split="test", protocol="self")
MODEL = "folder"
PARAMS = Params.model_validate({
    "workers": 1, "datasets": {"pieces": {"reader": "folder"}}, "cases": [str(CASES)], "models": [MODEL],
    "metrics": list(METRICS),
})  # fmt: skip


def figures(sizes: Mapping[int, int] = SIZES) -> Iterator[Figures]:
    """The table. `sizes`: numbers of clips, in rising order, as `SIZES`."""
    with tempfile.TemporaryDirectory() as name:
        clips, folder = Path(name) / "clips", Path(name)
        pairs = _clips(clips, max(sizes))
        rows, each, peaks = [], {}, {}
        for size, runs in sizes.items():
            found = [_child(folder / f"{size}-{run}", pairs[:size]) for run in range(runs)]
            each[size], peaks[size] = median(one["seconds"] for one in found) / size, max(one["peak"] for one in found)
            again = [_child(folder / f"{size}-{run}", pairs[:size]) for run in range(min(runs, 2))]
            repeat, whole = (median(one[key] for one in again) for key in ("seconds", "process"))
            rows.append(
                (f"{size:,}", f"{1000 * each[size]:.0f}", f"{peaks[size]:.0f}", f"{repeat:.2f}", f"{whole:.1f}",
                 f"{max(one['peak'] for one in again):.0f}")
            )  # fmt: skip
    base = each[min(sizes)]
    spread = max(abs(value / base - 1) for value in each.values())
    growth = peaks[max(sizes)] / peaks[min(sizes)] - 1
    yield Figures(
        f"From {min(sizes)} to {max(sizes):,} clips: {FRAMES} frames of 160x160 beside their reference, {len(METRICS)} metrics, all tables written",
        ("clips", "ms a clip", "peak MB", "once more: s", "whole process s", "peak MB"),
        rows,
        "One process, networks loaded before on other clips. `once more` is the same command with everything cached, `whole process` "
        "counts the start of Python and the imports too.",
        (
            Target(f"time a clip flat within {FLAT:.0%}", f"{spread:.0%}", spread <= FLAT),
            Target(f"peak memory flat within {FLAT:.0%}", f"{growth:+.0%}", growth <= FLAT),
            Target(f"cached run of {max(sizes):,} clips under {AGAIN:g} s", f"{repeat:.2f} s", repeat < AGAIN),
        ),
    )  # fmt: skip


def _clips(folder: Path, count: int) -> list[Pair]:
    """Written by two processes; hashes of their contents are part of preparing, not of scoring."""
    step = -(-count // 20)
    parts = [(folder, min(step, count - start), FRAMES, start) for start in range(0, count, step)]
    with get_context("spawn").Pool(2) as pool:
        return [pair for part in pool.starmap(make_pairs, parts) for pair in part]


def _child(root: Path, pairs: Sequence[Pair]) -> dict[str, float]:
    """One run over these clips in the workspace `root`: a first one if it is empty, else a cached one."""
    workspace = Workspace(root)
    if not workspace.cases_table(CASES).is_file():
        _tables(workspace, pairs)
        _tables(Workspace(root / "warm"), make_pairs(root / "warm" / "clips", 2, FRAMES, first=1900))
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench.benchmarks.scaling", str(root)], capture_output=True, text=True, check=True
    )
    return {**json.loads(done.stdout.splitlines()[-1]), "process": time.perf_counter() - begin}


def _one(root: Path) -> dict[str, float]:
    assets = open_store()
    score(PARAMS, Workspace(root / "warm"), assets, [CASES])
    begin = time.perf_counter()
    score(PARAMS, Workspace(root), assets, [CASES])
    seconds = time.perf_counter() - begin
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return {"seconds": seconds, "peak": int(status.split("VmHWM:")[1].split()[0]) / 1024}


def _tables(workspace: Workspace, pairs: Sequence[Pair]) -> None:
    """What `prepare` and `generate` would have left of these clips."""
    clips: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    made: list[dict[str, Any]] = []
    media = workspace.root / "media"
    media.parent.mkdir(parents=True, exist_ok=True)
    for pair in pairs:
        paths = {}
        for side, path in (("real", pair.real), ("made", pair.made)):
            paths[side] = media / side / path.name
            paths[side].parent.mkdir(parents=True, exist_ok=True)
            paths[side].hardlink_to(path)
        real, fake = (Video.of(paths[side]) for side in ("real", "made"))
        names = {side: workspace.relative(path) for side, path in paths.items()}
        clips.append({**dict.fromkeys(CLIP_COLUMNS), "clip": pair.name, "dataset": "pieces", "split": "test", "speaker": pair.speaker,
                      "video": names["real"], "frames": FRAMES, "fps": FPS, "seconds": FRAMES / FPS, "pictures": real.pictures,
                      "sound": real.sound})  # fmt: skip
        cases.append({**dict.fromkeys(CASE_COLUMNS), "case": pair.name, "clip": pair.name, "portrait": names["real"],
                      "audio": names["real"], "pose": names["real"], "protocol": "self", "speaker": pair.speaker,
                      "portrait_speaker": pair.speaker})  # fmt: skip
        made.append({**dict.fromkeys(GENERATED_COLUMNS), "case": pair.name, "model": MODEL, "version": "given", "video": names["made"],
                     "status": "ok", "seconds": 0.0, "pictures": fake.pictures, "sound": fake.sound})  # fmt: skip
    write_table(workspace.clips_table("pieces", "test"), clips, CLIP_COLUMNS)
    write_table(workspace.cases_table(CASES), cases, CASE_COLUMNS)
    write_table(workspace.generated_table(CASES, MODEL), made, GENERATED_COLUMNS)


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(_one(Path(sys.argv[1]))) + "\n")
