"""SadTalker beside the loop of its authors' script, end to end: ``python -m bench.benchmarks.sadtalker WAY FRAMES`` prints the
seconds of one run and the peak bytes of its process. `bench.benchmarks.baselines` makes a table of it.

Ways: ``plain`` (a frame at a time, the portrait encoded anew for each, as the script's generator does; norms apart, face-vid2vid's
published arithmetic), ``suite``; ``sparse`` (the suite, a frame each 4 seconds: memory against the length of the speech without hours
of drawing). Weights are random, which changes no time. One thread, and time of the process, not of the clock; networks are loaded
before. Faces are looked for, and coefficients made, alike in all ways.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from bench.benchmarks.clips import FPS, RATE
from bench.benchmarks.eamm import SOURCE, SPARSE
from bench.benchmarks.facevid2vid import case_of
from bench.benchmarks.published_vid2vid import published_arithmetic
from bench.models.base import Case, Context
from bench.models.eamm.crop import Array, Picture
from bench.models.facevid2vid.portraits import to_pictures
from bench.models.sadtalker import adapter
from bench.models.sadtalker.recipe import Networks, driving_keypoints, source_keypoints
from datasets.media import write_video


def main() -> None:
    """Print the seconds and the peak bytes of one run."""
    way, frames = sys.argv[1:]
    sys.stdout.write("{} {}\n".format(*_run(way, int(frames))))


def _run(way: str, frames: int) -> tuple[float, int]:
    torch.set_num_threads(1)
    model = adapter.create({"random_weights": True}, Context("cpu", {}, {}, ""))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if way == "plain":
            networks = adapter.published_networks("cpu", model.options.assets, random_weights=True)
            stack.enter_context(patch.object(adapter, "load_networks", lambda *_: networks))
            stack.enter_context(patch.object(adapter, "frames", _plain))
            stack.enter_context(published_arithmetic())
        else:
            adapter.load_networks("cpu", model.options.assets, True, "random")
        case = _case(folder, frames, SPARSE if way == "sparse" else FPS)
        begin = time.process_time()
        write_video(folder / "made.mp4", model.animate(case, 0).frames or (), case.fps, case.audio, RATE)
        spent = time.process_time() - begin
    return spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@torch.inference_mode()
def _plain(
    networks: Networks, portrait: Picture, source: Array, coefficients: Array, shown: NDArray[np.int64], batch: int
) -> Iterator[Picture]:
    """The script's loop, a frame at a time."""
    picture = torch.from_numpy(portrait).permute(2, 0, 1)[None].to(networks.like) / 255
    canonical = networks.detector(picture)
    still = source_keypoints(networks, canonical, source)
    for number in shown:
        driving = driving_keypoints(networks, canonical, source, coefficients, number[None])
        yield from to_pictures(networks.generator(picture, driving, still).prediction)


def _case(folder: Path, frames: int, fps: float) -> Case:
    """A real talking face that follows its own head; of longer videos sound and pose source begin again."""
    case = case_of(folder, min(frames, SOURCE))
    return replace(
        case,
        frames=frames,
        fps=fps,
        pose_video=case.clip_video,
        audio=np.resize(case.audio, round(frames / fps * RATE)),
    )


if __name__ == "__main__":
    main()
