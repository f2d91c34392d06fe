"""FiLM (Perez et al. 2018): a condition, here the emotion, scales and shifts every channel of the features."""

from __future__ import annotations

from torch import Tensor, nn

HIDDEN = 64


class Film(nn.Module):
    """``features * (1 + scale(condition)) + shift(condition)``; the identity until it is trained.

    Args:
        features: channels C of what is modulated.
        conditions: length E of the condition vector.
    """

    def __init__(self, features: int, conditions: int) -> None:
        super().__init__()
        last = nn.Linear(HIDDEN, 2 * features)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.network = nn.Sequential(nn.Linear(conditions, HIDDEN), nn.SiLU(), last)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Features ``(B, T, C)`` and a condition ``(B, E)`` for all frames or ``(B, T, E)`` -> ``(B, T, C)``."""
        scale, shift = self.network(over_time(condition)).chunk(2, dim=-1)
        out: Tensor = features * (1 + scale) + shift
        return out


def over_time(condition: Tensor, frames: int | None = None) -> Tensor:
    """Condition ``(B, E)`` or ``(B, T, E)`` -> ``(B, T, E)``; a constant one stays ``(B, 1, E)`` without `frames`.

    Raises:
        ValueError: The condition has another number of axes, or another number of frames than `frames`.
    """
    if condition.ndim not in (2, 3):
        raise ValueError(f"the condition has shape {tuple(condition.shape)}: give (B, E) or (B, T, E)")
    if condition.ndim == 2:
        condition = condition[:, None]
        return condition if frames is None else condition.expand(-1, frames, -1)
    if frames is not None and condition.shape[1] != frames:
        raise ValueError(f"the condition has {condition.shape[1]} frames, the input {frames}: give one a frame")
    return condition
