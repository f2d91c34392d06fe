"""PC-AVS as a model of the suite, with weights made of names: every case becomes frames of its size, or a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Case, Context, ModelError
from bench.models.pcavs.adapter import PCAVS
from datasets.media import write_video

Picture = NDArray[np.uint8]
CONTEXT = Context("cpu", {}, {"a": "one"}, "d/test/self")
FRAMES = 2


def _model(**options: Any) -> PCAVS:
    made = registry.make("pcavs", {"random_weights": True, **options}, CONTEXT)
    assert isinstance(made, PCAVS)
    return made


@pytest.fixture(scope="module")
def face(asset_path: Callable[[str], Path]) -> Picture:
    with Image.open(asset_path("obama_portrait")) as image:
        return np.asarray(image.convert("RGB").crop((0, 0, 400, 400)).resize((256, 256)), np.uint8)


@pytest.fixture(scope="module")
def driver(face: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames: the face, then the same turned by 20 degrees in the plane and out of it by squeezing one side."""
    middle = (128.0, 128.0)
    turned = cv2.warpAffine(face, cv2.getRotationMatrix2D(middle, 20, 0.9), (256, 256), borderMode=cv2.BORDER_REPLICATE)
    path = tmp_path_factory.mktemp("pcavs") / "driver.mp4"
    write_video(path, [face, np.asarray(turned, np.uint8)], 25.0, None, 16000)
    return path


@pytest.fixture(scope="module")
def case(face: Picture, driver: Path) -> Case:
    time = np.arange(FRAMES * 640) / 16000
    sound = (0.2 * np.sin(2 * np.pi * 200 * time) * (1 + np.sin(60 * time))).astype(np.float32)
    portrait = np.asarray(cv2.resize(face, (160, 160)), np.uint8)
    return Case("a", "self", portrait, sound, False, 25.0, FRAMES, driver, None, None, driver)


def _made(model: PCAVS, case: Case) -> Picture:
    return np.stack(list(model.animate(case, 0).frames or []))


@pytest.mark.slow
def test_a_case_becomes_frames_of_its_size_whatever_the_batch(case: Case) -> None:
    made = _made(_model(batch=2), case)
    assert made.shape == (FRAMES, 160, 160, 3) and made.dtype == np.uint8 and made.std() > 1
    assert np.abs(made[0].astype(int) - made[1]).mean() > 0.3  # two head poses, two moments of the speech
    first = _made(_model(), replace(case, frames=1))
    assert np.abs(first[0].astype(int) - made[0]).max() <= 1


@pytest.mark.slow
def test_who_has_no_face_gets_a_row_with_the_reason(case: Case, tmp_path: Path) -> None:
    model, nothing = _model(), np.full((160, 160, 3), 90, np.uint8)
    write_video(tmp_path / "wall.mp4", [nothing] * 3, 25.0, None, 16000)
    for other, wanted in (
        (replace(case, portrait=nothing), "no face found in the portrait"),
        (replace(case, pose_video=tmp_path / "wall.mp4"), "no face in the first 2 frames of wall.mp4"),
    ):
        with pytest.raises(ModelError, match=wanted) as caught:
            _made(model, other)
        assert caught.value.status == "no_face"


def test_a_portrait_that_is_not_square_is_refused(case: Case) -> None:
    with pytest.raises(ModelError, match=r"a: the portrait is 160x120; PC-AVS makes squares"):
        _model().animate(replace(case, portrait=case.portrait[:120]), 0)


def test_absent_weights_are_a_reason_and_part_of_the_version(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    model = _model(random_weights=False)
    assert model.version == "1-drawn-absent" and _model().version == "1-drawn-random"
    with pytest.raises(ModelError, match=r"latest_net_G\.pth") as caught:
        model.animate(case, 0)
    assert caught.value.status == "weights_missing"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": "loud"}, "option 'noise' is 'loud'. Known: drawn, stored"),
        ({"batch": -1}, "option 'batch' must be 0 or more, found -1"),
        ({"batch": "many"}, "option 'batch' must be int, found 'many'"),
        ({"nois": "drawn"}, r"unknown option 'nois'.*noise"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        registry.make("pcavs", options, CONTEXT)
