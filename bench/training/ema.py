"""The exponential moving average of the weights: smoother than the last step's, and what is exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

Weights = dict[str, dict[str, Tensor]]
"""State dicts by name of network."""


class Ema:
    """The average of some networks' parameters. Buffers (running statistics are averages already) are copied.

    Args:
        networks: by name; the average begins at their present weights.
        decay: 0..1, share of the average that a step keeps, once the run is old enough (see `update`).
    """

    def __init__(self, networks: Mapping[str, nn.Module], decay: float) -> None:
        self._networks = networks
        self._decay = decay
        self.weights: Weights = copy_weights(networks)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step number `step` (from 0), with decay ``min(decay, (1 + step) / (10 + step))``."""
        # All parameters at once: a GPU takes longer to be told of hundreds of small tensors than to average them.
        average = get_ema_multi_avg_fn(min(self._decay, (1 + step) / (10 + step)))
        for name, network in self._networks.items():
            mine, parameters = self.weights[name], dict(network.named_parameters())
            average([mine[key] for key in parameters], list(parameters.values()), step)
            for key, buffer in network.named_buffers():
                if key in mine:
                    mine[key].copy_(buffer)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The networks carry the average within the block, and their own weights, bit for bit, after it."""
        own = copy_weights(self._networks)
        load_weights(self._networks, self.weights)
        try:
            yield
        finally:
            load_weights(self._networks, own)


def copy_weights(networks: Mapping[str, nn.Module]) -> Weights:
    return {
        name: {key: value.detach().clone() for key, value in network.state_dict().items()}
        for name, network in networks.items()
    }


def load_weights(networks: Mapping[str, nn.Module], weights: Weights) -> None:
    for name, network in networks.items():
        network.load_state_dict(weights[name])
