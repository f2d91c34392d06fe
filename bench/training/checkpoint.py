"""Training checkpoints: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.errors import BenchError
from bench.store import replacing
from bench.training.ema import Weights

FILE = "checkpoint.pt"
FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after a step. Randomness is not part of it: it depends on the seed and the step alone.

    Attributes:
        step: steps done. seconds: wall-clock time that they took, over all resumes.
        networks, critics, ema: weights by name of network. optimizers: their states, networks' first.
        buffers: what the objective remembers beside its networks (a count of steps, say).
        losses: mean of each term over the last interval of the log.
    """

    step: int
    seconds: float
    networks: Weights
    critics: Weights
    ema: Weights
    optimizers: list[dict[str, Any]]
    buffers: dict[str, Tensor]
    losses: dict[str, float]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint.pt`` into the folder of the run; it appears whole, in the place of the one before.

    Raises:
        BenchError: the disk is full or cannot be written.
    """
    with replacing(folder / FILE) as temporary:
        try:
            torch.save({"format": FORMAT, **vars(checkpoint)}, temporary)
        except RuntimeError as error:
            # What torch makes of a write that fails; it does not say why.
            raise BenchError(f"cannot write {folder / FILE}. Is the disk full?") from error


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint of a run, on the CPU, or None if there is none yet.

    Raises:
        BenchError: the file is damaged or of another format.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
        if data.pop("format") != FORMAT:
            raise BenchError(f"{path} has another format than {FORMAT}. Train anew in another folder.")
        return Checkpoint(**data)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, AttributeError, KeyError, TypeError) as error:
        raise BenchError(
            f"{path} is no checkpoint of this suite, or damaged ({error}). Remove it to start over."
        ) from error


def load_ema(folder: Path) -> dict[str, dict[str, Tensor]]:
    """The averaged weights of a run, by name of network: state dicts on the CPU, ready to be exported.

    Raises:
        BenchError: the folder has no checkpoint, or a damaged one.
    """
    checkpoint = load_checkpoint(folder)
    if checkpoint is None:
        raise BenchError(f"{folder / FILE} is missing: nothing was trained there yet.")
    return checkpoint.ema
