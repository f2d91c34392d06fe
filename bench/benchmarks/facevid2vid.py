"""face-vid2vid beside the loop of the public demo, end to end: ``python -m bench.benchmarks.facevid2vid WAY FRAMES [THREADS]``
prints the seconds of one run and the peak bytes of its process. `bench.benchmarks.baselines` makes a table of it.

Ways: ``plain`` (a frame at a time, the portrait encoded anew for each, as ``demo.py`` does), ``suite``. Weights are random, which
changes no time. Time is the process's, of all its threads (one, unless said), not the clock's; networks are loaded before.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from bench.benchmarks.clips import FPS, RATE, make_pairs
from bench.benchmarks.published_vid2vid import published_arithmetic
from bench.models.base import Case, Context
from bench.models.checkpoints import load_network
from bench.models.facevid2vid import adapter
from bench.models.facevid2vid.portraits import Published, resized
from datasets.media import read_audio, read_frames, write_video
from space_ref.vid2vid import FaceVid2Vid

WEIGHTS = "vox-256-spade"


def main() -> None:
    """Print the seconds and the peak bytes of one run."""
    way, *counts = sys.argv[1:]
    sys.stdout.write("{} {}\n".format(*_run(way, *map(int, counts))))


@torch.inference_mode()
def _run(way: str, frames: int, threads: int = 1) -> tuple[float, int]:
    torch.set_num_threads(threads)
    context = Context("cpu", {}, {}, "")
    with tempfile.TemporaryDirectory() as folder:
        case = case_of(Path(folder), frames)
        if way == "suite":
            adapter.load_published(WEIGHTS, "cpu", True, "random")
            model = adapter.create({"random_weights": True, "weights": WEIGHTS}, context)
            made = iter(model.animate(case, 0).frames or ())
        else:
            config, asset = adapter.PUBLISHED[WEIGHTS]
            networks = load_network(FaceVid2Vid(config()), asset, context, random_weights=True)
            made = _plain(networks, case)
        begin = time.process_time()
        with published_arithmetic() if way == "plain" else patch.object(adapter, "_THREADS", threads):
            write_video(Path(folder) / "made.mp4", made, case.fps, case.audio, RATE)
        spent = time.process_time() - begin
    return spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _plain(networks: FaceVid2Vid, case: Case) -> Iterator[NDArray[np.uint8]]:
    """The public loop: its generator takes the portrait itself, so every frame encodes it again."""
    portrait = Published(networks, case.portrait, beta=False)
    for index, frame in enumerate(islice(read_frames(case.clip_video, case.fps), case.frames)):
        if index:  # for the first it has just been encoded
            portrait.encode()
        yield resized(portrait.draw(portrait.follow([frame]))[0], len(case.portrait))


def case_of(folder: Path, frames: int) -> Case:
    """A real talking face that is driven by itself."""
    (pair,) = make_pairs(folder, 1, frames)
    portrait = next(iter(read_frames(pair.real, FPS)))
    sound = read_audio(pair.real, RATE)
    return Case("clip", "self", portrait, sound, False, float(FPS), frames, pair.real, None, None, pair.real)


if __name__ == "__main__":
    main()
