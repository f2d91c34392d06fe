"""How a training run goes: lengths, rates, intervals, device."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.errors import BenchError

PRECISIONS = ("32-true", "bf16-mixed")
"""Lightning's names. float16 is left out: its range would need loss scaling, and every device of use knows bfloat16."""


@dataclass(frozen=True)
class LoopSettings:
    """Settings of the loop.

    Attributes:
        batch_size: samples a step on each device. seed: of the draws of data and of all randomness of the objective.
        max_steps: length in steps. max_minutes: length as wall-clock time, counted over all resumes. The run ends at
            whichever comes first; at least one is set.
        learning_rate: peak, of the networks. critic_learning_rate: of the critics, None for the same.
        warmup_steps: over which the rate rises linearly from 0. final_rate: what is left of the peak at the end of the
            cosine that follows.
        betas, weight_decay: of AdamW (decay 0 is Adam). clip_norm: largest norm of all gradients together, or None.
        ema: decay of the moving average of the weights, which is what is exported. Early on the average is shorter:
            ``min(ema, (1 + step) / (10 + step))``.
        precision: one of `PRECISIONS`. accelerator: ``auto``, ``cpu`` or ``cuda``. devices: how many.
        workers: processes that draw data; 0 draws in this one.
        log_steps, sample_steps, checkpoint_steps: intervals. checkpoint_minutes: at most this long between checkpoints.
    """

    batch_size: int
    seed: int = 0
    max_steps: int | None = None
    max_minutes: float | None = None
    learning_rate: float = 2e-4
    critic_learning_rate: float | None = None
    warmup_steps: int = 0
    final_rate: float = 0.05
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 0.0
    clip_norm: float | None = 10.0
    ema: float = 0.999
    precision: str = "32-true"
    accelerator: str = "auto"
    devices: int = 1
    workers: int = 0
    log_steps: int = 50
    sample_steps: int = 500
    checkpoint_steps: int = 1000
    checkpoint_minutes: float = 10.0

    def __post_init__(self) -> None:
        if self.max_steps is None and self.max_minutes is None:
            raise BenchError("training: neither max_steps nor max_minutes is set; the run would never end.")
        if self.precision not in PRECISIONS:
            raise BenchError(f"training: precision {self.precision!r} is not one of {', '.join(PRECISIONS)}.")
        for name in ("batch_size", "devices", "log_steps", "sample_steps", "checkpoint_steps"):
            if getattr(self, name) < 1:
                raise BenchError(f"training: {name} must be at least 1, found {getattr(self, name)}.")
        if not 0 <= self.ema < 1:
            raise BenchError(f"training: ema must lie in 0..1 (below 1), found {self.ema}.")

    def progress(self, step: int, seconds: float) -> float:
        """How far the run is after `step` steps and so many seconds, 0..1: the larger share of its two lengths."""
        shares = [step / self.max_steps] if self.max_steps is not None else []
        if self.max_minutes is not None:
            shares.append(seconds / (60 * self.max_minutes))
        return min(1.0, max(shares))

    def rate(self, step: int, progress: float) -> float:
        """Share of the peak learning rate for the step after `step` steps: warm-up, then a cosine over `progress`."""
        warm = min(1.0, (step + 1) / (self.warmup_steps + 1))
        return warm * (self.final_rate + (1 - self.final_rate) * (1 + math.cos(math.pi * progress)) / 2)
