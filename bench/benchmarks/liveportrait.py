"""LivePortrait beside the loop of its authors' script, end to end: ``python -m bench.benchmarks.liveportrait WAY FRAMES [THREADS]``
prints the seconds of one run and the peak bytes of its process. `bench.benchmarks.baselines` makes a table of it.

Ways: ``plain`` (a frame at a time, norms apart, face-vid2vid's published arithmetic), ``suite``. Weights are random, which changes
no time. Time is the process's, of all its threads (one, unless said), not the clock's; networks are loaded before.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import torch

from bench.benchmarks.clips import RATE
from bench.benchmarks.facevid2vid import case_of
from bench.benchmarks.published_vid2vid import published_arithmetic
from bench.models.base import Context
from bench.models.liveportrait import adapter
from datasets.media import write_video


def main() -> None:
    """Print the seconds and the peak bytes of one run."""
    way, *counts = sys.argv[1:]
    sys.stdout.write("{} {}\n".format(*_run(way, *map(int, counts))))


def _run(way: str, frames: int, threads: int = 1) -> tuple[float, int]:
    torch.set_num_threads(threads)
    model = adapter.create({"random_weights": True, "batch": 1}, Context("cpu", {}, {}, ""))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(patch.object(adapter, "_THREADS", threads))
        if way == "plain":  # around the networks the script does what the suite does
            networks = adapter.published_networks("cpu", False, True)
            stack.enter_context(patch.object(adapter, "load_networks", lambda *_: networks))
            stack.enter_context(published_arithmetic())
        else:
            adapter.load_networks("cpu", False, True, "random")
        case = case_of(Path(folder), frames)
        begin = time.process_time()
        write_video(Path(folder) / "made.mp4", model.animate(case, 0).frames or (), case.fps, case.audio, RATE)
        spent = time.process_time() - begin
    return spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
