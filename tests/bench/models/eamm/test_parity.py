"""EAMM's networks equal the published implementation in float64; tolerances are those of the recordings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from bench.models.eamm.audio import UNUSED, SpeechMotion
from bench.models.eamm.emotion import EmotionDisplacement
from bench.models.eamm.generator import Generator, bent
from bench.models.eamm.head import forth_and_back, smoothed
from bench.models.eamm.keypoints import FeatureKeypoints, Keypoints, PictureKeypoints
from bench.models.eamm.recipe import Networks, Request, keypoints
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
def networks(oracle: Oracle) -> dict[str, nn.Module]:
    """Those that were asked for so far: each is filled once."""
    return _Filled(oracle)


class _Filled(dict[str, nn.Module]):
    def __init__(self, oracle: Oracle) -> None:
        super().__init__()
        self._oracle = oracle

    def __missing__(self, name: str) -> nn.Module:
        made, gain, factors = NETWORKS[name]
        self[name] = self._oracle.filled(made(), gain, factors)
        return self[name]


@pytest.fixture
def network(request: pytest.FixtureRequest, networks: dict[str, nn.Module]) -> nn.Module:
    return networks[request.param]


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
    look = network.encode(source)
    motion = network.dense_motion_network(look.small, _points(oracle, "driving"), _points(oracle, "source"))
    error = oracle.error(
        "eamm_generator",
        mask=motion.mask,
        sparse_deformed=motion.moved,
        occlusion_map=motion.occlusion,
        deformed=bent(source, motion.places),
        prediction=network.draw(look, motion),
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


@pytest.mark.slow
def test_from_sound_head_poses_and_emotion_to_smoothed_keypoints(
    networks: dict[str, nn.Module], oracle: Oracle
) -> None:
    """Recorded of the published script's functions: MFCC, pose and keypoint filters, the emotion's place among the keypoints."""
    portrait, faces = oracle.image("portrait", 1, 256), oracle.image("emotional", 3, 256)
    sound = oracle.normal("sound", (9600,), 0.1).numpy().astype(np.float32)
    speech, spoken, emotion = (networks[f"eamm_{name}"] for name in ("audio", "kp_detector_audio", "emotion"))
    assert isinstance(speech, SpeechMotion) and isinstance(spoken, FeatureKeypoints)
    assert isinstance(emotion, EmotionDisplacement)
    with torch.device("meta"):
        unused = PictureKeypoints(), Generator()
    request = Request(
        portrait=np.empty((256, 256, 3), np.uint8),
        sound=sound,
        poses=forth_and_back(smoothed(oracle.uniform("head", (9, 6), -10, 10).numpy()), 14),
        emotion=emotion.features(faces),
    )
    found = np.stack(list(keypoints(Networks(speech, spoken, emotion, *unused), request, portrait)))
    assert oracle.error("eamm_recipe", keypoints=torch.from_numpy(found)) <= TOLERANCE
