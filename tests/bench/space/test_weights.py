"""Weights: what is saved loads again, and nothing else does: no other network, no damaged file, no code."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from bench.errors import BenchError
from bench.space import weights
from bench.space.recipe import Recipe
from space_ref.pose import PoseGenerator, PoseGeneratorConfig
from space_ref.vid2vid import FaceVid2Vid

CONFIG = PoseGeneratorConfig(hidden=16, layers=1, noise=4)


@pytest.fixture
def network() -> PoseGenerator:
    torch.manual_seed(3)
    return PoseGenerator(CONFIG)


@pytest.fixture
def file(network: PoseGenerator, tmp_path: Path) -> Path:
    weights.save(tmp_path / "pose.safetensors", network, CONFIG, {"steps": 7, "losses": {"a": 0.5}})
    return tmp_path / "pose.safetensors"


def _changed(file: Path, change: Callable[[dict[str, Tensor]], object]) -> Path:
    """The file with its tensors changed, under another name; its header is lost."""
    state = load_file(file)
    change(state)
    save_file(state, file.with_name("changed.safetensors"))
    return file.with_name("changed.safetensors")


def test_what_was_saved_loads_frozen_with_its_notes(network: PoseGenerator, file: Path) -> None:
    torch.manual_seed(4)
    loaded = weights.load(file, PoseGenerator(CONFIG).train(), CONFIG)
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in loaded.state_dict().items())
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    assert weights.notes(file) == {"steps": 7, "losses": {"a": 0.5}}
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_file_older_than_a_setting_means_its_default(network: PoseGenerator, tmp_path: Path) -> None:
    older = {name: value for name, value in weights.plain(CONFIG).items() if name != "reach"}
    weights.save(tmp_path / "older.safetensors", network, older, {})
    weights.load(tmp_path / "older.safetensors", PoseGenerator(CONFIG), CONFIG)
    with pytest.raises(BenchError, match=r"reach is 3.0 in the file, 2.0 asked for"):
        weights.load(tmp_path / "older.safetensors", PoseGenerator(CONFIG), replace(CONFIG, reach=2.0))


def test_another_configuration_is_named_setting_by_setting(file: Path) -> None:
    other = replace(CONFIG, hidden=32, noise=8)
    with pytest.raises(BenchError, match="another configuration") as raised:
        weights.load(file, PoseGenerator(other), other)
    assert "hidden is 16 in the file, 32 asked for" in str(raised.value)
    assert "noise is 4 in the file, 8 asked for" in str(raised.value) and "layers" not in str(raised.value)


def test_another_network_is_called_by_its_name(file: Path, tiny: Recipe) -> None:
    config = tiny.model.vid2vid
    with pytest.raises(BenchError, match=r"pose\.safetensors holds a PoseGenerator, and a FaceVid2Vid was looked for"):
        weights.load(file, FaceVid2Vid(config), config)


def test_weights_that_are_not_numbers_are_refused(network: PoseGenerator, tmp_path: Path) -> None:
    name, weight = next(iter(network.named_parameters()))
    with torch.no_grad():
        weight.view(-1)[0] = float("nan")
    weights.save(tmp_path / "burst.safetensors", network, CONFIG, {})
    with pytest.raises(BenchError, match=rf"burst\.safetensors: {name} holds values that are not numbers \(1 of"):
        weights.load(tmp_path / "burst.safetensors", network, CONFIG)


def test_a_nested_setting_is_named_with_its_place(tiny: Recipe, folder: Path) -> None:
    config = tiny.model.vid2vid
    other = replace(config, motion=replace(config.motion, mask_kernel=5))
    with pytest.raises(BenchError, match=r"motion\.mask_kernel is 3 in the file, 5 asked for"):
        weights.load(folder / "vid2vid.safetensors", FaceVid2Vid(other), other)


def test_tensors_that_are_missing_unknown_or_of_another_shape_are_listed(file: Path, network: PoseGenerator) -> None:
    first, second = list(load_file(file))[:2]

    def change(state: dict[str, Tensor]) -> None:
        del state[first]
        state[second] = torch.zeros(1, 2, 3)
        state["stranger"] = torch.zeros(1)

    with pytest.raises(BenchError) as raised:
        weights.load(_changed(file, change), network, CONFIG)
    text = str(raised.value)
    assert f"1 missing: {first}" in text and "1 unknown: stranger" in text and f"{second} (1, 2, 3) instead of" in text


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff" * 4096, b'\x08\x00\x00\x00\x00\x00\x00\x00{"a":1} '])
def test_a_file_that_is_not_safetensors_is_one_line(network: PoseGenerator, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(BenchError, match=r"bad\.safetensors: not a whole safetensors file") as raised:
        weights.load(path, network, CONFIG)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(network: PoseGenerator, file: Path, share: float) -> None:
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(BenchError, match="not a whole safetensors file"):
        weights.load(file, network, CONFIG)


@pytest.mark.parametrize("header", [{"config": "{"}, {"config": "[1]"}])
def test_a_header_of_another_program_is_refused(network: PoseGenerator, file: Path, header: dict[str, str]) -> None:
    save_file(load_file(file), file, metadata=header)
    with pytest.raises(BenchError, match=r"pose\.safetensors"):
        weights.load(file, network, CONFIG)


def test_a_missing_file_and_a_pickled_one_are_refused(network: PoseGenerator, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"none\.safetensors are missing"):
        weights.load(tmp_path / "none.safetensors", network, CONFIG)
    torch.save(network.state_dict(), tmp_path / "pose.pt")
    with pytest.raises(BenchError, match="pickled files can carry code"):
        weights.load(tmp_path / "pose.pt", network, CONFIG)


def _public(network: FaceVid2Vid, prefix: str = "") -> dict[str, Any]:
    """The layout of the public checkpoints."""
    content: dict[str, Any] = {
        part: {prefix + name: value for name, value in getattr(network, part).state_dict().items()}
        for part in weights.VID2VID_PARTS
    }
    return content | {
        "discriminator": {"weight": torch.zeros(3)},
        "optimizer_generator": {"state": {0: {"step": 4, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 2e-4}]},
        "epoch": 189,
    }


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("name", ["checkpoint.pth.tar", "checkpoint.pt"])
def test_a_public_checkpoint_fills_all_three_networks(tiny: Recipe, tmp_path: Path, prefix: str, name: str) -> None:
    config = tiny.model.vid2vid
    network, empty = FaceVid2Vid(config), FaceVid2Vid(config)
    assert weights.identity(network) != weights.identity(empty)
    torch.save(_public(network, prefix), tmp_path / name)
    assert weights.identity(weights.load_vid2vid(tmp_path / name, empty, config)) == weights.identity(network)


def test_our_own_file_loads_as_vid2vid_too(tiny: Recipe, folder: Path) -> None:
    config, path = tiny.model.vid2vid, folder / "vid2vid.safetensors"
    one, other = (load(path, FaceVid2Vid(config), config) for load in (weights.load, weights.load_vid2vid))
    assert weights.identity(one) == weights.identity(other)


class _Trap:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_a_pickle_with_code_is_refused_and_its_code_does_not_run(tiny: Recipe, tmp_path: Path) -> None:
    config, mark = tiny.model.vid2vid, tmp_path / "ran"
    network = FaceVid2Vid(config)
    torch.save(_public(network) | {"extra": _Trap(mark)}, tmp_path / "a.pth.tar")
    (tmp_path / "b.pt").write_bytes(pickle.dumps({"generator": _Trap(mark)}))
    for name in ("a.pth.tar", "b.pt"):
        with pytest.raises(BenchError, match=f"{name}: cannot be loaded as weights") as raised:
            weights.load_vid2vid(tmp_path / name, network, config)
        assert "\n" not in str(raised.value)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("he_estimator"), "lacks he_estimator; it holds generator, kp_detector"),
        (lambda content: content.update(generator=torch.zeros(2)), "generator"),
        (lambda content: content["kp_detector"].popitem(), "1 missing: kp_detector"),
        (lambda content: content["generator"].update(epoch=3), r"generator\.epoch"),
        (lambda content: content["generator"].update({next(iter(content["generator"])): "text"}), "generator"),
        (lambda content: content["generator"].update({7: torch.zeros(1)}), "generator"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_explained(
    tiny: Recipe, tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    config = tiny.model.vid2vid
    content = _public(FaceVid2Vid(config))
    change(content)
    torch.save(content, tmp_path / "c.pth.tar")
    with pytest.raises(BenchError, match=message) as raised:
        weights.load_vid2vid(tmp_path / "c.pth.tar", FaceVid2Vid(config), config)
    assert "c.pth.tar" in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04 half a zip"])
def test_a_damaged_checkpoint_is_one_line(tiny: Recipe, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.pth.tar").write_bytes(content)
    config = tiny.model.vid2vid
    with pytest.raises(BenchError, match=r"c\.pth\.tar") as raised:
        weights.load_vid2vid(tmp_path / "c.pth.tar", FaceVid2Vid(config), config)
    assert "\n" not in str(raised.value)
    with pytest.raises(BenchError, match="missing"):
        weights.load_vid2vid(tmp_path / "d.pth.tar", FaceVid2Vid(config), config)


def test_identity_follows_values_and_names_and_not_the_layout_in_memory() -> None:
    torch.manual_seed(0)
    conv, norm = torch.nn.Conv2d(4, 8, 3), torch.nn.BatchNorm2d(8)
    network = torch.nn.Sequential(conv, norm)
    before = weights.identity(network)
    assert weights.identity(network.to(memory_format=torch.channels_last)) == before  # type: ignore[call-overload]
    assert weights.identity(torch.nn.Sequential(norm, conv)) != before
    with torch.no_grad():
        conv.weight[3, 1, 0, 2] += 1e-6
    assert weights.identity(network) != before


def test_a_fingerprint_changes_with_any_setting() -> None:
    assert weights.fingerprint(CONFIG) == weights.fingerprint(replace(CONFIG))
    assert weights.fingerprint(CONFIG) != weights.fingerprint(replace(CONFIG, reach=2.0))
