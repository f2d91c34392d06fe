"""PC-AVS's networks equal the published implementation in float64; tolerances are those of the recordings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from bench.models.pcavs.audio import AudioEncoder
from bench.models.pcavs.generator import Generator
from bench.models.pcavs.identity import IdentityEncoder
from bench.models.pcavs.pose import PoseEncoder
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from tests.oracle import Oracle

Filled = Callable[[str, nn.Module], nn.Module]

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "pcavs_audio": AudioEncoder,
    "pcavs_identity": IdentityEncoder,
    "pcavs_pose": PoseEncoder,
    "pcavs_generator": Generator,
}


@pytest.mark.parametrize("name", list(NETWORKS))
def test_tensors_are_named_and_shaped_as_in_the_published_file(name: str, oracle: Oracle) -> None:
    with torch.device("meta"):
        network = NETWORKS[name]()
    assert {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()} == oracle.layout(name)


def test_speech_encoder(oracle: Oracle, filled: Filled) -> None:
    network = filled("pcavs_audio", AudioEncoder())
    feature = network(oracle.uniform("spectrogram", (1, 1, 80, 20), -2, 2))
    assert oracle.error("pcavs_audio", feature=feature) <= TOLERANCE


def test_identity_encoder(oracle: Oracle, filled: Filled) -> None:
    network = filled("pcavs_identity", IdentityEncoder())
    feature, small = network(2 * oracle.image("image", 1, 224) - 1)
    outputs = {"feature": feature, "map": small, "scores": network.fc(feature)}
    assert oracle.error("pcavs_identity", **outputs) <= TOLERANCE


def test_pose_encoder_and_its_heads(oracle: Oracle, filled: Filled) -> None:
    network = filled("pcavs_pose", PoseEncoder())
    assert isinstance(network, PoseEncoder)
    picture = 2 * oracle.image("image", 1, 224) - 1
    feature = network.features(picture)
    error = oracle.error(
        "pcavs_pose",
        feature=feature,
        to_mouth=network.to_mouth(feature),
        mouth_from_audio=network.mouth(oracle.uniform("audio_feature", (1, 512), -1, 1))[None],
        head_pose=network.head_pose(picture)[None],
    )
    assert error <= TOLERANCE


@pytest.fixture(scope="module")
def generator(filled: Filled) -> Generator:
    network = Generator()
    network.style = nn.Sequential()  # not used, and the largest part to fill
    filled("pcavs_generator", network)
    return network


@pytest.mark.slow
def test_generator(oracle: Oracle, generator: Generator) -> None:
    style, small = oracle.normal("style", (1, 2560)), oracle.normal("identity_map", (1, 512, 7, 7))
    first = generator.start(style, small)
    generator.for_inference()
    # What is worked out once must change nothing: the first map is made before it and after.
    assert torch.allclose(generator.start(style, small), first, rtol=1e-12)
    assert oracle.error("pcavs_generator", image=generator(style, small), conv1=first) <= TOLERANCE
