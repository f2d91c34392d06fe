"""This suite beside what people run: the same clips, cold processes on both sides, in turn."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.benchmarks.clips import Pair, make_pairs
from bench.benchmarks.page import Figures, Target
from bench.benchmarks.run import Spent, command, in_turn, python

CLIPS, FRAMES, ROUNDS = 8, 25, 2
QUICK = 3
"""Clips that show the ratios, with the start of each command a larger part of them."""
SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "examples" / "peers"
MESH = ("m_ld", "f_ld", "head")
SYNC_GAIN = 5.0

Commands = list[list[str]]


@dataclass(frozen=True)
class _Row:
    """One job, done the usual way and by the suite. `paired`: it compares with the real clips."""

    name: str
    usual: str
    metrics: str
    commands: Callable[[Path], Commands]
    rounds: int = ROUNDS
    paired: bool = True


def figures(weights: Path, clips: int = CLIPS) -> Iterator[Figures]:
    """The table. `weights`: folder of `random_weights`. With fewer than `CLIPS` clips, one round of everything."""
    most = ROUNDS if clips == CLIPS else 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = make_pairs(folder, clips, FRAMES)
        fresh = (folder / f"scratch{number}" for number in count())
        rows, targets = [], []
        for row in _rows(pairs, folder, weights):
            spent = in_turn(
                {
                    "usual": lambda row=row: command(row.commands(next(fresh)), weights),  # type: ignore[misc]
                    "here": lambda row=row: command([_ours(row, folder, weights, next(fresh))], weights),  # type: ignore[misc]
                },
                min(row.rounds, most),
            )
            rows.append(_cells(row, clips, spent["usual"], spent["here"]))
            if not row.paired:
                gain = spent["usual"].wall / spent["here"].wall
                wanted = f"LSE of cropped clips at {SYNC_GAIN:g} times the clips a second of two processes a clip"
                targets.append(Target(wanted, f"{gain:.1f} times", gain >= SYNC_GAIN))
        yield Figures(
            f"What people run, and this suite: {clips} pairs of {FRAMES} frames of 160x160",
            ("job", "usual way", "s (CPU s)", "here: s (CPU s)", "clips/s usual", "clips/s here", "times as fast"),
            rows,
            f"Cold processes on both sides, start included; all cores on both sides; one round of what is slow, {most} in turn of LPIPS and of PSNR, SSIM, medians. "
            "The suite makes intervals and failure rows too, and measures the real clips as a row of their own.",
            targets,
        )


def _rows(pairs: Sequence[Pair], folder: Path, weights: Path) -> tuple[_Row, ...]:
    files = weights / "hub" / "checkpoints"
    sync, s3fd = files / "syncnet_v2.model", files / "sfd_face.pth"

    def each(script: str, *more: str, torchvision: bool = False) -> Callable[[Path], Commands]:
        return lambda _: [
            python(SCRIPTS / script, *more, pair.made, pair.real, torchvision=torchvision) for pair in pairs
        ]

    def fid(scratch: Path) -> Commands:
        frames = {side: scratch / side for side in ("made", "real")}
        saved = [python(SCRIPTS / "save_frames.py", folder / side, frames[side]) for side in frames]
        return [*saved, python("pytorch_fid", *frames.values(), "--device", "cpu", torchvision=True)]

    def two_processes(scratch: Path) -> Commands:
        return [
            words
            for pair in pairs
            for words in (
                python(SCRIPTS / "sync_crop.py", pair.made, scratch / pair.name, s3fd),
                python(
                    SCRIPTS / "sync_score.py", scratch / pair.name / "crop.avi", scratch / pair.name / "crop.wav", sync
                ),
            )
        ]

    return (
        _Row("FID", "frames to PNG, pytorch-fid", "fid", fid, 1),
        _Row("LPIPS (Alex)", "lpips, a pair of frames at a time", "lpips_alex", each("lpips_loop.py", torchvision=True)),
        _Row("PSNR, SSIM", "scikit-image, frame by frame", "psnr,ssim", each("ssim_psnr.py")),
        _Row(
            "three landmark metrics", "decode and track for each", "m_ld,f_ld,pose_translation",
            lambda _: [words for metric in MESH for words in each("mesh_metric.py", metric)(_)], 1,
        ),
        _Row("LSE, whole frame", "S3FD and SyncNet, two processes a clip", "lse_c_wav2lip_lrs,lse_d_wav2lip_lrs", two_processes, 1, paired=False),
    )  # fmt: skip


def _ours(row: _Row, folder: Path, weights: Path, cache: Path) -> list[str]:
    real = [folder / "real"] if row.paired else []
    return python("-m", "bench.benchmarks.ours", row.metrics, folder / "made", weights, cache, *real)


def _cells(row: _Row, clips: int, usual: Spent, here: Spent) -> tuple[str, ...]:
    return (
        row.name, row.usual, f"{usual.wall:.1f} ({usual.cpu:.1f})", f"{here.wall:.1f} ({here.cpu:.1f})",
        f"{clips / usual.wall:.2f}", f"{clips / here.wall:.2f}", f"{usual.wall / here.wall:.1f}",
    )  # fmt: skip
