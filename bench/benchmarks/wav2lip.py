"""Wav2Lip beside the loop of its authors' script, end to end: ``python -m bench.benchmarks.wav2lip WAY FRAMES [DEVICE]`` prints
the seconds of one run and the peak bytes of its process. `bench.benchmarks.baselines` makes a table of it.

Ways: ``plain`` (a frame at a time through the whole network), ``script`` (128 frames at a time, the script's default), ``suite``.
Weights are random, which changes no time. On a CPU: one thread, and time of the process, not of the clock.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bench.benchmarks.clips import FPS, RATE, make_pairs
from bench.models.base import Case, Context
from bench.models.checkpoints import load_network
from bench.models.wav2lip.adapter import create
from bench.models.wav2lip.boxes import mesh_box, padded
from bench.models.wav2lip.network import Wav2Lip
from bench.models.wav2lip.recipe import cut, network_input, network_output, paste
from bench.models.wav2lip.windows import speech
from datasets.media import read_audio, read_frames, write_video
from metrics.features.face_mesh import locate

Draw = Callable[[Case], Iterable[NDArray[np.uint8]]]

SOURCE = 50
"""Frames of real speech, repeated for longer videos."""


def main() -> None:
    """Print the seconds and the peak bytes of one run."""
    way, frames, *device = sys.argv[1:]
    sys.stdout.write("{} {}\n".format(*_run(way, int(frames), *device)))


def _run(way: str, frames: int, device: str = "cpu") -> tuple[float, int]:
    torch.set_num_threads(1)
    context = Context(device, {}, {}, "")
    with tempfile.TemporaryDirectory() as folder:
        case = _case(Path(folder), frames)
        if way == "suite":
            model = create({"random_weights": True}, context)
            ways: dict[str, Draw] = {"suite": lambda case: model.animate(case, 0).frames or ()}
        else:
            network = load_network(Wav2Lip(), "wav2lip", context, random_weights=True)
            ways = {"plain": lambda case: _script(network, case, 1), "script": lambda case: _script(network, case, 128)}
        draw = ways[way]
        list(draw(replace(case, frames=1)))  # loads libraries and networks
        clock = time.process_time if device == "cpu" else time.perf_counter
        begin = clock()
        write_video(Path(folder) / "made.mp4", draw(case), case.fps, case.audio, RATE)
        spent = clock() - begin
    peak = (
        torch.cuda.max_memory_allocated()
        if device == "cuda"
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    )
    return spent, peak


@torch.inference_mode()
def _script(network: Wav2Lip, case: Case, batch: int) -> Iterator[NDArray[np.uint8]]:
    """What the published script does: every frame has its picture cut, encoded and pasted back, though all are the same."""
    landmarks = locate(case.portrait)
    assert landmarks is not None
    weight = next(network.parameters())
    box = padded(mesh_box(landmarks), (0, 10, 0, 0), *case.portrait.shape[1::-1])
    for mel in speech(case.audio, case.fps, case.frames, batch):
        faces = network_input(np.stack([cut(case.portrait, box) for _ in mel]))
        drawn = network(torch.from_numpy(mel).to(weight), torch.from_numpy(faces).to(weight))
        yield from (paste(case.portrait, box, face) for face in network_output(drawn.cpu().numpy()))


def _case(folder: Path, frames: int) -> Case:
    (pair,) = make_pairs(folder, 1, SOURCE)
    sound = np.resize(read_audio(pair.real, RATE), round(frames / FPS * RATE))
    portrait = next(iter(read_frames(pair.real, FPS)))
    return Case("clip", "self", portrait, sound, False, float(FPS), frames, None, None, None, pair.real)


if __name__ == "__main__":
    main()
