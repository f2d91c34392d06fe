"""PC-AVS beside the loop that its authors' script runs, end to end, and its memory against the length of the video.

``python -m bench.benchmarks.pcavs`` prints both in turns and the memory; with ``WAY FRAMES`` behind it, the seconds and the peak bytes
of one run, of which `bench.benchmarks.baselines` makes a table. Weights are random, which changes no time. Times are those of the
process, not of the clock, on one thread.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from copy import deepcopy
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table
from torch import Tensor

from bench.benchmarks.baselines import measured
from bench.benchmarks.clips import FPS, RATE, make_pairs
from bench.models.base import Case, Context
from bench.models.pcavs.adapter import PCAVS, PCAVSOptions, load_networks
from bench.models.pcavs.faces import alignment, driving_faces, resized, seen, to_pictures, to_tensor
from bench.models.pcavs.generator import EPSILON, DemodulatedConv
from bench.models.pcavs.recipe import Networks
from bench.models.pcavs.spectrogram import normalized, windows
from bench.progress import out
from datasets.media import read_audio, read_frames, write_video
from metrics.features.face_mesh import FaceTracker

FRAMES = 8
"""Frames of the video that is timed. Networks are loaded, and a video of one frame is made, before."""
LENGTHS = (8, 24)
"""Frames between which memory is compared."""


def main() -> None:
    """Print the tables; or, with ``WAY FRAMES`` behind it, the seconds and the peak bytes of one run."""
    if len(sys.argv) == 3:
        sys.stdout.write("{} {}\n".format(*_run(sys.argv[1], int(sys.argv[2]))))
        return
    out.print(speed())
    out.print(memory())


def speed() -> Table:
    """Both ways through one video, a frame of one and a frame of the other, so that both meet the same machine."""
    table = Table(title=f"PC-AVS on one thread, {FRAMES} frames end to end", title_justify="left")
    for heading in ("way", "CPU ms a frame", "times as fast"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    networks = load_networks("cpu", True, "random")
    # The first video pays for what a process does once: the tracker's models, tables of filters.
    for count in (1, FRAMES):
        plain, suite = _both(networks, count)
    table.add_row("a frame at a time, all networks, both poses", f"{1000 * plain / FRAMES:.0f}", "1.0")
    table.add_row("suite", f"{1000 * suite / FRAMES:.0f}", f"{plain / suite:.1f}")
    return table


def memory() -> Table:
    """Peak memory of a process that makes a video, for two lengths."""
    table = Table(title="PC-AVS: peak memory against the length of the video", title_justify="left")
    table.add_column("frames", justify="right")
    table.add_column("peak MB", justify="right")
    for frames in LENGTHS:
        table.add_row(str(frames), f"{measured('pcavs', 'suite', frames).peak / 2**20:.0f}")
    return table


@torch.inference_mode()
def _both(networks: Networks, frames: int) -> tuple[float, float]:
    """CPU seconds of the published loop and of the suite."""
    torch.set_num_threads(1)
    spent = [0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder:
        case = _case(Path(folder), frames)
        ways = _plain(networks, case), _suite(networks, case)
        for _ in range(frames):
            for number, way in enumerate(ways):
                begin = time.process_time()
                next(way)
                spent[number] += time.process_time() - begin
    return spent[0], spent[1]


@torch.inference_mode()
def _run(way: str, frames: int) -> tuple[float, int]:
    torch.set_num_threads(1)
    networks = load_networks("cpu", True, "random")
    draw = {"plain": _plain, "suite": _suite}[way]
    with tempfile.TemporaryDirectory() as folder:
        case = _case(Path(folder), frames)
        next(draw(networks, case))  # The first frame pays for what a process does once.
        begin = time.process_time()
        write_video(Path(folder) / "made.mp4", draw(networks, case), case.fps, case.audio, RATE)
        spent = time.process_time() - begin
    return spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _suite(networks: Networks, case: Case) -> Iterator[NDArray[np.uint8]]:
    model = PCAVS(PCAVSOptions(random_weights=True), Context(networks.device.type, {}, {}, ""))
    yield from model.animate(case, 0).frames or ()


def _plain(networks: Networks, case: Case) -> Iterator[NDArray[np.uint8]]:
    """What the published script does for a frame: encode the portrait for looks and pose, the driving face and the speech, and
    draw the portrait's pose and the driving one, with weights of its own in every modulated layer."""
    generator = deepcopy(networks.generator)
    for layer in generator.modules():
        if isinstance(layer, DemodulatedConv):
            layer.forward = partial(_own_weights, layer)  # type: ignore[method-assign]
    tracker = _tracker()
    portrait = seen(case.portrait, alignment(tracker.track([case.portrait], case.fps)), 0)
    video = case.clip_video
    faces = driving_faces(read_frames(video, case.fps), tracker.track(read_frames(video, case.fps), case.fps))
    speech, device = normalized(case.audio), networks.device
    for number, face in zip(range(case.frames), faces, strict=False):
        who = to_tensor(portrait[None], device)
        feature, small = networks.identity(who)
        mouth = networks.pose.mouth(networks.audio(torch.from_numpy(windows(speech, number, 1, case.fps))))
        poses = networks.pose.head_pose(who), networks.pose.head_pose(to_tensor(face[None], device))
        _, drawn = (generator(torch.cat([feature, mouth, pose], dim=1), small) for pose in poses)
        yield resized(to_pictures(drawn)[0], len(case.portrait))


def _own_weights(layer: DemodulatedConv, x: Tensor, style: Tensor, added: Tensor, gain: float) -> Tensor:
    """StyleGAN2's modulated convolution of one frame as published: the weights are scaled, not what goes in and out."""
    weight = layer.scaled * layer.modulation(style)[0, :, None, None]
    weight = weight * torch.rsqrt(weight.square().sum(dim=(1, 2, 3), keepdim=True) + EPSILON)
    return gain * (layer.convolved(x, weight) + added)


@cache
def _tracker() -> FaceTracker:
    return FaceTracker()


def _case(folder: Path, frames: int) -> Case:
    """A real talking face, given its own head pose."""
    (pair,) = make_pairs(folder, 1, frames)
    pictures = read_frames(pair.real, FPS)
    portrait = next(iter(pictures))
    sound = read_audio(pair.real, RATE)
    return Case("clip", "self", portrait, sound, False, float(FPS), frames, pair.real, None, None, pair.real)


if __name__ == "__main__":
    main()
