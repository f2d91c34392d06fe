"""Losses of point sequences, landmarks or keypoints: position, velocity, lip gap; frames that are absent do not count.

Predictions ``(B, T, P, C)`` are finite; targets may hold anything, NaN too, where ``present (B, T)`` is False.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

CLOSED = 0.02
"""Lip gap in inter-ocular distances below which lips look closed."""


def position_loss(predicted: Tensor, target: Tensor, present: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean absolute difference of coordinates, over points weighted by `weights` ``(P,)``."""
    return masked_mean(_over_points(predicted - keep(target, present), weights), present)


def velocity_loss(predicted: Tensor, target: Tensor, present: Tensor, weights: Tensor | None = None) -> Tensor:
    """`position_loss` of the differences between successive frames that are both present."""
    difference = (predicted - keep(target, present)).diff(dim=1)
    return masked_mean(_over_points(difference, weights), present[:, 1:] & present[:, :-1])


def lip_gap(landmarks: Tensor, upper: Sequence[int], lower: Sequence[int]) -> Tensor:
    """Distances ``(B, T, N)`` between the points `upper` and `lower`, pairwise, of landmarks ``(B, T, P, 3)``."""
    apart = landmarks[..., list(upper), :] - landmarks[..., list(lower), :]
    # The gradient of a norm at 0 is NaN.
    return (apart.square().sum(dim=-1) + 1e-8).sqrt()


def gap_loss(predicted: Tensor, target: Tensor, present: Tensor, upper: Sequence[int], lower: Sequence[int]) -> Tensor:
    """Mean absolute difference of the lip gap: an open mouth counts though only few points make it."""
    apart = lip_gap(predicted, upper, lower) - lip_gap(keep(target, present), upper, lower)
    return masked_mean(apart.abs().mean(dim=-1), present)


def closure_loss(
    predicted: Tensor, target: Tensor, present: Tensor, upper: Sequence[int], lower: Sequence[int]
) -> Tensor:
    """Mean absolute difference of the logarithms of the lip gap, above a floor of `CLOSED`.

    Between lips that touch and lips that nearly do, `gap_loss` sees next to nothing, and people see a p or an m missed.
    """
    made, true = ((lip_gap(points, upper, lower) + CLOSED).log() for points in (predicted, keep(target, present)))
    return masked_mean((made - true).abs().mean(dim=-1), present)


def point_weights(points: int, mouth: Sequence[int], mouth_weight: float) -> Tensor:
    """Weights ``(P,)`` with mean 1: the points `mouth` weigh `mouth_weight` times as much as the others."""
    weights = torch.ones(points)
    weights[list(mouth)] = mouth_weight
    return weights / weights.mean()


def masked_mean(values: Tensor, present: Tensor) -> Tensor:
    """Mean of `values` where `present`, both ``(B, T)``; 0 where nothing is."""
    return torch.where(present, values, 0.0).sum() / present.sum().clamp(min=1)


def keep(values: Tensor, present: Tensor) -> Tensor:
    """Values ``(B, T, ...)`` with zeros in frames that are absent: NaN times a mask of 0 would stay NaN."""
    return torch.where(_wide(present, values), values, 0.0)


def hold_missing(values: Tensor, present: Tensor, before: Tensor) -> Tensor:
    """Values ``(B, T, ...)`` with absent frames replaced by the last present one, or by `before` ``(B, ...)``."""
    frames = torch.arange(1, present.shape[1] + 1, device=present.device)
    last = torch.where(present, frames, 0).cummax(dim=1).values
    known = torch.cat([before[:, None], values], dim=1)
    rows = torch.arange(len(values), device=values.device)[:, None]
    return known[rows, last]


def _over_points(difference: Tensor, weights: Tensor | None) -> Tensor:
    """``(B, T, P, C)`` -> ``(B, T)``."""
    apart = difference.abs().mean(dim=-1)
    return apart.mean(dim=-1) if weights is None else (apart * weights).sum(dim=-1) / weights.sum()


def _wide(present: Tensor, values: Tensor) -> Tensor:
    return present.reshape(*present.shape, *[1] * (values.ndim - 2))
