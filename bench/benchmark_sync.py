"""``python -m bench.benchmark_sync``: what SyncNet costs, as a table. Figures, not tests.

The public code cuts overlapping windows out of a clip and passes 20 at a time. Here the same network reads the same frames in
other forms; weights are random, since speed does not depend on them. One thread; times of the processor, not of the clock,
so that other work on the machine does not count; the forms take turns, and the fastest round of each counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table

from bench.progress import out
from metrics.features.s3fd import S3FD
from metrics.features.s3fd_boxes import detect_faces
from metrics.features.syncnet import SyncNet
from metrics.features.syncnet_embed import SyncEmbedder
from metrics.features.syncnet_layout import FPS, RATE, WINDOW
from metrics.features.syncnet_protocol import DetectionRule
from metrics.lse import compare, sound_columns, sound_windows

FRAMES = 64
ROUNDS = 3
BATCH = 20
DETECTED = 4
DETECTED_SIZE = 512

Rows = NDArray[np.floating]


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    network, random = _network(), np.random.default_rng(0)
    frames = random.integers(0, 256, (FRAMES, 224, 224, 3), dtype=np.uint8)
    embedder = SyncEmbedder(network)
    out.print(
        _forms(
            f"Lip embeddings of {FRAMES} frames ({FRAMES - WINDOW + 1} windows)",
            {
                f"windows, {BATCH} at a time (as the public code)": lambda: _windowed(network, frames),
                "the clip as one long 3D convolution, in pieces": lambda: _long(network, frames, BATCH),
                f"plane convolutions, {BATCH} windows a piece (used)": lambda: embedder.lips(iter(frames)),
            },
            FRAMES,
        )
    )
    audio = random.standard_normal(FRAMES * RATE // FPS).astype(np.float32) / 10
    windows = sound_windows(sound_columns(audio), FRAMES - WINDOW)
    sound, lips = embedder.sound(windows), embedder.lips(iter(frames))
    picture = random.integers(0, 256, (DETECTED_SIZE, DETECTED_SIZE, 3), dtype=np.uint8)
    detector = S3FD("syncnet").eval().requires_grad_(False)

    def detect() -> Rows:
        return np.concatenate([detect_faces(detector, picture, DetectionRule()) for _ in range(DETECTED)])

    rest: dict[str, tuple[Callable[[], Rows], int]] = {
        "MFCC": (lambda: sound_columns(audio), FRAMES),
        "sound embeddings": (lambda: embedder.sound(windows), FRAMES),
        "distances and score": (lambda: np.array([compare(lips, sound).lse_d]), FRAMES),
        f"S3FD at a quarter of {DETECTED_SIZE} x {DETECTED_SIZE}": (detect, DETECTED),
    }
    table = Table(title="The rest of a clip", title_justify="left")
    table.add_column("part")
    table.add_column("ms a frame", justify="right")
    for name, (work, frames_of_work) in rest.items():
        seconds = min(_timed(work)[0] for _ in range(ROUNDS))
        table.add_row(name, f"{1000 * seconds / frames_of_work:.2f}")
    out.print(table)


def _network() -> SyncNet:
    """Random weights that keep activations in range, normalization that does something."""
    torch.manual_seed(0)
    network = SyncNet()
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.75, 1.25)
    return network.eval().requires_grad_(False)


def _windowed(network: SyncNet, frames: NDArray[np.uint8]) -> Rows:
    video = torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float()
    starts = range(len(frames) - WINDOW + 1)
    rows = []
    with torch.inference_mode():
        for begin in range(0, len(starts), BATCH):
            cut = [video[:, :, start : start + WINDOW] for start in starts[begin : begin + BATCH]]
            rows.append(network.lips(torch.cat(cut))[:, 0])
    return torch.cat(rows).numpy()


def _long(network: SyncNet, frames: NDArray[np.uint8], chunk: int) -> Rows:
    rows = []
    with torch.inference_mode():
        for begin in range(0, len(frames) - WINDOW + 1, chunk):
            piece = torch.from_numpy(frames[begin : begin + chunk + WINDOW - 1]).permute(3, 0, 1, 2)[None].float()
            rows.append(network.lips(piece)[0])
    return torch.cat(rows).numpy()


def _forms(title: str, forms: dict[str, Callable[[], Rows]], frames: int) -> Table:
    """Processor time of each form, its ratio to the first, and how far its numbers are from the first's."""
    best: dict[str, float] = dict.fromkeys(forms, np.inf)
    results: dict[str, Rows] = {}
    for _ in range(ROUNDS):
        for name, work in forms.items():
            seconds, results[name] = _timed(work)
            best[name] = min(best[name], seconds)
    slowest, expected = next(iter(best.values())), next(iter(results.values()))
    table = Table(title=title, title_justify="left")
    for heading in ("form", "ms a frame", "times as fast", "largest relative difference"):
        table.add_column(heading, justify="left" if heading == "form" else "right")
    for name, seconds in best.items():
        apart = np.abs(results[name] - expected).max() / np.abs(expected).max()
        table.add_row(name, f"{1000 * seconds / frames:.2f}", f"{slowest / seconds:.2f}", f"{apart:.0e}")
    return table


def _timed(work: Callable[[], Rows]) -> tuple[float, Rows]:
    """Processor seconds, and what came out."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


if __name__ == "__main__":
    main()
