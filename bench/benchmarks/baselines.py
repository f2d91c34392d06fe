"""The baselines beside the loops of their authors' scripts, end to end, on a CPU and on a GPU where there is one.

``python -m bench.benchmarks.baselines [NAME ...] [--quick]``. With ``--quick`` one round, shorter videos (`Baseline.quick`), and
no longer ones beside them: ratios without the memory's growth. Every figure comes from a process of its own, of the module
`bench.benchmarks.<name>`, which prints the seconds and the peak bytes of one run.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from rich.table import Table

from bench.benchmarks.clips import FPS
from bench.errors import BenchError, unknown
from bench.progress import out

ROUNDS = 2
"""The fastest counts."""


@dataclass(frozen=True)
class Baseline:
    """What of a baseline is measured.

    Attributes:
        frames: of the video that is timed. longer: frames of one whose peak memory is compared. quick: frames at most of the short round.
        ways: by which its module can run, ``suite`` last; ratios are to each of the others.
        devices: on which its module can run.
    """

    frames: int
    longer: int
    quick: int = 8
    ways: Sequence[str] = ("plain", "suite")
    devices: Sequence[str] = ("cpu",)


BASELINES = {
    "wav2lip": Baseline(frames=50, longer=500, ways=("plain", "script", "suite"), devices=("cpu", "cuda")),
    "pcavs": Baseline(frames=8, longer=40),
    "makeittalk": Baseline(frames=50, longer=200, quick=16),
    "eamm": Baseline(frames=8, longer=80, ways=("plain", "script", "suite"), devices=("cpu", "cuda")),
    "sadtalker": Baseline(frames=4, longer=8),
    "facevid2vid": Baseline(frames=2, longer=4),
    "liveportrait": Baseline(frames=2, longer=4),
}


class Run(NamedTuple):
    seconds: float
    peak: int


def main(words: Sequence[str]) -> None:
    """Print the table, a row for each way; of all baselines where none is named.

    Raises:
        BenchError: there is no baseline of that name.
    """
    quick, names = "--quick" in words, [word for word in words if word != "--quick"]
    for name in names:
        if name not in BASELINES:
            raise unknown("baseline", name, BASELINES)
    here = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    table = Table(title="Baselines, end to end (CPU: one thread, time of the process)", title_justify="left")
    for heading in ("model", "device", "way", "s per s of video", "suite: times as fast", "peak MB"):
        table.add_column(heading, justify="left" if heading in ("model", "device", "way") else "right")
    for name in names or BASELINES:
        for device in here:
            if device in BASELINES[name].devices:
                _rows(table, name, BASELINES[name], device, quick)
    out.print(table)


def _rows(table: Table, name: str, baseline: Baseline, device: str, quick: bool) -> None:
    frames = min(baseline.frames, baseline.quick) if quick else baseline.frames
    runs: dict[str, list[Run]] = {way: [] for way in baseline.ways}
    for _ in range(1 if quick else ROUNDS):  # in turns, so that other work on the machine meets all ways alike
        for way in baseline.ways:
            runs[way].append(measured(name, way, frames, device))
    best = {way: min(each) for way, each in runs.items()}
    for way, run in best.items():
        ratio = "" if way == "suite" else f"{run.seconds / best['suite'].seconds:.1f}"
        table.add_row(name, device, way, f"{run.seconds * FPS / frames:.2f}", ratio, f"{run.peak / 2**20:.0f}")
    if quick:
        return
    longer = measured(name, "suite", baseline.longer, device)
    label = f"suite, {baseline.longer} frames for {baseline.frames}"
    table.add_row(
        name, device, label, f"{longer.seconds * FPS / baseline.longer:.2f}", "", f"{longer.peak / 2**20:.0f}"
    )


def measured(name: str, way: str, frames: int, device: str = "cpu") -> Run:
    """One run of the module `bench.benchmarks.<name>` in a process of its own.

    Raises:
        BenchError: it failed; its last line is said.
    """
    where = [] if device == "cpu" else [device]
    command = [sys.executable, "-m", f"bench.benchmarks.{name}", way, str(frames), *where]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchError(f"{' '.join(command[1:])} ended with {done.returncode}: {why}")
    seconds, peak = done.stdout.split()[-2:]
    return Run(float(seconds), int(peak))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BenchError as error:
        sys.exit(f"error: {error}")
