"""SyncNet and its inputs by the rule of `tests.oracle`, and the outputs that the public code was recorded to give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from metrics.features.syncnet import SyncNet
from metrics.features.syncnet_embed import SyncEmbedder
from tests.oracle import Oracle, one_thread

FACTORS = {"netcnnlip.0.weight": 0.01, "netcnnaud.0.weight": 0.1, "netfc*.3.weight": 0.3}


@pytest.fixture(scope="module", autouse=True)
def lean() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))


@pytest.fixture(scope="session")
def syncnet(oracle: Oracle) -> SyncNet:
    """In float64."""
    network = SyncNet().double().eval()
    with torch.no_grad():
        oracle.fill(network, 1, FACTORS)
    return network.requires_grad_(False)


@pytest.fixture(scope="session")
def make_embedder(syncnet: SyncNet) -> Callable[..., SyncEmbedder]:
    """``make_embedder(chunk=20)``: the network in float32."""
    single = SyncNet().eval()
    single.load_state_dict(syncnet.state_dict())
    return lambda chunk=20: SyncEmbedder(single.requires_grad_(False), chunk)


@pytest.fixture(scope="session")
def moving(oracle: Oracle) -> NDArray[np.uint8]:
    """30 frames ``(30, 224, 224, 3)`` of a picture that moves."""
    return oracle.video("clip", 30, 224)
