"""SadTalker's networks equal the published implementation in float64; tolerances are those of the recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bench.models.sadtalker.generator import LEAST_SHARE, SadTalkerGenerator
from bench.models.sadtalker.keypoints import Angles, transform_keypoints
from bench.models.sadtalker.mapping import COEFFICIENTS, WINDOW, MappingNetwork
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from space_ref.vid2vid import HeadEstimate
from tests.lean import lean_conv3d
from tests.oracle import Oracle, one_thread


@pytest.fixture(autouse=True)
def one_thread_without_gradients() -> Iterator[None]:
    with one_thread(), lean_conv3d():
        yield


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(Path(__file__).with_name("golden"))


def _head(oracle: Oracle, tag: str, count: int) -> HeadEstimate:
    yaw, pitch, roll = (oracle.uniform(f"{tag}.{angle}", (count, 66), -4, 4) for angle in ("yaw", "pitch", "roll"))
    t, exp = oracle.uniform(f"{tag}.t", (count, 3), -0.15, 0.15), oracle.uniform(f"{tag}.exp", (count, 45), -0.1, 0.1)
    return HeadEstimate(yaw, pitch, roll, t, exp)


def _canonical(oracle: Oracle, count: int) -> Tensor:
    return oracle.uniform("kp_canonical", (count, 15, 3), -0.4, 0.4)


@pytest.mark.parametrize(
    ("name", "made"), [("sadtalker_mapping", MappingNetwork), ("sadtalker_generator", SadTalkerGenerator)]
)
def test_tensors_are_named_and_shaped_as_in_the_published_file(
    name: str, made: type[torch.nn.Module], oracle: Oracle
) -> None:
    with torch.device("meta"):
        network = made()
    assert {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()} == oracle.layout(name)


def test_mapping(oracle: Oracle) -> None:
    network = MappingNetwork().double().eval()
    oracle.fill(network, 1, {"encoder*.weight": 0.6})
    found = network(oracle.normal("coefficients", (2, COEFFICIENTS, WINDOW), 0.6))
    assert oracle.error("sadtalker_mapping", **found._asdict()) <= TOLERANCE


def test_keypoint_transformation(oracle: Oracle) -> None:
    canonical, head = _canonical(oracle, 3), _head(oracle, "he", 3)
    given = Angles(
        oracle.uniform("yaw_in", (3,), -40, 40),
        oracle.uniform("pitch_in", (3,), -20, 20),
        oracle.uniform("roll_in", (3,), -20, 20),
    )
    error = oracle.error(
        "sadtalker_keypoint_transformation",
        value=transform_keypoints(canonical, head),
        value_without_expression=transform_keypoints(canonical, head, expression=False),
        value_given_angles=transform_keypoints(canonical, head, given),
    )
    assert error <= TOLERANCE


@pytest.mark.slow
def test_generator(oracle: Oracle) -> None:
    network = SadTalkerGenerator().double().eval()
    oracle.fill(
        network,
        0.8,
        {"*dense_motion_network.mask.weight": 6, "*occlusion.weight": 0.7, "decoder.conv_img.weight": 0.5},
    )
    canonical = _canonical(oracle, 1)
    source, driving = (transform_keypoints(canonical, _head(oracle, tag, 1)) for tag in ("source", "driving"))
    made = network.render(network.appearance(oracle.image("source", 1)), source, driving)
    assert float((made.mask < LEAST_SHARE).double().mean()) > 0.5  # what sets it apart from face-vid2vid is at work
    error = oracle.error(
        "sadtalker_generator",
        prediction=made.prediction,
        mask=made.mask,
        deformation=made.deformation,
        occlusion_map=made.occlusion,
    )
    assert error <= TOLERANCE
