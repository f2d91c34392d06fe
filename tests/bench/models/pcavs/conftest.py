"""PC-AVS's networks with weights made of names, and the recorded outputs of the published ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from tests.oracle import Factors, Oracle

FACTORS: dict[str, tuple[float, Factors]] = {
    "pcavs_audio": (0.8, {}),
    "pcavs_identity": (0.8, {"*bn3.weight": 0.5}),
    "pcavs_pose": (0.8, {}),
    "pcavs_generator": (1, {"*modulation.weight": 40, "*.noise.weight": 0.1, "to_rgb*.conv.weight": 4}),
}
"""Gain and factors with which the outputs were recorded."""

Filled = Callable[[str, nn.Module], nn.Module]


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))


@pytest.fixture(scope="session")
def filled(oracle: Oracle) -> Filled:
    """``filled(name, network)``: the network in float64 with the weights of the recorded outputs."""

    def fill(name: str, network: nn.Module) -> nn.Module:
        return oracle.filled(network, *FACTORS[name])

    return fill
