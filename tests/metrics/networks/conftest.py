"""Networks with weights made of names: the recorded outputs of the published ones, and weights files to load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.oracle import Factors, Oracle, one_thread

FACTORS: dict[str, tuple[float, Factors]] = {
    "fid_inception": (1, {}),
    "lpips_alex": (1, {}),
    "lpips_vgg": (1, {}),
    "lpips_squeeze": (1, {}),
    "arcface_r50": (1, {"*bn3.weight": 0.3}),
    "arcface_r100": (1, {"*bn3.weight": 0.3}),
    "emonet_8": (0.7, {"l1.weight": 0.02, "conv1x1_input_emo_2.weight": 0.2}),
    "emonet_5": (0.7, {"l1.weight": 0.02, "conv1x1_input_emo_2.weight": 0.2}),
    "i3d": (1, {}),
    "emotion_fan": (0.8, {"alpha.0.weight": 0.5, "beta.0.weight": 0.5}),
}
"""Gain and factors with which the outputs were recorded."""

MakeState = Callable[[str], dict[str, Tensor]]


@pytest.fixture(autouse=True)
def one_thread_without_gradients() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))


@pytest.fixture(scope="session")
def published_state(oracle: Oracle) -> MakeState:
    """``published_state(name)``: a state dict of that layout, float32, with its counters."""

    def make(name: str) -> dict[str, Tensor]:
        layout = oracle.layout(name)
        state = {key: value.float() for key, value in oracle.state(layout, *FACTORS[name]).items()}
        counters = {key: torch.tensor(0) for key in layout if key.endswith("num_batches_tracked")}
        return {**state, **counters}

    return make


@pytest.fixture(scope="session")
def filled(oracle: Oracle) -> Callable[[str, nn.Module], nn.Module]:
    """``filled(name, network)``: the network in float64 with the weights of the recorded outputs."""

    def fill(name: str, network: nn.Module) -> nn.Module:
        network = network.double().eval()
        with torch.no_grad():
            oracle.fill(network, *FACTORS[name])
        return network

    return fill


@pytest.fixture(scope="session")
def trunk_of() -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    """``trunk_of(state)``: what torchvision's file holds of an LPIPS state dict, its classifier beside it."""

    def make(state: dict[str, Tensor]) -> dict[str, Tensor]:
        trunk = {
            "features." + key.split(".", 2)[2]: value for key, value in state.items() if key.startswith("net.slice")
        }
        return {**trunk, "classifier.1.weight": torch.zeros(2, 2)}

    return make
