"""A tiny training store: three clips of one photographed face, shifted from frame to frame, over synthetic speech."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.data import astronaut

from bench.training.build import ClipSource, build_store
from bench.training.store import Store, StoreSettings
from datasets.media import write_audio, write_video
from metrics.features.canonical import canonical_face
from space_ref.audio import MfccConfig
from space_ref.landmarks import Normalizer

SETTINGS = StoreSettings(size=128, fps=25)
FRAMES = 30


def _frames(offset: int) -> list[NDArray[np.uint8]]:
    photo = astronaut()[:256, 96:352]
    moved = [
        cv2.warpAffine(
            photo, np.array([[1, 0, offset + k / 3], [0, 1, k / 5]]), (256, 256), borderMode=cv2.BORDER_REFLECT
        )
        for k in range(FRAMES)
    ]
    return [np.asarray(frame, np.uint8) for frame in moved]


def _speech(seed: int) -> NDArray[np.float32]:
    """Noise in syllables."""
    time = np.arange(round(FRAMES / 25 * 16000)) / 16000
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.1 * noise * np.sin(2 * np.pi * 2 * time) ** 2).astype(np.float32)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[ClipSource]:
    """Clips ``a`` (happy, level 2) and ``n`` (neutral) of one speaker; ``m`` is mute and of another."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for index, (clip, speaker, emotion, level) in enumerate(
        [("a", "s1", "happy", 2), ("n", "s1", "neutral", 1), ("m", "s2", None, None)]
    ):
        video = folder / f"{clip}.mp4"
        write_video(video, _frames(3 * index), 25)
        audio = None
        if clip != "m":
            audio = folder / f"{clip}.wav"
            write_audio(audio, _speech(index), 16000)
        made.append(ClipSource(clip, speaker, video, audio, emotion, level))
    return made


@pytest.fixture(scope="session")
def store(sources: list[ClipSource], tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("store")
    build_store(root, sources, SETTINGS)
    return Store(root, SETTINGS)


@pytest.fixture(scope="session")
def audio() -> MfccConfig:
    return MfccConfig(fps=25, top_db=None)


@pytest.fixture(scope="session")
def normalizer() -> Normalizer:
    return Normalizer(torch.tensor(np.array(canonical_face()), dtype=torch.float32))


@pytest.fixture
def copied(store: Store, tmp_path: Path) -> Path:
    """A copy of the store that a test may damage."""
    shutil.copytree(store.root, tmp_path / "copy")
    return tmp_path / "copy"
