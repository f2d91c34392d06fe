"""Networks, spectrogram, windows and boxes equal the public code's recorded outputs, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.models.wav2lip.boxes import smoothed
from bench.models.wav2lip.critics import LipSyncExpert, QualityCritic
from bench.models.wav2lip.mel import mel_columns
from bench.models.wav2lip.network import COLUMNS, Wav2Lip
from bench.models.wav2lip.windows import window_starts
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from tests.oracle import Oracle

NETWORKS: dict[str, type[nn.Module]] = {
    "wav2lip": Wav2Lip,
    "wav2lip_syncnet_color": LipSyncExpert,
    "wav2lip_disc_qual": QualityCritic,
}
EXACT = 1e-12


@pytest.fixture
def mel(oracle: Oracle) -> Tensor:
    return oracle.uniform("mel", (2, 1, 80, 16), -4, 4)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_tensors_are_named_and_shaped_as_in_the_published_file(name: str, oracle: Oracle) -> None:
    with torch.device("meta"):
        network = NETWORKS[name]()
    assert [(key, tuple(tensor.shape)) for key, tensor in network.state_dict().items()] == list(
        oracle.layout(name).items()
    )


def test_generator(oracle: Oracle, generator: Wav2Lip, mel: Tensor) -> None:
    face = torch.cat([oracle.image("masked_face", 2, 96), oracle.image("reference_face", 2, 96)], dim=1)
    face[:, :3, 48:] = 0
    outputs = {"face": generator(mel, face), "audio_embedding": generator.audio_encoder(mel)}
    assert oracle.error("wav2lip", **outputs) <= TOLERANCE


def test_generator_over_sequences(oracle: Oracle, generator: Wav2Lip) -> None:
    clips = torch.stack([oracle.image(f"clip{i}", 2, 96) for i in range(2)]).transpose(1, 2)
    drawn = generator(oracle.uniform("mel5", (2, 2, 1, 80, 16), -4, 4), clips.repeat(1, 2, 1, 1, 1))
    assert oracle.error("wav2lip_sequence", face=drawn) <= TOLERANCE


def test_lip_sync_expert(oracle: Oracle, mel: Tensor) -> None:
    network = LipSyncExpert().double().eval()
    oracle.fill(network, 0.8, {})
    sound, sight = network(mel, torch.cat([oracle.image(f"lower_face{i}", 2, (48, 96)) for i in range(5)], dim=1))
    cosine = functional.cosine_similarity(sound, sight)
    assert oracle.error("wav2lip_syncnet_color", audio=sound, face=sight, cosine=cosine) <= TOLERANCE


def test_quality_critic(oracle: Oracle) -> None:
    network = QualityCritic().double().eval()
    oracle.fill(network, 1, {"binary_pred.0.weight": 0.5})
    faces = oracle.image("disc_frames", 4, 96).unflatten(0, (2, 2)).transpose(1, 2)
    outputs = {"probability": network(faces), "feature": network.features(faces)}
    assert oracle.error("wav2lip_disc_qual", **outputs) <= TOLERANCE


def test_spectrogram(oracle: Oracle) -> None:
    assert oracle.error("wav2lip_mel", mel=mel_columns(oracle.audio("speech", 32000) / 32768)) <= TOLERANCE


@pytest.mark.parametrize(("name", "fps"), [("fps_25_0", 25.0), ("fps_29_97", 29.97), ("fps_30_0", 30.0)])
def test_windows(name: str, fps: float, oracle: Oracle) -> None:
    columns, recorded = 803, oracle.recorded("wav2lip_chunks")[name]
    starts = window_starts(columns, fps, 0, len(recorded) + 3)
    np.testing.assert_array_equal(starts[: len(recorded)], recorded)
    # The public code ends there, for its next window would not fit; the frames that a case still has keep the last one.
    assert int((len(recorded) - 1) * 80 / fps) + COLUMNS > columns
    assert set(starts[len(recorded) :]) == {columns - COLUMNS}


def test_smoothed_boxes(oracle: Oracle) -> None:
    walk = oracle.uniform("walk", (24, 4), -6, 6).numpy().cumsum(axis=0)
    track = np.floor(np.array([60, 200, 40, 180]) + walk).astype(np.int64)
    assert oracle.error("wav2lip_boxes", track=track, smoothed=np.stack(list(smoothed(track)))) <= EXACT
