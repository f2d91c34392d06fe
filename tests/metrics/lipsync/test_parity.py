"""Names, shapes and outputs of the public SyncNet and S3FD code: float64, weights made of names."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metrics.features.s3fd import S3FD
from metrics.features.syncnet import SyncNet
from metrics.features.syncnet_embed import SyncEmbedder
from metrics.lse import shift_distances, sound_columns, sound_windows, sync_score, window_count
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from metrics.parity import SCORE_TOLERANCE
from tests.oracle import Oracle


def test_published_state_dicts_load_as_they_are(oracle: Oracle) -> None:
    for name, network in (("syncnet_v2", SyncNet), ("s3fd", S3FD)):
        with torch.device("meta"):
            shapes = {key: tuple(value.shape) for key, value in network().state_dict().items()}
        assert shapes == oracle.layout(name)


def test_towers(syncnet: SyncNet, oracle: Oracle) -> None:
    frames = np.stack([oracle.video(f"lip{i}", 5, 224) for i in range(2)])
    lips = torch.from_numpy(frames).permute(0, 4, 1, 2, 3).double()
    features = syncnet.lip_features(lips)
    error = oracle.error(
        "syncnet_v2",
        lip=syncnet.netfclip(features[:, 0]),
        audio=syncnet.sound(oracle.normal("aud", (2, 1, 13, 20), 8)),
        lip_conv=features[:, 0],
    )
    assert error <= TOLERANCE


@pytest.mark.slow
def test_evaluation_of_a_clip(syncnet: SyncNet, oracle: Oracle) -> None:
    """Three seconds, through the faster form of the network that scores clips."""
    embedder = SyncEmbedder(syncnet)
    audio = oracle.audio("speech", 48000)
    columns, count = sound_columns(audio), window_count(75, len(audio))
    lips = embedder.lips(oracle.video("clip", 75, 224))[:count]
    sound = embedder.sound(sound_windows(columns, count))
    distances = shift_distances(lips, sound)
    score = sync_score(distances)
    error = oracle.error(
        "syncnet_evaluate",
        mfcc=columns,
        lip_features=lips,
        audio_features=sound,
        distances=distances,
        mean_distance=distances.mean(axis=0),
        lse_d=score.lse_d,
        lse_c=score.lse_c,
        offset=score.offset,
    )
    assert error <= SCORE_TOLERANCE


def test_scores_of_planted_shifts(oracle: Oracle) -> None:
    outputs = {}
    for i, (name, shift) in enumerate((("m3", -3), ("0", 0), ("4", 4))):
        z = oracle.normal(f"z{i}", (140, 1024), 0.3).numpy()
        sound = z[20 - shift : 120 - shift] + oracle.normal(f"e{i}", (100, 1024), 0.05).numpy()
        distances = shift_distances(z[20:120], sound)
        score = sync_score(distances)
        assert score.offset == -shift
        outputs[f"shift{name}_mean_distance"] = distances.mean(axis=0)
        outputs[f"shift{name}_offset_distance_confidence"] = np.array([score.offset, score.lse_d, score.lse_c])
    assert oracle.error("syncnet_scoring", **outputs) <= SCORE_TOLERANCE


@pytest.mark.slow
def test_s3fd(oracle: Oracle) -> None:
    network = S3FD().double().eval()
    oracle.fill(network, 1, {"conv1_1.weight": 0.02})
    mean = torch.tensor([104.0, 117.0, 123.0], dtype=torch.float64)[:, None, None]
    maps = network(255 * oracle.image("picture", 1, 256) - mean)
    outputs = {f"score{k}": value for k, value in enumerate(maps.scores)}
    outputs |= {f"box{k}": value for k, value in enumerate(maps.offsets)}
    assert oracle.error("s3fd", **outputs) <= TOLERANCE
