"""The training loop: an objective, data, and a folder in which everything about the run can be found.

The folder holds ``checkpoint.pt`` (`bench.training.checkpoint`), the curves, log and samples of `bench.training.watch`
(which says how to look at them), and in the end ``history.json``.
"""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import torch
from lightning_fabric import Fabric
from torch.utils.data import DataLoader, Dataset, Sampler

from bench.progress import bar
from bench.store import write_json
from bench.training.checkpoint import FILE
from bench.training.draws import Sample
from bench.training.settings import LoopSettings
from bench.training.step import Means, Run
from bench.training.watch import Log
from space_ref.objectives.base import Objective


def train(
    objective: Objective, data: Dataset[Sample], settings: LoopSettings, folder: Path, resume: bool = True,
    held_out: Dataset[Sample] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train until the budget is spent. Killed and called again, it goes on where the last checkpoint stands.

    On the CPU with the same number of threads, a run that was stopped ends in the same bits as one that was not
    (with `max_steps`; a budget of time ends where it ends).

    Args:
        objective: what is trained, in place. With several devices each process must build it alike.
        data: indexed by the number of a draw, 0 and up without end; item n depends on n alone (`Pairs`, `Windows`).
        settings: lengths, rates, intervals, devices.
        folder: of the run; made if need be.
        resume: False starts over, and removes what the folder has of an earlier run.
        held_out: data of other speakers: its losses are logged as ``held out/...``, its first draws are the samples.

    Returns:
        What ``history.json`` says: steps, seconds, the last losses, machine, torch version, settings.

    Raises:
        BenchError: a loss or gradient is not finite (which step, which term); a checkpoint that does not fit.
    """
    fabric = Fabric(accelerator=settings.accelerator, devices=settings.devices, precision=settings.precision)  # type: ignore[arg-type]
    history: dict[str, Any] = fabric.launch(
        partial(
            _train, objective=objective, data=data, settings=settings, folder=folder, resume=resume, held_out=held_out
        )
    )
    return history


def _train(
    fabric: Fabric, objective: Objective, data: Dataset[Sample], settings: LoopSettings, folder: Path, resume: bool,
    held_out: Dataset[Sample] | None,
) -> dict[str, Any]:  # fmt: skip
    if fabric.device.type == "cuda":
        # Every batch has the same shape: convolutions are tried once and the fastest is kept.
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    folder.mkdir(parents=True, exist_ok=True)
    if not resume and fabric.is_global_zero:
        _clear(folder)
    fabric.barrier()
    run = Run(fabric, objective, settings, folder)
    run.restore()
    shown = data if held_out is None else held_out
    log = Log(folder, run.step) if fabric.is_global_zero else None
    try:
        with bar(f"train {folder.name} (‰)", 1000) as advance:
            drawn = iter(_loader(fabric, data, settings, run.step))
            told, logged, saved = 0, Means(), time.monotonic()
            while (progress := run.progress()) < 1:
                advance(round(1000 * progress) - told)
                told = round(1000 * progress)
                logged.add(run.advance(next(drawn), progress))
                if run.step % settings.log_steps == 0:
                    run.losses = logged.take()
                    if log is not None:
                        log.add(run.step, run.losses)
                if run.step % settings.sample_steps == 0 and log is not None:
                    run.watch(shown, held_out, log)
                late = time.monotonic() - saved > 60 * settings.checkpoint_minutes
                if run.step % settings.checkpoint_steps == 0 or late:
                    run.save()
                    saved = time.monotonic()
            run.losses = logged.take() or run.losses
            if log is not None and run.step % settings.sample_steps:
                run.watch(shown, held_out, log)
    finally:
        if log is not None:
            log.close()
    run.save()
    history = {
        "steps": run.step, "seconds": round(run.seconds(), 1), "losses": run.losses, "machine": machine(fabric.device),
        "torch": torch.__version__, "settings": asdict(settings),
    }  # fmt: skip
    if fabric.is_global_zero:
        write_json(folder / "history.json", history)
    return history


class _Draws(Sampler[list[int]]):
    """Numbers of the draws of each step from `step` on, without end: those of one process among `world`."""

    def __init__(self, batch: int, step: int, rank: int, world: int) -> None:
        self._batch, self._step, self._rank, self._world = batch, step, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        step = self._step
        while True:
            first = (step * self._world + self._rank) * self._batch
            yield list(range(first, first + self._batch))
            step += 1


def _loader(fabric: Fabric, data: Dataset[Sample], settings: LoopSettings, step: int) -> DataLoader[Sample]:
    return DataLoader(
        data,
        batch_sampler=_Draws(settings.batch_size, step, fabric.global_rank, fabric.world_size),
        num_workers=settings.workers,
        pin_memory=fabric.device.type == "cuda",
        prefetch_factor=4 if settings.workers else None,
        worker_init_fn=_quiet_worker,
        generator=torch.Generator(),
    )


def _quiet_worker(_: int) -> None:
    # Workers are parallel already; OpenCV's own threads would fight over the cores.
    cv2.setNumThreads(0)


def _clear(folder: Path) -> None:
    for name in ("curves", "samples"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (FILE, "losses.jsonl", "history.json"):
        (folder / name).unlink(missing_ok=True)


def machine(device: torch.device) -> str:
    """What the run runs on, in words: the GPU's name, or the processor's and its threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    name = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    return f"{name or platform.machine()}, {torch.get_num_threads()} threads"
