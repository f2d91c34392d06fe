"""Names, shapes and outputs of the public face-vid2vid code: full size, float64, weights made of names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from space_ref.vid2vid import FaceVid2Vid, Vid2VidConfig, vox_256, vox_256_beta, vox_256_spade
from space_ref.vid2vid.dense_motion import DenseMotionNetwork
from space_ref.vid2vid.generator import Generator, ResGenerator, SPADEGenerator
from space_ref.vid2vid.head_pose import HEEstimator
from space_ref.vid2vid.keypoints import KPDetector
from space_ref.vid2vid.transform import degrees, rotation, transform_keypoints
from tests.lean import lean_conv3d

pytestmark = pytest.mark.slow

TOLERANCE = 1e-9
MOTION = {"*mask.weight": 2.5, "*occlusion.weight": 0.7}


@pytest.fixture(scope="module", autouse=True)
def lean() -> Iterator[None]:
    """No gradients, and little memory."""
    with lean_conv3d(), torch.no_grad():
        yield


@pytest.fixture(scope="module")
def kp_detector(seeded: Any) -> KPDetector:
    network = KPDetector(vox_256()).double().eval()
    seeded.fill(network, 1, {"kp.weight": 0.35})
    return network


@pytest.fixture(scope="module")
def he_estimator(seeded: Any) -> HEEstimator:
    network = HEEstimator(vox_256()).double().eval()
    seeded.fill(network, 0.7, {})
    return network


@pytest.fixture(scope="module")
def original(seeded: Any) -> ResGenerator:
    network = ResGenerator(vox_256()).double().eval()
    seeded.fill(network, 0.8, {**MOTION, "final.weight": 0.5, "resblocks_2d.*conv2.weight": 0.5})
    return network


@pytest.fixture(scope="module")
def keypoints(seeded: Any) -> tuple[Tensor, Tensor]:
    """Of source and driving."""
    canonical = seeded.uniform("kp_canonical", (1, 15, 3), -0.4, 0.4)
    return transform_keypoints(canonical, seeded.head("source", 1)), transform_keypoints(
        canonical, seeded.head("driving", 1)
    )


@pytest.mark.parametrize(
    ("config", "layouts"),
    [
        (vox_256(), ("generator_original", "kp_detector", "he_estimator")),
        (vox_256_beta(), ("generator_original", "kp_detector_beta", "he_estimator")),
        (vox_256_spade(), ("generator_spade", "kp_detector", "he_estimator")),
    ],
    ids=["vox-256", "vox-256-beta", "vox-256-spade"],
)
def test_published_state_dicts_load_as_they_are(config: Vid2VidConfig, layouts: tuple[str, ...], seeded: Any) -> None:
    with torch.device("meta"):
        model = FaceVid2Vid(config)
    for name, layout in zip(("generator", "kp_detector", "he_estimator"), layouts, strict=True):
        shapes = {key: tuple(value.shape) for key, value in getattr(model, name).state_dict().items()}
        assert shapes == seeded.layout(layout)
    motion = {key: tuple(value.shape) for key, value in model.generator.dense_motion_network.state_dict().items()}
    assert motion == seeded.layout("dense_motion")


def test_keypoint_transformation(seeded: Any) -> None:
    canonical, head = seeded.uniform("kp_canonical", (3, 15, 3), -0.4, 0.4), seeded.head("he", 3)
    yaw, pitch, roll = (degrees(logits) for logits in head[:3])
    turned, value = rotation(yaw, pitch, roll), transform_keypoints(canonical, head)
    error = seeded.error("keypoint_transformation", yaw=yaw, pitch=pitch, roll=roll, rotation=turned, value=value)
    assert error <= TOLERANCE


def test_kp_detector(kp_detector: KPDetector, seeded: Any) -> None:
    assert seeded.error("kp_detector", value=kp_detector(seeded.image("image", 2))) <= TOLERANCE


def test_kp_detector_of_the_full_size_picture(kp_detector: KPDetector, seeded: Any) -> None:
    beta = KPDetector(vox_256_beta()).double().eval()
    beta.load_state_dict({key: value for key, value in kp_detector.state_dict().items() if key != "down.weight"})
    assert seeded.error("kp_detector_beta", value=beta(seeded.image("image", 1))) <= TOLERANCE


def test_he_estimator(he_estimator: HEEstimator, seeded: Any) -> None:
    seeded.fill(he_estimator, 0.7, {"fc_t.weight": 0.2, "fc_exp.weight": 0.2}, only="fc_*")
    assert seeded.error("he_estimator", **he_estimator(seeded.image("image", 2))._asdict()) <= TOLERANCE


def test_dense_motion(keypoints: tuple[Tensor, Tensor], seeded: Any) -> None:
    network = DenseMotionNetwork(vox_256()).double().eval()
    seeded.fill(network, 0.8, MOTION)
    source, driving = keypoints
    motion = network(seeded.normal("feature", (1, 32, 16, 32, 32)), driving, source)
    error = seeded.error("dense_motion", mask=motion.mask, deformation=motion.positions, occlusion_map=motion.occlusion)
    assert error <= TOLERANCE


def _check_generator(name: str, network: Generator, keypoints: tuple[Tensor, Tensor], seeded: Any) -> None:
    source, driving = keypoints
    feature = network.appearance(seeded.image("source", 1))
    made = network.render(feature, source, driving)
    error = seeded.error(
        name, prediction=made.prediction, occlusion_map=made.occlusion, deformation=made.deformation, feature_3d=feature
    )
    assert error <= TOLERANCE


def test_original_generator(original: ResGenerator, keypoints: tuple[Tensor, Tensor], seeded: Any) -> None:
    _check_generator("generator_original", original, keypoints, seeded)


def test_spade_generator(keypoints: tuple[Tensor, Tensor], seeded: Any) -> None:
    network = SPADEGenerator(vox_256_spade()).double().eval()
    seeded.fill(network, 0.8, {**MOTION, "decoder.conv_img.weight": 0.5})
    _check_generator("generator_spade", network, keypoints, seeded)


def test_pipeline(original: ResGenerator, kp_detector: KPDetector, he_estimator: HEEstimator, seeded: Any) -> None:
    with torch.device("meta"):
        model = FaceVid2Vid(vox_256()).eval()
    model.generator, model.kp_detector, model.he_estimator = original, kp_detector, he_estimator
    heads = {"fc_t.weight": 0.03, "fc_exp.weight": 0.03, "fc_yaw.weight": 6, "fc_pitch.weight": 6, "fc_roll.weight": 6}
    seeded.fill(he_estimator, 0.7, heads, only="fc_*")
    source, driving = seeded.image("source", 1), seeded.image("driving", 1)
    canonical = model.canonical(source)
    kp_source, kp_driving = (model.keypoints(canonical, model.head(picture)) for picture in (source, driving))
    made = model.render(model.appearance(source), kp_source, kp_driving)
    error = seeded.error(
        "pipeline", kp_source=kp_source, kp_driving=kp_driving, prediction=made.prediction, mask=made.mask
    )
    assert error <= TOLERANCE
