"""Networks opened from weights files: what they give does not depend on the batch, and what is no such file is refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from metrics.features.arcface import ArcFaceAntelope, ArcFaceBuffalo, ArcFaceR50, ArcFaceR100, ArcFaceVico
from metrics.features.emonet import EmoNet5, EmoNet8
from metrics.features.emotion_fan import EmotionFan
from metrics.features.hsemotion import HSEmotion
from metrics.features.inception import InceptionFeatures
from metrics.features.lpips_networks import LpipsAlex, LpipsSqueeze, LpipsVgg
from metrics.features.weights import WeightsError

MakeState = Callable[[str], dict[str, Tensor]]
Trunk = Callable[[dict[str, Tensor]], dict[str, Tensor]]
Open = Callable[[type], Any]

PUBLISHED: Mapping[type, str] = {
    InceptionFeatures: "fid_inception", EmoNet8: "emonet_8", EmoNet5: "emonet_5", EmotionFan: "emotion_fan",
    ArcFaceR50: "arcface_r50", LpipsAlex: "lpips_alex", LpipsSqueeze: "lpips_squeeze", LpipsVgg: "lpips_vgg",
}  # fmt: skip
ONNX: Mapping[type, tuple[int, int]] = {ArcFaceBuffalo: (112, 512), ArcFaceAntelope: (112, 512), HSEmotion: (224, 8)}
SIDES = {InceptionFeatures: 40, EmoNet8: 64, EmoNet5: 64, EmotionFan: 64, ArcFaceR50: 112}
"""Pictures of 64 pixels keep the tests short where a network is convolutional up to its mean over places."""
slow = pytest.mark.slow


def onnx_network(path: Path, size: int, outputs: int, batch: str | int = "batch", scales: bool = False) -> Path:
    """A small convolutional network with the input and output of the published file; with `scales` it scales pictures itself."""
    random = np.random.default_rng(0)
    weights = {
        "kernel": random.normal(size=(16, 3, 5, 5)).astype(np.float32) / 8,
        "matrix": random.normal(size=(16, outputs)).astype(np.float32),
        **({"middle": np.float32(127.5), "step": np.float32(1 / 127.5)} if scales else {}),
    }
    scaling = [
        helper.make_node("Sub", ["picture", "middle"], ["centred"], name="Sub_0"),
        helper.make_node("Mul", ["centred", "step"], ["scaled"], name="Mul_0"),
    ]
    nodes = [
        *(scaling if scales else []),
        helper.make_node("Conv", ["scaled" if scales else "picture", "kernel"], ["edges"], strides=[4, 4]),
        helper.make_node("Relu", ["edges"], ["shown"]),
        helper.make_node("GlobalAveragePool", ["shown"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [batch, 3, size, size])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, outputs])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


@pytest.fixture(scope="session")
def opened(
    published_state: MakeState, trunk_of: Trunk, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[type], Any]:
    """``opened(class)``: the network with seeded weights, read from a file as the authors publish it."""
    folder = tmp_path_factory.mktemp("weights")

    def make(kind: Any) -> Any:
        path = folder / kind.name
        if kind in ONNX:
            onnx_network(path, *ONNX[kind])
        else:
            state: dict[str, Any] = published_state(PUBLISHED[kind])
            if kind is EmotionFan:
                state = {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}}
            elif kind in (LpipsAlex, LpipsSqueeze, LpipsVgg):
                state = trunk_of(state)
            torch.save(state, path)
        network = kind({kind.assets[0]: path})
        path.unlink()
        return network

    return make


def pictures(count: int, *shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.mark.parametrize("kind", [
    pytest.param(InceptionFeatures, marks=slow), pytest.param(ArcFaceR50, marks=slow), pytest.param(EmoNet8, marks=slow),
    EmotionFan, ArcFaceBuffalo, HSEmotion,
])  # fmt: skip
def test_rows_do_not_depend_on_the_batch(kind: Any, opened: Open) -> None:
    network, side = opened(kind), SIDES.get(kind, ONNX.get(kind, (112,))[0])
    batch = pictures(20, side, side, 3)
    together = network.forward(batch)
    assert together.shape[0] == 20 and together.dtype == np.float32 and np.isfinite(together).all()
    scale = np.abs(together).max()
    for count in (1, 7):
        np.testing.assert_allclose(network.forward(batch[:count]), together[:count], atol=1e-5 * scale, rtol=0)
    assert np.ptp(together, axis=0).max() > 1e-4 * scale


@pytest.mark.parametrize("kind", [LpipsAlex, pytest.param(LpipsVgg, marks=slow), LpipsSqueeze])
def test_lpips_does_not_depend_on_the_batch_and_is_zero_for_equal_frames(kind: Any, opened: Open) -> None:
    network = opened(kind)
    batch = pictures(20, 2, 32, 48, 3)
    batch[5, 1] = batch[5, 0]
    together = network.forward(batch)
    assert together.shape == (20, 1) and together[5, 0] == 0
    for count in (1, 7):
        np.testing.assert_allclose(network.forward(batch[:count]), together[:count], rtol=1e-5)
    assert network.forward(batch[:0]).shape == (0, 1)
    # Both directions of a pair are one distance, and noise on a frame is nearer than another frame.
    np.testing.assert_allclose(network.forward(batch[:2, ::-1]), together[:2], rtol=1e-5)
    near = batch[:1].copy()
    near[0, 1] = near[0, 0] ^ 1
    assert 0 < network.forward(near)[0, 0] < together[0, 0]


def test_lpips_refuses_frames_that_it_cannot_take(opened: Open) -> None:
    network = opened(LpipsAlex)
    with pytest.raises(ValueError, match="31x40 are smaller"):
        network.prepare(*pictures(2, 40, 31, 3))
    with pytest.raises(ValueError, match="one size"):
        network.prepare(np.zeros((40, 40, 3), np.uint8), np.zeros((40, 41, 3), np.uint8))


def test_protocols_name_what_changes_the_output() -> None:
    kinds = [*PUBLISHED, *ONNX, ArcFaceR100, ArcFaceVico]
    protocols = [str(sorted(kind.protocol.fget(kind.__new__(kind)).items())) for kind in kinds]  # type: ignore[attr-defined]
    assert len(set(protocols)) == len(kinds)


class _Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("kind", [InceptionFeatures, LpipsAlex, EmoNet8, EmotionFan, ArcFaceR50])
def test_files_that_are_no_weights_are_refused_in_one_line(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": {"a": torch.zeros(2)}, "a": torch.zeros(2)}, path)
    whole = path.read_bytes()
    torch.save({"a": _Hostile()}, path)
    for content, message in (
        (None, "cannot be loaded"), (b"", "cannot be loaded"), (whole[:300], "cannot be loaded"),
        (path.read_bytes(), "cannot be loaded"), (whole, r"expected a mapping|weights of another network .* missing: .* more"),
    ):  # fmt: skip
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(WeightsError, match=message) as caught:
            kind({kind.assets[0]: path})
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "executed").exists()


def test_a_deeper_arcface_is_not_taken_for_the_other(published_state: MakeState, tmp_path: Path) -> None:
    torch.save(published_state("arcface_r50"), path := tmp_path / "backbone.pth")
    with pytest.raises(WeightsError, match=r"IResNet: \d+ missing: layer2\.10"):
        ArcFaceR100({"arcface_r100": path})


def test_lpips_refuses_the_trunk_of_another_network(
    published_state: MakeState, trunk_of: Trunk, tmp_path: Path
) -> None:
    torch.save(trunk_of(published_state("lpips_alex")), path := tmp_path / "alexnet.pth")
    with pytest.raises(WeightsError, match=r"than LPIPS squeeze: \d+ missing: features\.10\.expand1x1"):
        LpipsSqueeze({"lpips_squeezenet": path})


def test_emotion_fan_needs_its_checkpoint_not_a_bare_state_dict(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(1)}, path := tmp_path / "fan.pth.tar")
    with pytest.raises(WeightsError, match="under 'state_dict'"):
        EmotionFan({"emotion_fan": path})


@pytest.mark.parametrize("kind", list(ONNX))
def test_onnx_files_that_do_not_fit_are_refused_in_one_line(kind: Any, tmp_path: Path) -> None:
    size, outputs = ONNX[kind]
    path = tmp_path / "network.onnx"

    def refused(message: str, device: str = "cpu") -> None:
        with pytest.raises((WeightsError, ValueError), match=message) as caught:
            kind({kind.assets[0]: path}, device)
        assert "\n" not in str(caught.value)

    refused("cannot be loaded as an ONNX network")
    path.write_bytes(b"not a network")
    refused("cannot be loaded as an ONNX network")
    whole = onnx_network(path, size, outputs).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused("cannot be loaded as an ONNX network")
    onnx_network(path, size, outputs + 1)
    refused(f"its output is .*{outputs + 1}.*, expected .*{outputs}")
    onnx_network(path, size + 8, outputs)
    refused(f"its input is .*{size + 8}")
    onnx_network(path, size, outputs)
    refused("expected the device cpu or cuda, found 'tpu'", device="tpu")


@pytest.mark.parametrize("scales", [False, True])
def test_arcface_files_give_what_insightface_makes_of_them(scales: bool, tmp_path: Path) -> None:
    path = onnx_network(tmp_path / "w600k_r50.onnx", 112, 512, scales=scales)
    faces = pictures(3, 112, 112, 3)
    wanted = ArcFaceONNX(str(path)).get_feat([face[..., ::-1] for face in faces])
    np.testing.assert_allclose(ArcFaceBuffalo({"arcface_buffalo": path}).forward(faces), wanted, rtol=1e-4, atol=1e-5)


def test_onnx_files_for_one_picture_at_a_time_take_batches(tmp_path: Path) -> None:
    free, fixed = (
        HSEmotion({"hsemotion_b0": onnx_network(tmp_path / f"{batch}.onnx", 224, 8, batch)}) for batch in ("batch", 1)
    )
    batch = pictures(3, 224, 224, 3)
    np.testing.assert_allclose(fixed.forward(batch), free.forward(batch), rtol=1e-5)
    assert free.forward(batch[:0]).shape == (0, 8)
    np.testing.assert_allclose(free.forward(batch).sum(axis=1), 1, rtol=1e-5)
