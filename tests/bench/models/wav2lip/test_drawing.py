"""What draws fast draws the same."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from bench.models.wav2lip.drawing import StillFace, fold
from bench.models.wav2lip.network import Wav2Lip
from tests.oracle import Oracle


@pytest.mark.slow
def test_folded_network_and_still_face_draw_what_the_network_draws(oracle: Oracle, generator: Wav2Lip) -> None:
    mel: Tensor = oracle.uniform("mel", (2, 1, 80, 16), -4, 4)
    face = torch.cat([oracle.image("masked_face", 1, 96), oracle.image("reference_face", 1, 96)], dim=1)
    expected = generator(mel, face.expand(2, -1, -1, -1))
    folded = fold(copy.deepcopy(generator))
    torch.testing.assert_close(folded(mel, face.expand(2, -1, -1, -1)), expected, rtol=0, atol=1e-11)
    torch.testing.assert_close(StillFace(folded, face)(mel), expected, rtol=0, atol=1e-11)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
