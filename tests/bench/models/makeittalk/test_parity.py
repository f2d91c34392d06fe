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


@pytest.fixture
def speech(oracle: Oracle) -> Tensor:
    return oracle.uniform("audio", (12, 18, 80), -1.5, 1.5)


def _layout(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}


def test_content_branch(oracle: Oracle, content: ContentBranch, speech: Tensor) -> None:
    assert _layout(content) == oracle.layout("content")
    landmarks = content(speech, oracle.normal("face_id", (1, 204), 0.3))
    assert oracle.error("content", landmarks=landmarks) <= TOLERANCE


def test_speaker_branch(oracle: Oracle, speaker: SpeakerBranch, speech: Tensor) -> None:
    assert _layout(speaker) == oracle.layout("speaker")
    voice, noise = 3 * oracle.normal("speaker_embedding", (1, 256)), oracle.normal("z", (12, 128), 0.2)
    landmarks, encoded = speaker(speech, voice, noise)
    assert oracle.error("speaker", landmarks=landmarks, speaker=encoded) <= TOLERANCE


def test_autovc(oracle: Oracle, autovc: AutoVC) -> None:
    assert _layout(autovc) == oracle.layout("autovc")
    voice, other = (oracle.normal(name, (1, 256), 0.3) for name in ("speaker_from", "speaker_to"))
    pitch = functional.one_hot((PITCHES * oracle.uniform("f0_to", (1, 128))).long(), PITCHES).double()
    mel, refined, codes = autovc(oracle.normal("mel", (1, 128, 80), 0.5), voice, other, pitch)
    assert oracle.error("autovc", mel=mel, mel_postnet=refined, codes=codes) <= TOLERANCE


def test_autovc_takes_whole_steps_only(autovc: AutoVC) -> None:
    with pytest.raises(ValueError, match="multiple of 16 frames, got 17"):
        autovc(torch.zeros(1, 17, 80), torch.zeros(1, 256), torch.zeros(1, 256), torch.zeros(1, 17, PITCHES))


@pytest.mark.slow
def test_translation(oracle: Oracle, translation: Translation) -> None:
    assert _layout(translation) == oracle.layout("translation")
    pictures = torch.cat([oracle.image("face_sketch", 1, 256), oracle.image("portrait", 1, 256)], dim=1)
    assert oracle.error("translation", image=torch.tanh(translation(pictures))) <= TOLERANCE


@pytest.mark.slow
def test_translation_for_inference_gives_the_same(oracle: Oracle, translation: Translation) -> None:
    pictures = torch.cat([oracle.image("face_sketch", 1, 64), oracle.image("portrait", 1, 64)], dim=1)
    fast = deepcopy(translation).for_inference()
    assert torch.allclose(fast(pictures), translation(pictures), rtol=1e-9, atol=1e-9)
