"""A folder of exported weights: every variant loads from it, and differs from the full model in what its name says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.errors import BenchError
from bench.space import weights
from bench.space.pretrained import RECIPE, load_space
from bench.space.recipe import Recipe
from bench.space.variants import VARIANTS, weight_files
from metrics.features.canonical import canonical_face
from space_ref.landmarks import SUBSET, positions, select
from space_ref.model import Space
from space_ref.vid2vid import FaceVid2Vid


@pytest.fixture(scope="module")
def loaded(folder: Path) -> dict[str, Space]:
    return {name: load_space(str(folder), name).space for name in VARIANTS}


def _latents(space: Space, mfcc: torch.Tensor, posed: torch.Tensor) -> torch.Tensor:
    """What Landmarks2Latents makes of 12 frames of one portrait."""
    frames = len(mfcc)
    start = space.latents.start(torch.zeros(1, 20, 3), torch.zeros(1, 150, 3))
    made, state = space.latents.step(posed[None], mfcc[None], torch.zeros(1, 8), start)
    made = torch.cat([made, space.latents.finish(state)], dim=1)
    assert made.shape == (1, frames, 20, 3)
    return made


@torch.inference_mode()
def test_variants_differ_from_the_full_model_as_their_names_say(loaded: dict[str, Space]) -> None:
    random = torch.Generator().manual_seed(0)
    mfcc, posed = torch.randn(12, 40, generator=random), torch.randn(12, 150, 3, generator=random) / 5
    for name, hears, sees in (("full", True, True), ("no-audio", False, True), ("no-landmarks", True, False)):
        plain = _latents(loaded[name], mfcc, posed)
        assert torch.equal(plain, _latents(loaded[name], 2 * mfcc, posed)) is not hears, name
        assert torch.equal(plain, _latents(loaded[name], mfcc, posed + 0.1)) is not sees, name
    assert not loaded["no-normalization"].config.normalize
    assert all(space.config.normalize for name, space in loaded.items() if name != "no-normalization")


def test_a_variant_has_one_network_of_its_own(loaded: dict[str, Space], folder: Path) -> None:
    shared = {name: weights.identity(loaded["full"].get_submodule(name)) for name in ("speech", "pose", "vid2vid")}
    for name in ("no-audio", "no-landmarks"):
        for part, known in shared.items():
            assert weights.identity(loaded[name].get_submodule(part)) == known
        assert weight_files(name)["landmarks2latents"] == f"landmarks2latents-{name}.safetensors"
    assert {file for name in VARIANTS for file in weight_files(name).values()} == {
        path.name for path in folder.glob("*.safetensors")
    }


def test_a_loaded_model_is_ready_to_run(loaded: dict[str, Space]) -> None:
    space = loaded["full"]
    assert not space.training and not any(parameter.requires_grad for parameter in space.parameters())


@torch.inference_mode()
@pytest.mark.parametrize("variant", ["full", "no-audio"])
def test_keypoints_of_the_shipped_model_go_where_its_landmarks_go(variant: str) -> None:
    space = load_space("small", variant).space
    canonical = torch.tensor(np.array(canonical_face()), dtype=torch.float32)[None]
    # As the canonical face lies in a picture: it fills half of the frame.
    face = canonical / (canonical[..., :2].max() - canonical[..., :2].min())
    portrait, own = select(face), list(space.config.keypoint_points)
    known = [k for k, point in enumerate(own) if point in SUBSET]
    moved = [SUBSET.index(own[k]) for k in known]
    random = torch.Generator().manual_seed(0)
    mfcc = torch.randn(1, 30, 40, generator=random)
    for points in (positions("right_brow"), positions("left_eye")):
        posed = portrait[:, None].expand(1, 30, -1, -1).clone()
        posed[:, :, list(points), 1] -= 0.03
        made = space.latents(posed, portrait, face[:, own], mfcc, torch.zeros(1, 8))
        apart = (made - face[:, None, own])[:, :, known] - (posed - portrait[:, None])[:, :, moved]
        assert float(apart[..., :2].abs().max()) < 0.002


def test_identity_changes_with_the_variant_and_with_the_weights(
    folder: Path, tiny: Recipe, untrained: Callable[..., Space], tmp_path: Path
) -> None:
    full = load_space(str(folder)).identity
    assert full == load_space(str(folder), "full").identity
    other = untrained(tiny.model, 1).vid2vid
    weights.save(tmp_path / "other.safetensors", other, tiny.model.vid2vid, {})
    replaced = load_space(str(folder), vid2vid=tmp_path / "other.safetensors")
    assert weights.identity(replaced.space.vid2vid) == weights.identity(other)
    assert len({full, replaced.identity, load_space(str(folder), "no-audio").identity}) == 3


def test_a_public_checkpoint_takes_the_place_of_vid2vid(folder: Path, tiny: Recipe, tmp_path: Path) -> None:
    network = FaceVid2Vid(tiny.model.vid2vid)
    path = tmp_path / "public.pth.tar"
    torch.save({part: getattr(network, part).state_dict() for part in weights.VID2VID_PARTS}, path)
    loaded = load_space(str(folder), vid2vid=path).space
    assert weights.identity(loaded.vid2vid) == weights.identity(network)
    torch.save({"generator": {}}, path)
    with pytest.raises(BenchError, match=r"public\.pth\.tar is no face-vid2vid checkpoint"):
        load_space(str(folder), vid2vid=path)


def test_unknown_weights_are_one_clear_line() -> None:
    with pytest.raises(BenchError, match="no weights of SPACE under 'smaal'") as raised:
        load_space("smaal")
    assert "\n" not in str(raised.value) and "space-bench train export" in str(raised.value)


def test_an_unknown_variant_suggests_the_nearest(folder: Path) -> None:
    with pytest.raises(BenchError, match=r"unknown variant of SPACE 'no-adio'\. Did you mean 'no-audio'"):
        load_space(str(folder), "no-adio")


def test_a_folder_that_lacks_a_file_or_has_another_recipe_is_explained(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "pose.safetensors").unlink()
    with pytest.raises(BenchError, match=r"pose\.safetensors are missing"):
        load_space(str(copy))
    text = (copy / RECIPE).read_text()
    (copy / RECIPE).write_text(text.replace("rank: 8", "rank: 9"))
    with pytest.raises(BenchError, match="rank is 8 in the file, 9 asked for"):
        load_space(str(copy))
