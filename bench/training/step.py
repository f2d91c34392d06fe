"""The state of a training run, and what one step does to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import Dataset, default_collate

from bench.errors import BenchError
from bench.training.checkpoint import FILE, Checkpoint, load_checkpoint, save_checkpoint
from bench.training.draws import Sample
from bench.training.ema import Ema, copy_weights, load_weights
from bench.training.settings import LoopSettings
from bench.training.watch import Log, write_driven_sample, write_samples
from space_ref.objectives.base import Objective

WATCHED = 4
"""Samples in the batch that is shown, and in each held-out batch."""
HELD_OUT_BATCHES = 8
DRIVEN_FRAMES = 25


@runtime_checkable
class Driven(Protocol):
    """Data that can also give a whole stretch of a clip, to be watched as a video."""

    def driven(self, frames: int) -> Sample:
        """A batch of as many successive frames of one clip, each beside the clip's first one."""


class Run:
    """The state of a run and what one step does to it."""

    def __init__(self, fabric: Fabric, objective: Objective, settings: LoopSettings, folder: Path) -> None:
        self.fabric, self.objective, self.settings, self.folder = fabric, objective, settings, folder
        fabric.to_device(objective)
        objective.train()
        self.networks, self.critics = objective.networks, objective.critics
        self.ema = Ema(self.networks, settings.ema)
        self.peaks = [settings.learning_rate]
        groups = [_trainable(self.networks)]
        if self.critics:
            groups.append(_trainable(self.critics))
            critic_rate = settings.critic_learning_rate
            self.peaks.append(settings.learning_rate if critic_rate is None else critic_rate)
        self.optimizers = [
            torch.optim.AdamW(group, lr=peak, betas=settings.betas, weight_decay=settings.weight_decay)
            for group, peak in zip(groups, self.peaks, strict=True)
        ]
        self.step = 0
        self.losses: dict[str, float] = {}
        self._before, self._started = 0.0, time.monotonic()

    def seconds(self) -> float:
        """Wall-clock time of the run over all resumes; on several devices the first one's clock."""
        seconds = self._before + time.monotonic() - self._started
        return float(self.fabric.broadcast(seconds)) if self.fabric.world_size > 1 else seconds

    def progress(self) -> float:
        return self.settings.progress(self.step, self.seconds() if self.settings.max_minutes is not None else 0.0)

    def advance(self, batch: Sample, progress: float) -> dict[str, float]:
        """One step of the networks, then of the critics; gives what is to be logged of it."""
        batch = self.fabric.to_device(batch)
        random = self._randomness(self.step)
        rate = self.settings.rate(self.step, progress)
        with self.fabric.autocast(), _frozen(self.critics):
            terms, made = self.objective.generator_losses(batch, random)
        scalars = self._minimize(terms, 0, rate, "loss")
        if self.critics:
            made = {name: value.detach() for name, value in made.items()}
            with self.fabric.autocast():
                terms = self.objective.critic_losses(batch, made)
            scalars |= self._minimize(terms, 1, rate, "critic") if terms else {}  # nothing before their start
        self.ema.update(self.step)
        self.step += 1
        return {**scalars, "learning rate": rate * self.peaks[0]}

    def _minimize(self, terms: Mapping[str, Tensor], which: int, rate: float, title: str) -> dict[str, float]:
        optimizer = self.optimizers[which]
        total = torch.stack([term.float() for term in terms.values()]).sum()
        values = torch.stack([term.detach().float() for term in terms.values()]).tolist()
        losses = dict(zip(terms, values, strict=True))
        _check_finite(losses, f"{title} term", self.step)
        optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(total)
        parameters = optimizer.param_groups[0]["params"]
        if self.fabric.world_size > 1:
            self._average_gradients(parameters)
        limit = float("inf") if self.settings.clip_norm is None else self.settings.clip_norm
        norm = float(nn.utils.clip_grad_norm_(parameters, limit))
        _check_finite({title: norm}, "gradient norm of the", self.step)
        optimizer.param_groups[0]["lr"] = rate * self.peaks[which]
        optimizer.step()
        return {**{f"{title}/{name}": value for name, value in losses.items()}, f"gradient norm/{title}": norm}

    def _average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        # By hand and not by wrapping the module: an objective has two losses, each for a part of its parameters.
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        flat = torch.cat([parameter.grad.flatten() for parameter in parameters if parameter.grad is not None])
        mean = torch.as_tensor(self.fabric.all_reduce(flat, reduce_op="mean"))
        for parameter, part in zip(parameters, mean.split([p.numel() for p in parameters]), strict=True):
            parameter.grad = part.view_as(parameter)

    def _randomness(self, step: int) -> torch.Generator:
        """Seeds all of torch (dropout) and a generator by seed, step and device: nothing to save, nothing to restore."""
        words = np.random.SeedSequence([self.settings.seed, step, self.fabric.global_rank]).generate_state(1, np.uint64)
        torch.manual_seed(int(words[0]))
        return torch.Generator(self.fabric.device).manual_seed(int(words[0]) >> 1)

    @torch.no_grad()
    def watch(self, shown: Dataset[Sample], held_out: Dataset[Sample] | None, log: Log) -> None:
        """Write samples, and log the losses on held-out data; both of the averaged weights."""
        self.objective.eval()
        with self.ema.applied(), self.fabric.autocast():
            write_samples(self.folder, self.step, self.objective.sample(self._batch(shown, 0)))
            if isinstance(shown, Driven):
                clip = self.fabric.to_device(shown.driven(DRIVEN_FRAMES))
                write_driven_sample(self.folder, self.step, self.objective.sample(clip))
            if held_out is not None:
                means = Means()
                for index in range(HELD_OUT_BATCHES):
                    terms, _ = self.objective.generator_losses(self._batch(held_out, index), self._randomness(index))
                    means.add({f"held out/{name}": float(value) for name, value in terms.items()})
                log.add(self.step, means.take())
        self.objective.train()

    def _batch(self, data: Dataset[Sample], index: int) -> Sample:
        batch: Sample = default_collate([data[n] for n in range(index * WATCHED, (index + 1) * WATCHED)])
        return self.fabric.to_device(batch)

    def save(self) -> None:
        if self.fabric.is_global_zero:
            states = [optimizer.state_dict() for optimizer in self.optimizers]
            networks, critics = copy_weights(self.networks), copy_weights(self.critics)
            seconds = self._before + time.monotonic() - self._started
            save_checkpoint(
                self.folder,
                Checkpoint(
                    self.step, seconds, networks, critics, self.ema.weights, states, self._buffers(), self.losses
                ),
            )

    def _buffers(self) -> dict[str, Tensor]:
        """What the objective itself remembers from step to step, beside its networks and critics."""
        parts = [*self.networks.values(), *self.critics.values()]
        theirs = {id(buffer) for part in parts for buffer in part.buffers()}
        saved = self.objective.state_dict(keep_vars=True)
        return {n: b for n, b in self.objective.named_buffers() if n in saved and id(b) not in theirs}

    def restore(self) -> None:
        checkpoint = load_checkpoint(self.folder)
        if checkpoint is None:
            return
        try:
            load_weights(self.networks, checkpoint.networks)
            load_weights(self.critics, checkpoint.critics)
            for optimizer, state in zip(self.optimizers, checkpoint.optimizers, strict=True):
                optimizer.load_state_dict(state)
                optimizer.param_groups[0].update(betas=self.settings.betas, weight_decay=self.settings.weight_decay)
            for name, weights in self.ema.weights.items():
                for key, value in weights.items():
                    value.copy_(checkpoint.ema[name][key])
            for name, buffer in self._buffers().items():
                buffer.copy_(checkpoint.buffers[name])
        except (RuntimeError, KeyError, ValueError) as error:
            raise BenchError(
                f"{self.folder / FILE} belongs to other networks: {error}. Train in another folder, or without resuming."
            ) from error
        self.step, self._before, self.losses = checkpoint.step, checkpoint.seconds, checkpoint.losses


class Means:
    """Means of scalars over an interval."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, scalars: Mapping[str, float]) -> None:
        for name, value in scalars.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1

    def take(self) -> dict[str, float]:
        """The means since the last call."""
        means = {name: total / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        return means


@contextmanager
def _frozen(networks: Mapping[str, nn.Module]) -> Iterator[None]:
    """Parameters that take no gradient within the block: the critics while the networks learn from them."""
    parameters = _trainable(networks)
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


def _trainable(networks: Mapping[str, nn.Module]) -> list[nn.Parameter]:
    return [p for network in networks.values() for p in network.parameters() if p.requires_grad]


def _check_finite(values: Mapping[str, float], what: str, step: int) -> None:
    bad = [f"{what} {name!r} is {value}" for name, value in values.items() if not np.isfinite(value)]
    if bad:
        raise BenchError(
            f"training, step {step}: {'; '.join(bad)}. The checkpoint before it is kept: lower the learning rate or the "
            "clip norm and run again."
        )
