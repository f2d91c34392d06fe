"""EAMM's networks equal the published implementation in float64; tolerances are those of the recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.models.eamm.audio import UNUSED, SpeechMotion
from bench.models.eamm.emotion import EmotionDisplacement
from bench.models.eamm.generator import Generator, bent
from bench.models.eamm.keypoints import FeatureKeypoints, Keypoints, PictureKeypoints
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from tests.oracle import Factors, Oracle

NETWORKS: dict[str, tuple[Callable[[], nn.Module], float, Factors]] = {
    "eamm_kp_detector": (PictureKeypoints, 1, {"kp.weight": 0.3, "jacobian.weight": 0.3}),
    "eamm_kp_detector_audio": (FeatureKeypoints, 1, {"kp.weight": 0.3, "jacobian.weight": 0.3}),
    "eamm_generator": (
        Generator,
        0.8,
        {
            "*dense_motion_network.mask.weight": 3,
            "*occlusion.weight": 0.5,
            "bottleneck.*conv2.weight": 0.4,
            "final.weight": 0.4,
        },
    ),
    "eamm_emotion": (EmotionDisplacement, 0.7, {"fc.weight": 0.5}),
    "eamm_audio": (SpeechMotion, 0.8, {"*modulation.weight": 8, "*.noise.weight": 0.1}),
}
"""Class, gain and factors with which the outputs were recorded."""


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))


@pytest.fixture
def network(request: pytest.FixtureRequest, oracle: Oracle) -> nn.Module:
    made, gain, factors = NETWORKS[request.param]
    filled = made().double().eval()
    oracle.fill(filled, gain, factors)
    return filled


def _points(oracle: Oracle, tag: str) -> Keypoints:
    shift = oracle.uniform(f"{tag}.jacobian", (1, 10, 2, 2), -0.3, 0.3)
    return Keypoints(oracle.uniform(f"{tag}.value", (1, 10, 2), -0.6, 0.6), torch.eye(2, dtype=torch.float64) + shift)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_tensors_are_named_and_shaped_as_in_the_published_file(name: str, oracle: Oracle) -> None:
    with torch.device("meta"):
        made = NETWORKS[name][0]()
    published = {key: shape for key, shape in oracle.layout(name).items() if not key.startswith(UNUSED)}
    assert {key: tuple(tensor.shape) for key, tensor in made.state_dict().items()} == published


@pytest.mark.parametrize("network", ["eamm_kp_detector"], indirect=True)
def test_keypoints_of_a_picture(network: PictureKeypoints, oracle: Oracle) -> None:
    picture = oracle.image("source", 1, 256)
    heat = network.heat(network.features(picture))
    found = network(picture)
    assert oracle.error("eamm_kp_detector", heatmap=heat, **found._asdict()) <= TOLERANCE


@pytest.mark.parametrize("network", ["eamm_kp_detector_audio"], indirect=True)
def test_keypoints_of_feature_maps(network: FeatureKeypoints, oracle: Oracle) -> None:
    features = oracle.normal("audio_feature", (2, 35, 64, 64), 0.7)
    found = network(features)
    assert oracle.error("eamm_kp_detector_audio", heatmap=network.heat(features), **found._asdict()) <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("network", ["eamm_generator"], indirect=True)
def test_generator(network: Generator, oracle: Oracle) -> None:
    source = oracle.image("source", 1, 128)
    motion = network.dense_motion_network(source, _points(oracle, "driving"), _points(oracle, "source"))
    error = oracle.error(
        "eamm_generator",
        mask=motion.mask,
        sparse_deformed=motion.moved,
        occlusion_map=motion.occlusion,
        deformed=bent(source, motion.places),
        prediction=network.draw(source, motion),
    )
    assert error <= TOLERANCE


@pytest.mark.parametrize("network", ["eamm_emotion"], indirect=True)
def test_emotion(network: EmotionDisplacement, oracle: Oracle) -> None:
    features = network.features(oracle.image("source", 1, 256))
    moved = network.all_points(features, _points(oracle, "emo"))
    assert oracle.error("eamm_emotion", classes=network.classes(features), **moved._asdict()) <= TOLERANCE


@pytest.mark.parametrize("network", ["eamm_audio"], indirect=True)
def test_speech(network: SpeechMotion, oracle: Oracle) -> None:
    speech, pose = oracle.uniform("mfcc", (1, 3, 28, 12), -1, 1), oracle.uniform("pose", (1, 3, 6), -1, 1)
    assert oracle.error("eamm_audio", feature=network(oracle.image("portrait", 1, 256), speech, pose)) <= TOLERANCE
