"""SadTalker's networks equal the published implementation in float64; tolerances are those of the recordings."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from bench.assets import open_store
from bench.models.sadtalker.expression import ExpressionNetwork
from bench.models.sadtalker.generator import LEAST_SHARE, SadTalkerGenerator
from bench.models.sadtalker.head import HeadMotionNetwork, published_name
from bench.models.sadtalker.keypoints import Angles, transform_keypoints
from bench.models.sadtalker.mapping import COEFFICIENTS, PLACED, WINDOW, MappingNetwork
from bench.models.sadtalker.reconstruction import FaceReconstruction
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from space_ref.vid2vid import HeadEstimate, vox_256_spade
from space_ref.vid2vid.keypoints import KPDetector
from tests.lean import lean_conv3d
from tests.oracle import Oracle

FILE = "SadTalker_V0.0.2_256"
COUNTER = "num_batches_tracked"


def _head(oracle: Oracle, tag: str, count: int) -> HeadEstimate:
    yaw, pitch, roll = (oracle.uniform(f"{tag}.{angle}", (count, 66), -4, 4) for angle in ("yaw", "pitch", "roll"))
    t, exp = oracle.uniform(f"{tag}.t", (count, 3), -0.15, 0.15), oracle.uniform(f"{tag}.exp", (count, 45), -0.1, 0.1)
    return HeadEstimate(yaw, pitch, roll, t, exp)


def _canonical(oracle: Oracle, count: int) -> Tensor:
    return oracle.uniform("kp_canonical", (count, 15, 3), -0.4, 0.4)


def _shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize(
    ("part", "made"),
    [
        ("audio2exp", ExpressionNetwork),
        ("audio2pose", HeadMotionNetwork),
        ("face_3drecon", FaceReconstruction),
        ("kp_extractor", lambda: KPDetector(vox_256_spade())),
        ("generator", SadTalkerGenerator),
    ],
)
def test_tensors_are_named_and_shaped_as_in_the_published_file(
    part: str, made: Callable[[], nn.Module], oracle: Oracle
) -> None:
    held = {name: shape for name, shape in oracle.layout(FILE).items() if name.startswith(f"{part}.")}
    own = {name.removeprefix(f"{part}."): shape for name, shape in held.items()}
    if part == "audio2pose":
        own = {name: shape for old, shape in own.items() if (name := published_name(old)) is not None}
    with torch.device("meta"):
        assert _shapes(made()) == own


def test_the_layout_is_that_of_the_published_file_to_the_byte(oracle: Oracle) -> None:
    """Of a safetensors file the size says much: its header lists all names, shapes and places, its body all numbers."""
    header, end = {}, 0
    layout = oracle.layout(FILE)
    for name in sorted(layout, key=lambda name: (not name.endswith(COUNTER), name)):
        width, kind = (8, "I64") if name.endswith(COUNTER) else (4, "F32")
        begin, end = end, end + width * int(torch.Size(layout[name]).numel())
        header[name] = {"dtype": kind, "shape": list(layout[name]), "data_offsets": [begin, end]}
    listed = len(json.dumps(header, separators=(",", ":")))
    assert 8 + listed + -listed % 8 + end == open_store().asset("sadtalker").size


def test_mapping_networks_are_named_and_shaped_as_published(oracle: Oracle) -> None:
    layout = oracle.layout("sadtalker_mapping")
    assert _shapes(MappingNetwork()) == layout
    assert _shapes(MappingNetwork(PLACED)) == {**layout, "first.0.weight": (1024, PLACED, 7)}


def test_mapping(oracle: Oracle) -> None:
    network = MappingNetwork().double().eval()
    oracle.fill(network, 1, {"encoder*.weight": 0.6})
    found = network(oracle.normal("coefficients", (2, COEFFICIENTS, WINDOW), 0.6))
    assert oracle.error("sadtalker_mapping", **found._asdict()) <= TOLERANCE


def test_face_reconstruction(oracle: Oracle) -> None:
    network = FaceReconstruction().double().eval()
    oracle.fill(network, 0.8, {"*bn3.weight": 0.4, "final_layers*.weight": 0.3})
    faces = oracle.image("face", 2, 224)
    found = network(faces)
    assert oracle.error("sadtalker_reconstruction", coefficients=found) <= TOLERANCE
    expression, angle, place = found[:, 80:144], found[:, 224:227], found[:, 254:]
    assert torch.equal(network.motion(faces), torch.cat([expression, angle, place], dim=1))


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


def test_motion_leaves_out_small_shares(oracle: Oracle) -> None:
    """What sets the generator apart from face-vid2vid's; its decoder is that one's, and compared there."""
    with torch.device("meta"):
        network = SadTalkerGenerator()
        del network.decoder
    network.to_empty(device="cpu").double().eval()
    oracle.fill(network, 0.8, {"*dense_motion_network.mask.weight": 6, "*occlusion.weight": 0.7})
    canonical = _canonical(oracle, 1)
    source, driving = (transform_keypoints(canonical, _head(oracle, tag, 1)) for tag in ("source", "driving"))
    with lean_conv3d():
        made = network.dense_motion_network(network.appearance(oracle.image("source", 1)), driving, source)
    assert float((made.mask < LEAST_SHARE).double().mean()) > 0.5  # the threshold is at work
    error = oracle.error(
        "sadtalker_generator", mask=made.mask, deformation=made.positions, occlusion_map=made.occlusion
    )
    assert error <= TOLERANCE
