"""Recipes: the shipped ones load, and every mistake is named with its place before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.space.recipe import LIP_PAIRS, Recipe, load_recipe, recipes
from space_ref.landmarks import SUBSET
from space_ref.objectives.speech import SpeechNoise
from space_ref.pose import PoseCriticConfig


@pytest.mark.parametrize("name", ["paper", "small", "tiny"])
def test_a_shipped_recipe_loads_with_all_its_objectives(name: str) -> None:
    assert name in recipes()
    recipe = load_recipe(name)
    assert recipe.name == name and f"name: {name}" in recipe.text
    assert recipe.speech_objective().network == recipe.model.speech
    assert recipe.pose_objective().network == recipe.model.pose
    assert recipe.latents_objective().network == recipe.model.latents


def test_the_lip_gap_is_trained_where_inner_lips_lie_over_each_other(tiny: Recipe) -> None:
    objective = tiny.speech_objective()
    pairs = zip(objective.upper_lip, objective.lower_lip, strict=True)
    assert tuple((SUBSET[upper], SUBSET[lower]) for upper, lower in pairs) == LIP_PAIRS


@pytest.mark.parametrize(
    ("place", "meant"),
    [
        ("modle", "model"),
        ("model.fsp", "fps"),
        ("model.vid2vid.motion.kernal", "mask_kernel"),
        ("data.puppet.sceal", "scale"),
        ("data.datasets.puppet-mead.splitt", "split"),
        ("training.speech.loop.max_step", "max_steps"),
        ("training.vid2vid.losses.pixle", "pixel"),
        ("training.vid2vid.discriminator.blocks", "num_blocks"),
        ("training.speech.losses.positon", "position"),
        ("training.speech.losses.noise.voise", "voice"),
        ("training.pose.losses.critic.hiden", "hidden"),
        ("training.latents.losses.velocty", "velocity"),
    ],
)
def test_an_unknown_key_is_an_error_with_its_place_and_the_nearest(
    written: Callable[..., str], place: str, meant: str
) -> None:
    path = written(place, 1)
    with pytest.raises(BenchError, match=rf"mine.yaml: unknown key '{place}'\. Did you mean '{meant}'\?"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("model.latents.keypoints", 19, r"model: latents\.keypoints is 19 and must be 20"),
        ("model.audio.fps", 30, r"model: audio\.fps is 30.* must be 25"),
        ("model.vid2vid.image_size", 66, r"model\.vid2vid: Vid2VidConfig\.image_size is 66"),
        ("model.fps", "fast", r"model\.fps: .*number"),
        ("data.datasets", None, r"data\.datasets: Field required"),
        ("training.vid2vid.perceptual", "vgg", r"training\.vid2vid\.perceptual: .* found 'vgg'"),
        ("training.speech.frames", 1, r"training\.speech\.frames: "),
        ("training.speech.losses", {"position": -1}, r"training\.speech\.losses: .*position is -1"),
        ("training.pose.losses", {"critic": {"mfcc": 13}}, r"training\.pose\.losses: .*the critic 13"),
        ("training.latents.losses", {"velocity": "much"}, r"training\.latents\.losses\.velocity: .*number"),
        ("training.pose.loop.max_steps", None, r"mine\.yaml: training: neither max_steps nor max_minutes"),
    ],
)
def test_a_wrong_value_is_named(written: Callable[..., str], place: str, value: Any, message: str) -> None:
    path = written(place, value)
    with pytest.raises(BenchError, match=message):
        load_recipe(path)


def test_losses_become_their_dataclasses(written: Callable[..., str]) -> None:
    speech = load_recipe(written("training.speech.losses", {"noise": {"voice": 0.6}, "gap": 3}))
    assert speech.speech_objective().noise == SpeechNoise(voice=0.6) and speech.speech_objective().gap == 3
    pose = load_recipe(written("training.pose.losses", {"critic": {"hidden": 8}}))
    assert pose.pose_objective().critic == PoseCriticConfig(hidden=8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [tiny\n", "not valid YAML"),
        (b"\x89PNG\r\n\x1a\n", "not valid YAML"),
        ("name: b\u00e9b\u00e9\n".encode("latin-1"), "not valid YAML"),
        (b"- a list\n", "dictionary"),
        (b"", "name: Field required"),
    ],
)
def test_a_file_that_is_no_recipe_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(BenchError, match=message) as raised:
        load_recipe(str(path))
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_an_unknown_recipe_suggests_the_nearest() -> None:
    with pytest.raises(BenchError, match=r"unknown recipe 'smal': Did you mean 'small'\?"):
        load_recipe("smal")
    with pytest.raises(BenchError, match=r"unknown recipe 'nowhere/mine\.yaml'"):
        load_recipe("nowhere/mine.yaml")
