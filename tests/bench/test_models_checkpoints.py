"""Published weights: every way in which they are packed is read, nothing in them is run, and a wrong file is called by its name."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bench.models.base import Context, ModelError
from bench.models.checkpoints import load_network, weights_version
from bench.models.fingerprints import looks_like
from bench.models.random_weights import fill_by_name
from tests.oracle import Oracle

ASSET, FILE = "arcface_r50", "ms1mv3_arcface_r50_fp16.pth"
"""An asset without a known sha256: any file of that name is taken."""
CONTEXT = Context("cpu", {}, {}, "d/test/self")
GOLDEN = Path(__file__).parents[1] / "metrics" / "networks" / "golden"


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.PReLU(), nn.ConvTranspose2d(4, 2, 4, stride=2))
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the weights file of `ASSET` belongs."""
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    return tmp_path / FILE


def published() -> dict[str, Tensor]:
    """Weights that no fresh network has."""
    made = network()
    fill_by_name(made)
    return made.state_dict()


def prefixed(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in state.items()}


def script(path: Path) -> None:
    made = network()
    made.load_state_dict(published())
    torch.jit.save(torch.jit.script(made.eval()), str(path))


Packing = tuple[Callable[[Path], object], dict[str, object]]
PACKINGS: dict[str, Packing] = {
    "flat": (lambda path: torch.save(published(), path), {}),
    "data parallel": (lambda path: torch.save(prefixed(published(), "module."), path), {}),
    "nested": (
        lambda path: torch.save({"state_dict": published(), "optimizer": {"lr": 1e-4}, "step": 3}, path),
        {"key": "state_dict"},
    ),
    "nested was asked for, flat is there": (lambda path: torch.save(published(), path), {"key": "state_dict"}),
    "one of two networks": (
        lambda path: torch.save({**prefixed(published(), "module.net."), "other.weight": torch.zeros(1)}, path),
        {"prefix": "net."},
    ),
    "data parallel inside": (
        lambda path: torch.save(prefixed(published(), "net.module."), path), {"prefix": "net."},
    ),
    "other names": (
        lambda path: torch.save({**prefixed(published(), "old"), "loss.weight": torch.zeros(1)}, path),
        {"rename": lambda name: None if name.startswith("loss") else name.removeprefix("old")},
    ),
    "without counters": (
        lambda path: torch.save({k: v for k, v in published().items() if "num_batches" not in k}, path), {},
    ),
    "safetensors": (lambda path: save_file(published(), path), {}),
    "safetensors of a nested file": (lambda path: save_file(prefixed(published(), "G."), path), {"key": "G"}),
    "TorchScript": (script, {"key": "state_dict"}),
    "half precision": (lambda path: torch.save({k: v.half() for k, v in published().items()}, path), {}),
}  # fmt: skip


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_fills_the_network(place: Path, packing: str) -> None:
    pack, options = PACKINGS[packing]
    pack(place)
    found = load_network(network(), ASSET, CONTEXT, **options)  # type: ignore[arg-type]
    assert not found.training and not any(parameter.requires_grad for parameter in found.parameters())
    for name, tensor in published().items():
        tolerance = 1e-3 if packing == "half precision" else 0
        assert torch.allclose(found.state_dict()[name].float(), tensor.float(), atol=tolerance, rtol=0), name


def refusal(**options: object) -> str:
    with pytest.raises(ModelError) as caught:
        load_network(network(), ASSET, CONTEXT, **options)  # type: ignore[arg-type]
    assert caught.value.status == "weights_missing"
    assert "\n" not in caught.value.detail
    return caught.value.detail


def test_absent_weights_say_where_they_belong(place: Path) -> None:
    said = refusal()
    assert FILE in said and str(place.parent) in said
    assert weights_version(ASSET) == "absent"


def test_a_checkpoint_of_another_model_is_called_by_its_name(place: Path) -> None:
    telling = {
        "face_encoder_blocks.0.0.conv_block.0.weight": torch.zeros(16, 6, 7, 7),
        "output_block.1.weight": torch.zeros(3, 32, 1, 1),
    }
    torch.save({"state_dict": prefixed(telling, "module."), "optimizer": {}}, place)
    said = refusal(key="state_dict")
    assert "looks like Wav2Lip" in said and "missing: 0.bias" in said and "unknown: face_encoder_blocks" in said
    assert "looks like Wav2Lip" in refusal(key="generator")


def test_an_entry_that_is_not_there_names_those_that_are(place: Path) -> None:
    torch.save({"generator": published(), "epoch": 3}, place)
    assert "expected an entry 'state_dict' of tensors, found a checkpoint of: generator, epoch" in refusal(
        key="state_dict"
    )


def test_tensors_of_another_shape_are_listed(place: Path) -> None:
    torch.save({**published(), "0.bias": torch.zeros(9)}, place)
    assert "0.bias (9,) instead of (4,)" in refusal()


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


def test_pickled_code_is_refused_with_the_way_to_convert_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.parent)
    torch.save({"state_dict": published(), "extra": Hostile()}, place)
    said = refusal(key="state_dict")
    assert "mkdir" in said and "save_file" in said
    assert not Path("executed").exists()


def test_code_in_a_torchscript_archive_is_not_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.parent)
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("net/constants.pkl", pickle.dumps(()))
        archive.writestr("net/data.pkl", pickle.dumps(Hostile()))
    assert "mkdir, which is neither a module nor a tensor" in refusal()
    assert not Path("executed").exists()


@pytest.mark.parametrize("pack", [PACKINGS["flat"][0], PACKINGS["safetensors"][0], script])
def test_a_file_that_is_cut_off_is_refused(place: Path, pack: Callable[[Path], object]) -> None:
    pack(place)
    place.write_bytes(place.read_bytes()[:-200])
    assert str(place) in refusal()


def test_weights_of_names_are_the_same_in_every_network_of_those_names() -> None:
    first, second = network(), network()
    torch.manual_seed(1)
    second[0].reset_parameters()
    fill_by_name(first)
    fill_by_name(second)
    states = [made.state_dict() for made in (first, second)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    # The rule itself: a change of it changes every result that was made with it.
    assert states[0]["0.bias"].tolist() == pytest.approx(RULE, abs=1e-7)
    assert weights_version(random_weights=True) == "random"


RULE = [-0.0927344859, -0.0840606689, -0.0116442731, 0.1221448034]


def test_signals_keep_their_size_through_a_deep_network_of_random_weights() -> None:
    layers = [nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.LeakyReLU(0.2)) for _ in range(40)]
    deep = nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(3, 16, 3, padding=1)), *layers).eval()
    fill_by_name(deep)
    with torch.no_grad():
        out = deep(torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    assert 1e-3 < float(out.std()) < 1e3


@pytest.mark.parametrize(
    ("layout", "name"),
    [("fid_inception", "FID Inception"), ("emonet_8", "EmoNet"), ("emonet_5", "EmoNet"), ("emotion_fan", "Emotion-FAN"),
     ("arcface_r50", "ArcFace ResNet"), ("arcface_r100", "ArcFace ResNet"), ("lpips_alex", "")],
)  # fmt: skip
def test_published_networks_look_like_themselves(layout: str, name: str) -> None:
    shapes = Oracle(GOLDEN).layout(layout)
    assert looks_like(shapes) == name
    assert looks_like({f"module.{key}": shape for key, shape in shapes.items()}) == name
