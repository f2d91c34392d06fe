"""Names, shapes and outputs of the public MakeItTalk networks: full size, float64, weights made of names."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.models.makeittalk.autovc import PITCHES, AutoVC
from bench.models.makeittalk.content import ContentBranch
from bench.models.makeittalk.speaker import SpeakerBranch
from bench.models.makeittalk.translation import Translation
from tests.oracle import Oracle

TOLERANCE = 1e-9
NETWORKS: dict[str, type[nn.Module]] = {
    "content": ContentBranch,
    "speaker": SpeakerBranch,
    "translation": Translation,
    "autovc": AutoVC,
}


@pytest.fixture
def speech(oracle: Oracle) -> tuple[Tensor, Tensor]:
    """Windows of speech and a face."""
    return oracle.uniform("audio", (12, 18, 80), -1.5, 1.5), oracle.normal("face_id", (1, 204), 0.3)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_published_state_dicts_load_as_they_are(name: str, oracle: Oracle) -> None:
    with torch.device("meta"):
        network = NETWORKS[name]()
    assert {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()} == oracle.layout(name)


def test_content_branch(oracle: Oracle, speech: tuple[Tensor, Tensor]) -> None:
    network = ContentBranch().double().eval()
    oracle.fill(network, 1, {})
    assert oracle.error("content", landmarks=network(*speech)) <= TOLERANCE


def test_speaker_branch(oracle: Oracle, speech: tuple[Tensor, Tensor]) -> None:
    network = SpeakerBranch().double().eval()
    oracle.fill(network, 1, {})
    voice, noise = 3 * oracle.normal("speaker_embedding", (1, 256)), oracle.normal("z", (12, 128), 0.2)
    landmarks, speaker = network(speech[0], voice, noise)
    assert oracle.error("speaker", landmarks=landmarks, speaker=speaker) <= TOLERANCE


@pytest.fixture(scope="module")
def translation(oracle: Oracle) -> Translation:
    network = Translation().double().eval()
    with torch.no_grad():
        oracle.fill(network, 0.8, {"model.model.6.weight": 0.5})
    return network


@pytest.mark.slow
def test_translation(oracle: Oracle, translation: Translation) -> None:
    pictures = torch.cat([oracle.image("face_sketch", 1, 256), oracle.image("portrait", 1, 256)], dim=1)
    assert oracle.error("translation", image=torch.tanh(translation(pictures))) <= TOLERANCE


@pytest.mark.slow
def test_translation_for_inference_gives_the_same(oracle: Oracle, translation: Translation) -> None:
    pictures = torch.cat([oracle.image("face_sketch", 2, 64), oracle.image("portrait", 2, 64)], dim=1)
    fast = deepcopy(translation).for_inference()
    assert torch.allclose(fast(pictures), translation(pictures), rtol=1e-9, atol=1e-9)


def test_autovc(oracle: Oracle) -> None:
    network = AutoVC().double().eval()
    oracle.fill(network, 1, {})
    voice, other = (oracle.normal(name, (1, 256), 0.3) for name in ("speaker_from", "speaker_to"))
    pitch = functional.one_hot((PITCHES * oracle.uniform("f0_to", (1, 128))).long(), PITCHES).double()
    mel, refined, codes = network(oracle.normal("mel", (1, 128, 80), 0.5), voice, other, pitch)
    assert oracle.error("autovc", mel=mel, mel_postnet=refined, codes=codes) <= TOLERANCE
