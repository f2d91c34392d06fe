"""A tiny SPACE as `export` would leave it, untrained, and pictures, speech and videos to give it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray
from skimage.data import astronaut, coffee

from bench.space import weights
from bench.space.pretrained import RECIPE, build
from bench.space.recipe import Recipe, load_recipe
from bench.space.variants import VARIANTS, weight_files
from datasets.media import write_audio, write_video
from space_ref.model import Space

Picture = NDArray[np.uint8]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    return load_recipe("tiny")


@pytest.fixture(scope="session")
def untrained() -> Callable[[Any, int], Space]:
    """``untrained(config, seed)``: a model in which every input has an effect (last layers start at 0 otherwise)."""

    def make(config: Any, seed: int = 0) -> Space:
        torch.manual_seed(seed)
        space = build(config)
        for network in (space.speech, space.pose, space.latents):
            for weight in network.parameters():
                torch.nn.init.normal_(weight, std=0.1)
        return space.eval()

    return make


@pytest.fixture(scope="session")
def folder(tiny: Recipe, untrained: Callable[..., Space], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of every variant with their recipe; not to be changed."""
    root = tmp_path_factory.mktemp("weights")
    for name, variant in VARIANTS.items():
        config = variant.change(tiny.model)
        space = untrained(config)
        parts = {
            "speech2landmarks": (space.speech, config.speech),
            "pose": (space.pose, config.pose),
            "landmarks2latents": (space.latents, config.latents),
            "vid2vid": (space.vid2vid, config.vid2vid),
        }
        for network, file in weight_files(name).items():
            if name == "full" or network == variant.own:
                weights.save(root / file, *parts[network], {"steps": 0})
    (root / RECIPE).write_text(tiny.text)
    return root


@pytest.fixture
def written(tiny: Recipe, tmp_path: Path) -> Callable[..., str]:
    """``written("model.fps", 30)``: path of the tiny recipe with one value set, or left out where it is None."""

    def write(place: str, value: Any = None) -> str:
        raw = yaml.safe_load(tiny.text)
        part = raw
        *above, last = place.split(".")
        for key in above:
            part = part.setdefault(key, {})
        part[last] = value
        if value is None:
            del part[last]
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(raw))
        return str(path)

    return write


@pytest.fixture(scope="session")
def face() -> Picture:
    """One frontal face, some 110 pixels wide, in ``(256, 256, 3)``."""
    return np.ascontiguousarray(astronaut()[:256, 96:352])


@pytest.fixture(scope="session")
def backdrop() -> Callable[[int, int], Picture]:
    """``backdrop(width, height)``: no face."""
    return lambda width, height: np.asarray(cv2.resize(coffee(), (width, height)), np.uint8)


def _syllables(seconds: float, seed: int) -> NDArray[np.float32]:
    time = np.arange(round(seconds * 16000)) / 16000
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.1 * noise * np.sin(2 * np.pi * 2 * time) ** 2).astype(np.float32)


@pytest.fixture(scope="session")
def syllables() -> Callable[..., NDArray[np.float32]]:
    """``syllables(seconds, seed=0)``: noise with the rhythm of speech, 16 kHz."""
    return lambda seconds, seed=0: _syllables(seconds, seed)


@pytest.fixture(scope="session")
def shifted(face: Picture) -> Callable[..., list[Picture]]:
    """``shifted(count, offset=0)``: frames of the face as it slides and turns in the picture."""

    def make(count: int, offset: int = 0) -> list[Picture]:
        frames = []
        for k in range(count):
            turn = cv2.getRotationMatrix2D((128, 128), 1.5 * k, 1.0)
            turn[0, 2] += offset
            frames.append(np.asarray(cv2.warpAffine(face, turn, (256, 256), borderMode=cv2.BORDER_REFLECT), np.uint8))
        return frames

    return make


@pytest.fixture(scope="session")
def inputs(face: Picture, shifted: Callable[..., list[Picture]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``face.png``, ``speech.wav`` of 0.4 s, and ``driver.mp4``: six frames of a turning head; not to be changed."""
    root = tmp_path_factory.mktemp("inputs")
    cv2.imwrite(str(root / "face.png"), face[..., ::-1])
    write_audio(root / "speech.wav", _syllables(0.4, 0), 16000)
    write_video(root / "driver.mp4", shifted(6), 25)
    return root
