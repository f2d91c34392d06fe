"""LivePortrait's networks equal the published implementation in float64; tolerances are those of the recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from bench.models.inference.vid2vid import drawing
from bench.models.liveportrait.drawing import AppearanceExtractor, Decoder, WarpingNetwork
from bench.models.liveportrait.heads import eye_head, lip_head, stitching_head
from bench.models.liveportrait.keypoints import Shape, degrees, rotation, shape
from bench.models.liveportrait.motion import Motion, MotionExtractor
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from tests.lean import lean_conv3d
from tests.oracle import Factors, Oracle, one_thread

NETWORKS: dict[str, tuple[Callable[[], nn.Module], float, Factors]] = {
    "liveportrait_appearance": (AppearanceExtractor, 0.8, {}),
    "liveportrait_motion": (MotionExtractor, 0.8, {}),
    "liveportrait_warping": (
        WarpingNetwork,
        0.8,
        {"dense_motion_network.mask.weight": 2.5, "dense_motion_network.occlusion.weight": 0.7},
    ),
    "liveportrait_spade": (Decoder, 0.8, {"conv_img.0.weight": 0.5}),
    "liveportrait_stitching": (stitching_head, 1, {}),
    "liveportrait_lip": (lip_head, 1, {}),
    "liveportrait_eye": (eye_head, 1, {}),
}
"""Class, gain and factors with which the outputs were recorded."""


@pytest.fixture(autouse=True)
def one_thread_without_gradients() -> Iterator[None]:
    with one_thread(), lean_conv3d():
        yield


@pytest.fixture
def network(request: pytest.FixtureRequest, oracle: Oracle) -> nn.Module:
    made, gain, factors = NETWORKS[request.param]
    return oracle.filled(made(), gain, factors)


def _motion(oracle: Oracle, tag: str) -> Motion:
    angles = {name: oracle.uniform(f"{tag}.{name}", (2, 66), -4, 4) for name in ("pitch", "yaw", "roll")}
    return Motion(
        **angles,
        t=oracle.uniform(f"{tag}.t", (2, 3), -0.1, 0.1),
        exp=oracle.uniform(f"{tag}.exp", (2, 63), -0.05, 0.05),
        scale=oracle.uniform(f"{tag}.scale", (2, 1), 0.9, 1.2),
        kp=oracle.uniform(f"{tag}.kp", (2, 63), -0.35, 0.35),
    )


@pytest.mark.parametrize("name", list(NETWORKS))
def test_tensors_are_named_and_shaped_as_in_the_published_file(name: str, oracle: Oracle) -> None:
    with torch.device("meta"):
        made = NETWORKS[name][0]()
    assert {key: tuple(tensor.shape) for key, tensor in made.state_dict().items()} == oracle.layout(name)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["liveportrait_appearance"], indirect=True)
def test_appearance(network: AppearanceExtractor, oracle: Oracle) -> None:
    assert oracle.error("liveportrait_appearance", feature_3d=network(oracle.image("source", 1))) <= TOLERANCE


@pytest.mark.parametrize("network", ["liveportrait_motion"], indirect=True)
def test_motion(network: MotionExtractor, oracle: Oracle) -> None:
    assert oracle.error("liveportrait_motion", **network(oracle.image("image", 2, 64))._asdict()) <= TOLERANCE


def test_keypoints_of_a_motion(oracle: Oracle) -> None:
    motion = _motion(oracle, "motion")
    pitch, yaw, roll = (degrees(logits) for logits in (motion.pitch, motion.yaw, motion.roll))
    error = oracle.error(
        "liveportrait_keypoint_transformation",
        pitch=pitch,
        yaw=yaw,
        roll=roll,
        rotation=rotation(pitch, yaw, roll),
        value=shape(motion).keypoints,
    )
    assert error <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("network", ["liveportrait_warping"], indirect=True)
def test_warping(network: WarpingNetwork, oracle: Oracle) -> None:
    source, driving = (_first(oracle, tag).keypoints for tag in ("source", "driving"))
    feature = oracle.normal("feature_3d", (1, 32, 16, 32, 32))
    plain = network(feature, driving, source)
    for made in (plain, drawing(network)(feature, driving, source)):
        error = oracle.error(
            "liveportrait_warping", occlusion_map=made.occlusion, deformation=made.deformation, out=made.out
        )
        assert error <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("network", ["liveportrait_spade"], indirect=True)
def test_decoder(network: Decoder, oracle: Oracle) -> None:
    feature = oracle.normal("feature", (1, 256, 16, 16))
    assert oracle.error("liveportrait_spade", image=network(feature)) <= TOLERANCE
    assert oracle.error("liveportrait_spade", image=network.for_inference()(feature)) <= TOLERANCE


@pytest.mark.parametrize(
    ("network", "name", "inputs"),
    [(f"liveportrait_{name}", name, inputs) for name, inputs in (("stitching", 126), ("lip", 65), ("eye", 66))],
    indirect=["network"],
)
def test_heads(network: nn.Module, name: str, inputs: int, oracle: Oracle) -> None:
    given = oracle.uniform(f"{name}.input", (3, inputs), -1, 1)
    assert oracle.error(f"liveportrait_{name}", output=network(given)) <= TOLERANCE


def _first(oracle: Oracle, tag: str) -> Shape:
    return shape(_motion(oracle, tag)).frame(0)
