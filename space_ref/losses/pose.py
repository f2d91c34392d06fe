"""Losses of head motion: least-squares adversarial terms, a gradient penalty, statistics of motion, diversity.

Poses ``(B, T, 6)``; `scale` ``(6,)`` makes degrees and normalized units comparable: a standard deviation of the data.
"""

from __future__ import annotations

import torch
from torch import Tensor

from space_ref.losses.landmarks import keep, masked_mean

ORDERS = 3
STRETCHES = 4
"""Parts of the time in which heads are located: what drifts is seen late, and would be lost in the mean over time."""


def reconstruction_loss(predicted: Tensor, target: Tensor, present: Tensor, scale: Tensor) -> Tensor:
    """Mean absolute difference in standard deviations, over present frames."""
    return masked_mean(((predicted - keep(target, present)) / scale).abs().mean(dim=-1), present)


def motion_statistics_loss(predicted: Tensor, target: Tensor, present: Tensor, scale: Tensor) -> Tensor:
    """How far the amounts of motion are apart: position relative to the first frame, velocity and acceleration.

    The mean absolute difference of the logarithms of the batch's root mean squares, for each of 6 dimensions. The head
    must move as much and as fast as heads do, wherever it moves to.
    """
    made = (predicted - predicted[:, :1]) / scale
    true = keep(target, present) / scale
    first = present.float().argmax(dim=1)
    true = true - true[torch.arange(len(true), device=true.device), first][:, None]
    total = made.new_zeros(())
    for _ in range(ORDERS):
        total = total + (_log_rms(made, present) - _log_rms(true, present)).abs().mean()
        made, true, present = made.diff(dim=1), true.diff(dim=1), present[:, 1:] & present[:, :-1]
    return total / ORDERS


def whereabouts_loss(predicted: Tensor, target: Tensor, present: Tensor, initial: Tensor) -> Tensor:
    """How far apart the ways of a batch's heads from their first pose ``initial (B, 6)`` are, as two clouds.

    Motion that is real in amount and speed may still lead all heads to one side, or never back: over a batch, heads must
    come as far from where they began as true heads do, to the same sides, and as often back. Squares of the differences
    of mean, log spread and regression on the first pose, in standard deviations of the true ways; mean over the 6
    dimensions and over `STRETCHES` parts of the time, each by how much of it is seen.
    """
    ways = [keep(poses - initial[:, None], present) for poses in (predicted, target)]
    unit = _log_rms(ways[1], present).exp()
    began = initial - initial.mean(dim=0)
    began = (began / began.square().mean(dim=0).clamp_min(1e-12).sqrt())[:, None]
    total = predicted.new_zeros(())
    for part in torch.arange(predicted.shape[1], device=predicted.device).tensor_split(STRETCHES):
        seen = present[:, part]
        made, true = (_cloud(way[:, part], seen, began, unit) for way in ways)
        # Late parts that few clips reach say little.
        total = total + (made - true).square().sum(dim=0).mean() * seen.sum() / present.sum().clamp(min=1)
    return total


def diversity_loss(first: Tensor, second: Tensor, scale: Tensor, margin: float) -> Tensor:
    """Two motions for the same speech shall be `margin` standard deviations apart on average; 0 when they are.

    Against the collapse onto one motion (Mao et al. 2019, mode seeking), but bounded: more is not always better.
    """
    apart = ((first - second) / scale).abs().mean(dim=(1, 2))
    return torch.relu(margin - apart).mean()


def generator_loss(verdicts: Tensor, patches: Tensor) -> Tensor:
    """The critic's verdicts ``(B, T')`` of made motion shall be 1 (least squares, Mao et al. 2017)."""
    return masked_mean((verdicts - 1).square(), patches)


def critic_loss(real: Tensor, made: Tensor, patches: Tensor) -> Tensor:
    """Verdicts shall be 1 for real motion and 0 for made motion."""
    return masked_mean((real - 1).square(), patches) + masked_mean(made.square(), patches)


def gradient_penalty(real: Tensor, verdicts: Tensor, patches: Tensor, scale: Tensor) -> Tensor:
    """R1 (Mescheder et al. 2018): the critic shall be flat around real motion; keeps it from winning on little data.

    Args:
        real: poses that require gradients. verdicts: what the critic made of them. patches: which of them count.
    """
    (slope,) = torch.autograd.grad(torch.where(patches, verdicts, 0.0).sum(), real, create_graph=True)
    return (slope * scale).square().sum(dim=-1).mean()


def _cloud(ways: Tensor, present: Tensor, began: Tensor, unit: Tensor) -> Tensor:
    """Mean, log spread and regression on where they began ``(3, 6)`` of ways ``(B, T, 6)``."""
    count = present.sum().clamp(min=1)
    mean = ways.sum(dim=(0, 1)) / count
    back = keep((ways - mean) * began, present).sum(dim=(0, 1)) / count
    return torch.stack([mean / unit, _log_rms(ways - mean, present), back / unit])


def _log_rms(values: Tensor, present: Tensor) -> Tensor:
    count = present.sum().clamp(min=1)
    mean_square = keep(values, present).square().sum(dim=(0, 1)) / count
    return 0.5 * torch.log(mean_square + 1e-6)
