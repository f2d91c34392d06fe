"""Wav2Lip's networks with weights made of names, and the recorded outputs of the published ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench.models.wav2lip.network import Wav2Lip
from tests.oracle import Oracle


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))


@pytest.fixture(scope="session")
def generator(oracle: Oracle) -> Wav2Lip:
    """The generator in float64 with the weights of the recorded outputs; not to be changed."""
    network = Wav2Lip().double().eval().requires_grad_(False)
    with torch.no_grad():
        oracle.fill(network, 0.8, {"output_block.1.weight": 0.6})
    return network
