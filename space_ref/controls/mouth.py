"""Mouth opening: scaled about the closed lips of the same frame."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from space_ref.landmarks import position, positions

MOUTH_LIMIT = 3.0
UPPER_LIP = 0.3
"""Share of the opening that belongs to the upper lip: the jaw does the rest."""
CHIN_FOLLOWS = 0.7
"""How much of the way of the lower lip the chin goes with it; less towards the angles of the jaw, which stay."""

_LIPS = torch.tensor([positions("lips_inner"), positions("lips_outer")])
_UPPER, _LOWER = _LIPS[:, 1:10], _LIPS[:, 11:].flip(1)
_MIDDLE = _LOWER[0].tolist().index(position("lower_inner_lip"))
_JAW = torch.tensor(positions("contour")[12:25])
_CHIN_WEIGHTS = tuple(CHIN_FOLLOWS * (1 + math.cos(math.pi * step / 7)) / 2 for step in range(-6, 7))


def open_mouth(landmarks: Tensor, factor: float) -> Tensor:
    """Multiply the opening of the mouth.

    Inner lips move on the line between upper and lower; outer lips move as far as the inner lips beside them; the chin
    goes with the lower lip. Corners of the mouth stay. Lips that cross in the input are never pulled further apart.

    Args:
        landmarks: ``(T, P, 3)`` normalized. factor: 0 closes the lips, 1 leaves them as they are, more opens them;
            0..3.

    Raises:
        ValueError: a factor out of range.
    """
    check_factor(factor)
    if factor == 1:
        return landmarks
    upper, lower = landmarks[:, _UPPER], landmarks[:, _LOWER]
    gap = lower[:, :1] - upper[:, :1]
    grown = torch.where(gap[..., 1:2] < 0, (min(factor, 1.0) - 1) * gap, (factor - 1) * gap)
    edited = landmarks.clone()
    edited[:, _UPPER] = upper - UPPER_LIP * grown
    edited[:, _LOWER] = lower + (1 - UPPER_LIP) * grown
    way = (1 - UPPER_LIP) * grown[:, 0, _MIDDLE]
    edited[:, _JAW] = landmarks[:, _JAW] + landmarks.new_tensor(_CHIN_WEIGHTS)[:, None] * way[:, None]
    return edited


def check_factor(factor: float) -> None:
    """Raises:
    ValueError: the factor is not in 0..3.
    """
    if not 0 <= factor <= MOUTH_LIMIT:
        raise ValueError(f"mouth opening: expected a factor of 0 to {MOUTH_LIMIT:g}, got {factor}")
