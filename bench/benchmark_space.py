"""The part of ``make bench`` that measures SPACE: each stage, end to end, and memory against the length of the speech.

Networks have seeded random weights: speed does not depend on what was learned. ``python -m bench.benchmark_space``, with
names behind it (``small``, ``paper``) only these configurations.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table

from bench.errors import BenchError
from bench.progress import out
from bench.space.pretrained import build
from bench.space.recipe import load_recipe
from bench.space.run import Engine, animate, make_source, prepare
from datasets.media import write_video
from metrics.features.canonical import canonical_face
from space_ref.animator import Animator, Direction
from space_ref.audio import mfcc
from space_ref.model import Source, Space

SPEECH = 60.0
"""Seconds of speech for the sequence networks."""
DRAWN = {"small": 64, "paper": 1}
"""Frames that are drawn to time the generator on a CPU."""
MORE_ON_CUDA = 32
"""Times as many on a GPU, which would be done with those before it is warm."""
ENGINES = (
    Engine(), Engine(batch=32), Engine(batch=32, precision="bf16"), Engine(batch=32, precision="fp16"),
    Engine(batch=32, precision="bf16", compile=True),
)  # fmt: skip
"""What a GPU is asked to draw with, beside each other."""
SLOW = 10.0
"""Seconds from which a run is not done a second time: what warms up is then next to nothing of it."""
LENGTHS = (20, 200)
"""Seconds of speech between which memory is compared."""
RATE = 16000


def main() -> None:
    """Print the tables."""
    if len(sys.argv) == 3 and sys.argv[1] == "--memory":
        _speak(float(sys.argv[2]))
        sys.stdout.write(f"{_peak_bytes('cpu')}\n")
        return
    if len(sys.argv) == 4 and sys.argv[1] == "--speed":
        out.print(speed(sys.argv[2], sys.argv[3]))
        if sys.argv[3] == "cuda":
            out.print(engines(sys.argv[2]))
        return
    names = sys.argv[1:] or list(DRAWN)
    for name in names:
        if name not in DRAWN:
            raise BenchError(f"no configuration {name!r} to measure; there are: {', '.join(DRAWN)}")
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in devices:
        for name in names:
            # A process for each: its peak of memory is then its own.
            subprocess.run([sys.executable, "-m", "bench.benchmark_space", "--speed", name, device], check=True)
    if "small" in names:
        out.print(memory())


def speed(name: str, device: str) -> Table:
    """Time of each stage of one configuration on one device, and the peak of this process's memory."""
    space, source = _ready(name, device)
    config, count = space.config, round(SPEECH * space.config.fps)
    threads = f", {torch.get_num_threads()} threads" if device == "cpu" else ""
    table = Table(title=f"SPACE {name} on {device}{threads}", title_justify="left")
    for heading in ("stage", "frames", "ms a frame", "frames/s", "times real time"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")

    def add(stage: str, frames: int, work: Callable[[], object]) -> float:
        spent = _timed(work, device)
        table.add_row(
            stage, str(frames), f"{1000 * spent / frames:.2f}", f"{frames / spent:.0f}",
            f"{frames / config.fps / spent:.1f}",
        )  # fmt: skip
        return spent

    sound = torch.randn(round(SPEECH * config.audio.rate), generator=torch.Generator().manual_seed(0)) * 0.1
    heard = mfcc(sound, config.audio, count)[None].to(device)
    emotion = torch.zeros(1, 8, device=device)
    posed = source.posed[:, None].expand(-1, count, -1, -1)
    add("speech features", count, lambda: mfcc(sound, config.audio, count))
    speech = add("Speech2Landmarks", count, lambda: space.speech(heard, source.normalized, emotion))
    latents = add(
        "Landmarks2Latents", count,
        lambda: space.latents(posed, source.posed, source.keypoints, heard, emotion),
    )  # fmt: skip
    noise = torch.randn(1, config.pose.noise, device=device)
    add("pose generator", count, lambda: space.pose(heard, torch.zeros(1, 6, device=device), noise))
    frames = DRAWN[name] * (MORE_ON_CUDA if device == "cuda" else 1)
    keypoints = source.keypoints + 0.02 * torch.randn(frames, *source.keypoints.shape[1:], device=device)
    add("face-vid2vid", frames, lambda: [space.render(source, part) for part in keypoints.split(8)])
    side = source.picture.shape[-1]
    made = list(_animated(space, source, frames))
    add("encoding", frames, lambda: _write(made, frames, config.fps))
    add("end to end", frames, lambda: _write(_animated(space, source, frames), frames, config.fps))
    table.caption = (
        f"{side}x{side}; S2L + L2L of {SPEECH:.0f} s of speech: {speech + latents:.2f} s; "
        f"peak memory {_peak_bytes(device) / 2**20:.0f} MB"
    )
    return table


def engines(name: str) -> Table:
    """Frames a second and memory of one configuration on a GPU by batch and precision, speech to frames, not encoded."""
    table = Table(title=f"SPACE {name} on {torch.cuda.get_device_name()}, frames not encoded", title_justify="left")
    for heading in ("batch", "precision", "compiled", "frames/s", "times real time", "peak MB"):
        table.add_column(heading, justify="right")
    frames = DRAWN[name] * MORE_ON_CUDA
    for engine in ENGINES:
        space, source = _ready(name, "cuda", engine)
        torch.cuda.reset_peak_memory_stats()
        spent = _timed(partial(_draw_all, space, source, frames, engine), "cuda")
        table.add_row(
            str(engine.batch), engine.precision, "yes" if engine.compile else "", f"{frames / spent:.0f}",
            f"{frames / space.config.fps / spent:.1f}", f"{_peak_bytes('cuda') / 2**20:.0f}",
        )  # fmt: skip
    return table


def memory() -> Table:
    """Peak memory of a process that animates speech of two lengths; it must not grow but for the sound itself."""
    table = Table(title="SPACE small: peak memory against the length of the speech", title_justify="left")
    table.add_column("seconds of speech", justify="right")
    table.add_column("peak MB", justify="right")
    for seconds in LENGTHS:
        command = [sys.executable, "-m", "bench.benchmark_space", "--memory", str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        table.add_row(str(seconds), f"{int(done.stdout.split()[-1]) / 2**20:.0f}")
    return table


def _peak_bytes(device: str) -> int:
    """Most memory that this process had: of the GPU where it computes there, else its resident set."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _ready(name: str, device: str, engine: Engine = Engine()) -> tuple[Space, Source]:
    torch.manual_seed(0)
    space = prepare(build(load_recipe(name).model).to(device), engine)
    side = max(256, space.config.vid2vid.image_size)
    # Soft, as photographs are: an encoder takes far longer over noise.
    coarse = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    face = canonical_face() * (side / 4.5) + [side / 2, side * 0.45, 0]
    return space, make_source(space, picture, face.astype(np.float32))


def _timed(work: Callable[[], object], device: str) -> float:
    """Seconds of the second of two runs, or of the first if it is slow."""
    first = _once(work, device)
    return first if first > SLOW else _once(work, device)


@torch.inference_mode()
def _once(work: Callable[[], object], device: str) -> float:
    start = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _sound(frames: int, fps: float) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=round(frames / fps * RATE)).astype(np.float32) * 0.1


def _animated(space: Space, source: Source, frames: int, engine: Engine = Engine()) -> Iterator[NDArray[np.uint8]]:
    fps, asked = space.config.fps, Direction(torch.zeros(8))
    return animate(space, source, [_sound(frames, fps)], RATE, frames, fps, asked, engine)


def _draw_all(space: Space, source: Source, frames: int, engine: Engine) -> None:
    for _ in _animated(space, source, frames, engine):
        pass


def _write(pictures: Iterable[NDArray[np.uint8]], frames: int, fps: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_video(Path(folder) / "made.mp4", pictures, fps, _sound(frames, fps), RATE)


def _speak(seconds: float) -> None:
    """The sequence networks over so much speech, a second at a time, and every 25th frame drawn."""
    torch.set_num_threads(1)
    space, source = _ready("small", "cpu")
    animator = Animator(space, source, Direction(torch.zeros(8)))
    random = torch.Generator().manual_seed(0)
    for _ in range(round(seconds)):
        made = animator.push(torch.randn(space.config.audio.rate, generator=random) * 0.1)
        if len(made):
            space.render(source, made[:1])
    animator.finish()


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"error: {error}")
