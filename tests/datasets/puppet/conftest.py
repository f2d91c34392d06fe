"""What the puppet's tests share: one located portrait under all names, and one small data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import mediapipe as mp
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from datasets.puppet import CAST, PuppetSpec, build
from datasets.puppet.speakers import Speaker, make_speaker

Image = NDArray[np.uint8]
Locate = Callable[[Image], NDArray[np.floating] | None]


@pytest.fixture(scope="session")
def portrait() -> Image:
    return np.asarray(data.astronaut(), dtype=np.uint8)


@pytest.fixture(scope="session")
def locate() -> Iterator[Locate]:
    """MediaPipe's face mesh, without memory."""
    with mp.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:

        def find(image: Image) -> NDArray[np.floating] | None:
            height, width = image.shape[:2]
            faces = mesh.process(image).multi_face_landmarks
            return np.array([[p.x * width, p.y * height, p.z * width] for p in faces[0].landmark]) if faces else None

        yield find


@pytest.fixture(scope="session")
def landmarks(portrait: Image, locate: Locate) -> NDArray[np.floating]:
    """The points of the portrait, ``(478, 3)`` in pixels."""
    found = locate(portrait)
    assert found is not None
    return found


@pytest.fixture(scope="session")
def portraits(portrait: Image) -> dict[str, Image]:
    return dict.fromkeys(PuppetSpec().portraits, portrait)


@pytest.fixture(scope="session")
def speaker(portraits: dict[str, Image], locate: Locate) -> Speaker:
    return make_speaker(CAST[0], portraits, locate)


@pytest.fixture(scope="session")
def small_spec() -> PuppetSpec:
    return PuppetSpec(size=64, mead_per_speaker=1, vox_per_speaker=1)


@pytest.fixture(scope="session")
def small_set(
    tmp_path_factory: pytest.TempPathFactory,
    portraits: dict[str, Image],
    locate: Locate,
    small_spec: PuppetSpec,
) -> Path:
    """A data set of 16 clips, made by two processes. Not to be changed."""
    root = tmp_path_factory.mktemp("puppet")
    build(root, small_spec, portraits, locate, workers=2)
    return root
