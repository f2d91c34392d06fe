"""MakeItTalk beside the loop that its authors' script runs, end to end, and its memory against the length of the speech.

``python -m bench.benchmarks.makeittalk``. Weights are random, which changes no time. Times are those of the process, not of the
clock, on one thread; each figure comes from a process of its own.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table

from bench.benchmarks.baselines import measured
from bench.benchmarks.clips import FPS, RATE, make_pairs
from bench.models.base import Case, Context
from bench.models.makeittalk.adapter import (
    MakeItTalk,
    MakeItTalkOptions,
    Networks,
    load_networks,
    pictures,
    speaking,
)
from bench.models.makeittalk.face import Face, at_rest, on_picture, portrait_points
from bench.models.makeittalk.motion import Gains
from bench.models.makeittalk.sketch import draw
from bench.models.makeittalk.translation import SIZE, Translation
from bench.models.random_weights import fill_by_name
from bench.progress import out
from datasets.media import read_audio, read_frames, write_video
from metrics.features.face_mesh import locate

FRAMES = 50
"""Frames of the video that is timed. Networks are loaded, and have run once, before."""
LENGTHS = (20, 70, 210)
"""Seconds of speech between which memory is compared, a picture drawn each 8. AutoVC hears 65 s at once: more comes in chunks."""


def main() -> None:
    """Print the tables; or, with ``NAME NUMBER`` behind it, the seconds and the peak bytes of one run."""
    if len(sys.argv) == 3:
        sys.stdout.write("{} {}\n".format(*_run(sys.argv[1], int(sys.argv[2]))))
        return
    table = Table(title=f"MakeItTalk on one thread, {FRAMES} frames end to end", title_justify="left")
    for heading in ("way", "CPU s a second of video", "times as fast"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    plain, _ = measured("makeittalk", "plain", FRAMES)
    suite, _ = measured("makeittalk", "suite", FRAMES)
    speech, _ = measured("makeittalk", "speech", FRAMES)
    seconds = FRAMES / FPS
    table.add_row("all frames at 62.5 a second, one at a time", f"{plain / seconds:.1f}", "1.0")
    table.add_row("suite", f"{suite / seconds:.1f}", f"{plain / suite:.1f}")
    table.add_row("suite, of which speech to landmarks", f"{speech / seconds:.1f}", "")
    out.print(table)
    memory = Table(title="MakeItTalk: peak memory against the length of the speech", title_justify="left")
    memory.add_column("seconds", justify="right")
    memory.add_column("peak MB", justify="right")
    for length in LENGTHS:
        memory.add_row(str(length), f"{measured('makeittalk', 'memory', length).peak / 2**20:.0f}")
    out.print(memory)


@torch.inference_mode()
def _run(way: str, number: int) -> tuple[float, int]:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        case = _case(Path(folder), number if way != "memory" else FRAMES)
        networks = load_networks(True, "cpu", "random")
        if way == "plain":
            networks = _as_published(networks)
        networks.translation(torch.zeros(1, 6, SIZE, SIZE))
        begin = time.process_time()
        if way == "memory":
            _speak(networks, case, number)
        elif way == "speech":
            speaking(networks, case.audio, _face(networks, case), Gains())
        else:
            made = _plain(networks, case) if way == "plain" else _suite(case)
            write_video(Path(folder) / "made.mp4", made, 62.5 if way == "plain" else case.fps, case.audio, RATE)
        spent = time.process_time() - begin
    return spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _suite(case: Case) -> Iterator[NDArray[np.uint8]]:
    model = MakeItTalk(MakeItTalkOptions(random_weights=True), Context("cpu", {}, {}, ""))
    yield from model.animate(case, 0).frames or ()


def _as_published(networks: Networks) -> Networks:
    """With the image translation layer by layer."""
    translation = Translation().eval().requires_grad_(False)
    fill_by_name(translation)
    return Networks(**{**vars(networks), "translation": translation})


def _plain(networks: Networks, case: Case) -> Iterator[NDArray[np.uint8]]:
    """What the published script does: every landmark frame is drawn and translated by itself, at 62.5 a second."""
    face = _face(networks, case)
    landmarks = on_picture(face, speaking(networks, case.audio, face, Gains()), np.random.default_rng(0))
    portrait = case.portrait[..., ::-1]
    for points in landmarks:
        both = np.concatenate([draw(points), portrait], axis=2).astype(np.float32) / 255
        made = torch.tanh(networks.translation(torch.from_numpy(both.transpose(2, 0, 1))[None]))
        picture = made.numpy().transpose(0, 2, 3, 1)[0].clip(min=0) * 255
        yield np.ascontiguousarray(picture.astype(np.uint8)[..., ::-1])


def _speak(networks: Networks, case: Case, seconds: int) -> None:
    face = _face(networks, case)
    sound = np.resize(case.audio, seconds * RATE)
    landmarks = on_picture(face, speaking(networks, sound, face, Gains()), np.random.default_rng(0))
    for _ in pictures(networks.translation, case.portrait, landmarks[::500], MakeItTalkOptions().batch):
        pass


def _face(networks: Networks, case: Case) -> Face:
    mesh = locate(case.portrait)
    assert mesh is not None
    return at_rest(portrait_points(mesh), networks.tables.depth)


def _case(folder: Path, frames: int) -> Case:
    """A real talking face, 256 pixels wide."""
    (pair,) = make_pairs(folder, 1, frames)
    portrait = np.asarray(cv2.resize(next(iter(read_frames(pair.real, FPS))), (SIZE, SIZE)), np.uint8)
    return Case(
        "clip", "self", portrait, read_audio(pair.real, RATE), False, float(FPS), frames, None, None, None, pair.real
    )


if __name__ == "__main__":
    main()
