"""The MakeItTalk networks with the weights of the recorded outputs (see `tests.oracle`), each built once, in float64."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest
import torch
from torch import nn

from bench.models.makeittalk.autovc import AutoVC
from bench.models.makeittalk.content import ContentBranch
from bench.models.makeittalk.speaker import SpeakerBranch
from bench.models.makeittalk.translation import Translation
from tests.oracle import Factors, Oracle

Network = TypeVar("Network", bound=nn.Module)


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))


@pytest.fixture(scope="session")
def content(oracle: Oracle) -> ContentBranch:
    return _filled(oracle, ContentBranch())


@pytest.fixture(scope="session")
def speaker(oracle: Oracle) -> SpeakerBranch:
    return _filled(oracle, SpeakerBranch())


@pytest.fixture(scope="session")
def autovc(oracle: Oracle) -> AutoVC:
    return _filled(oracle, AutoVC())


@pytest.fixture(scope="module")
def translation(oracle: Oracle) -> Translation:
    return _filled(oracle, Translation(), 0.8, {"model.model.6.weight": 0.5})


@torch.no_grad()
def _filled(oracle: Oracle, network: Network, gain: float = 1, factors: Factors | None = None) -> Network:
    network.double().eval()
    oracle.fill(network, gain, factors or {})
    return network
