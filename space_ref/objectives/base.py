"""What a training stage looks like to the loop that runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

Batch = Mapping[str, Tensor]


class Objective(nn.Module, ABC):
    """One stage: networks under training, their adversaries, and the losses of a batch.

    It is one module so that the loop can move, wrap (multi-GPU, mixed precision) and save it as a whole.
    """

    @property
    @abstractmethod
    def networks(self) -> dict[str, nn.Module]:
        """What is trained and, in the end, exported, by name."""

    @property
    def critics(self) -> dict[str, nn.Module]:
        """Discriminators: trained against the networks, kept in training checkpoints only."""
        return {}

    @abstractmethod
    def generator_losses(self, batch: Batch, random: torch.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Weighted loss terms (scalars, to be summed) of the networks, and what `critic_losses` wants of this step."""

    def critic_losses(self, batch: Batch, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weighted loss terms of the critics; `made` comes from `generator_losses` and is detached here."""
        return {}

    def sample(self, batch: Batch) -> dict[str, Tensor]:
        """What a person looks at while training: images ``(B, 3, H, W)`` in 0..1 or curves ``(B, T, C)``, by name."""
        return {}
