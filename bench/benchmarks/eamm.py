"""EAMM beside the loop of its authors' script, end to end: ``python -m bench.benchmarks.eamm WAY FRAMES [DEVICE]`` prints the
seconds of one run and the peak bytes of its process. `bench.benchmarks.baselines` makes a table of it.

Ways: ``plain`` (a frame at a time, the portrait encoded anew for each, as ``demo.py`` draws), ``script`` (the same twice: the script
draws a neutral video first), ``suite``; ``sparse`` (the suite, a frame each 4 seconds: memory against the length of the speech
without hours of drawing). Weights are random, which changes no time. On a CPU: one thread, and time of the
process, not of the clock. Networks are loaded, and faces are tracked, before.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.benchmarks.clips import FPS, RATE, make_pairs
from bench.benchmarks.published_vid2vid import published_arithmetic
from bench.models.base import Case, Context
from bench.models.eamm import recipe
from bench.models.eamm.adapter import create
from bench.models.eamm.audio import SpeechMotion
from bench.models.eamm.crop import SIZE
from bench.models.eamm.emotion import EmotionDisplacement
from bench.models.eamm.generator import Generator
from bench.models.eamm.head import NUMBERS
from bench.models.eamm.keypoints import FeatureKeypoints, Keypoints, PictureKeypoints
from bench.models.random_weights import fill_by_name
from datasets.media import read_audio, read_frames, write_video

SOURCE = 50
"""Frames of real speech and of a real face, repeated for longer videos."""
EMOTION = "happy"
SPARSE = 0.25
"""Frames a second of a video that hears much and draws little."""


def main() -> None:
    """Print the seconds and the peak bytes of one run."""
    way, frames, *device = sys.argv[1:]
    sys.stdout.write("{} {}\n".format(*_run(way, int(frames), *device)))


def _run(way: str, frames: int, device: str = "cpu") -> tuple[float, int]:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        case, emotion_video = _case(Path(folder), frames, SPARSE if way == "sparse" else FPS)
        if way in ("suite", "sparse"):
            options = {"random_weights": True, "emotion_videos": {EMOTION: str(emotion_video)}}
            model = create(options, Context(device, {}, {}, ""))
            list(model.animate(replace(case, frames=1), 0).frames or ())  # loads networks, tracks faces
            made = iter(model.animate(case, 0).frames or ())
        else:
            made = _plain(_as_published(device), case, passes=2 if way == "script" else 1)
        clock = time.process_time if device == "cpu" else time.perf_counter
        begin = clock()
        with published_arithmetic() if way in ("plain", "script") else nullcontext():
            write_video(Path(folder) / "made.mp4", made, case.fps, case.audio, RATE)
        spent = clock() - begin
    if device == "cuda":
        return spent, torch.cuda.max_memory_allocated()
    return spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _as_published(device: str) -> recipe.Networks:
    """The networks layer by layer."""
    networks = recipe.Networks(
        SpeechMotion(), FeatureKeypoints(), EmotionDisplacement(), PictureKeypoints(), Generator()
    )
    for network in vars(networks).values():
        fill_by_name(network)
        network.eval().requires_grad_(False).to(device)
    return networks


def _plain(networks: recipe.Networks, case: Case, passes: int) -> Iterator[NDArray[np.uint8]]:
    """The script's loops, without its face detector and its random warps: all keypoints first, then all pictures, in each pass."""
    faces = np.random.default_rng(0).random((case.frames, SIZE, SIZE, 3), np.float32)
    portrait = np.asarray(cv2.resize(case.portrait, (SIZE, SIZE)), np.uint8)
    with patch.object(recipe, "TOGETHER", 1), torch.inference_mode():
        source = torch.from_numpy(portrait).to(networks.device).permute(2, 0, 1)[None].float() / 255
        for left in reversed(range(passes)):
            shown = None if left else recipe.emotion_features(networks, faces)
            request = recipe.Request(portrait, case.audio, np.zeros((case.frames, NUMBERS)), shown)
            own = networks.picture(source)
            found = list(recipe.keypoints(networks, request, source))
            drawn = [_drawn(networks.generator, source, points, own) for points in found]
    yield from drawn


def _drawn(generator: Generator, source: Tensor, points: NDArray[np.float64], own: Keypoints) -> NDArray[np.uint8]:
    numbers = torch.from_numpy(points)[None].to(source)
    driving = Keypoints(numbers[..., :2], numbers[..., 2:].unflatten(2, (2, 2)))
    made = generator(generator.encode(source), driving, own)
    return np.asarray((made[0].permute(1, 2, 0) * 255).round().to(torch.uint8).cpu().numpy(), np.uint8)


def _case(folder: Path, frames: int, fps: float) -> tuple[Case, Path]:
    """A real talking face that is asked for an emotion, and the video that shows it."""
    clip, other = make_pairs(folder, 2, SOURCE)
    sound = np.resize(read_audio(clip.real, RATE), round(frames / fps * RATE))
    portrait = next(iter(read_frames(clip.real, FPS)))
    case = Case("clip", "emotion", portrait, sound, False, fps, frames, clip.real, EMOTION, 1.0, clip.real)
    return case, other.real


if __name__ == "__main__":
    main()
