"""LivePortrait as a model of the suite, with weights made of names: every case becomes frames of its size, or a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Case, Context, ModelError
from bench.models.checkpoints import load_network
from bench.models.liveportrait import crop, recipe
from bench.models.liveportrait.adapter import LivePortrait
from bench.models.liveportrait.crop import Picture
from bench.models.liveportrait.heads import eye_head, lip_head, stitching_head
from datasets.media import write_video

CONTEXT = Context("cpu", {}, {"a": "one"}, "d/test/self")
SIDE = 160


def _model(**options: Any) -> LivePortrait:
    made = registry.make("liveportrait", {"random_weights": True, **options}, CONTEXT)
    assert isinstance(made, LivePortrait)
    return made


@pytest.fixture(scope="module")
def case(asset_path: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Two frames to follow: the face, then the same as in a mirror."""
    with Image.open(asset_path("obama_portrait")) as image:
        face = np.asarray(image.convert("RGB").crop((0, 0, 400, 400)).resize((SIDE, SIDE)), np.uint8)
    path = tmp_path_factory.mktemp("liveportrait") / "driver.mp4"
    write_video(path, [face, np.ascontiguousarray(face[:, ::-1])], 25.0, None, 16000)
    return Case("a", "self", face, np.zeros(1280, np.float32), True, 25.0, 2, path, None, None, path)


def _made(model: LivePortrait, case: Case) -> Picture:
    return np.stack(list(model.animate(case, 0).frames or []))


@pytest.mark.slow
def test_a_case_becomes_the_portrait_with_another_face_in_it(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    # The same networks on a quarter of the pixels: at the full size a frame takes 16 s of one core.
    monkeypatch.setattr(crop, "CROP_SIZE", 256)
    for module in (crop, recipe):
        monkeypatch.setattr(module, "INPUT_SIZE", 128)
    crop.fade.cache_clear()
    made = _made(_model(close_lips=True), case)
    crop.fade.cache_clear()
    assert made.shape == (2, SIDE, SIDE, 3) and made.dtype == np.uint8
    middle = (slice(None), slice(SIDE // 4, SIDE // 2), slice(SIDE // 3, 2 * SIDE // 3))
    assert np.abs(made[middle].astype(int) - case.portrait[None][middle]).mean() > 5
    assert np.abs(made[0].astype(int) - made[1]).mean() > 0.02  # two faces to follow


@pytest.mark.slow
def test_who_has_no_face_gets_a_row_with_the_reason(case: Case, tmp_path: Path) -> None:
    nothing = np.full((SIDE, SIDE, 3), 90, np.uint8)
    write_video(tmp_path / "wall.mp4", [nothing] * 2, 25.0, None, 16000)
    write_video(tmp_path / "wide.mp4", [nothing[:96]] * 2, 25.0, None, 16000)
    for other, status, wanted in (
        (replace(case, portrait=nothing), "no_face", "no face found in the portrait"),
        (replace(case, pose_video=tmp_path / "wall.mp4"), "no_face", r"in the first frame of wall\.mp4"),
        (replace(case, pose_video=tmp_path / "wide.mp4"), "not_generated", r"wide\.mp4 is 160x96"),
    ):
        with pytest.raises(ModelError, match=wanted) as caught:
            _made(_model(close_lips=True), other)
        assert caught.value.status == status


def test_without_a_video_to_follow_it_is_not_asked(case: Case) -> None:
    with pytest.raises(ModelError, match="the case gives none") as caught:
        _model().animate(replace(case, pose_video=None), 0)
    assert caught.value.status == "not_applicable"


def test_absent_weights_are_a_reason_and_part_of_the_version(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    model = _model(random_weights=False)
    assert model.version == "1-open-absent" and _model(close_lips=True).version == "1-closed-random"
    with pytest.raises(ModelError, match=r"appearance_feature_extractor\.pth") as caught:
        model.animate(case, 0)
    assert caught.value.status == "weights_missing"


def test_the_three_heads_come_out_of_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    heads = {"retarget_shoulder": stitching_head(), "retarget_mouth": lip_head(), "retarget_eye": eye_head()}
    published = {
        key: {f"module.{name}": value for name, value in head.state_dict().items()} for key, head in heads.items()
    }
    torch.save(published, tmp_path / "stitching_retargeting_module.pth")
    for key, made in (("retarget_shoulder", stitching_head), ("retarget_mouth", lip_head), ("retarget_eye", eye_head)):
        loaded = load_network(made(), "liveportrait_stitching", CONTEXT, key=key)
        assert torch.equal(loaded.mlp[0].weight, heads[key].mlp[0].weight)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": -1}, "option 'batch' must be 0 or more, found -1"),
        ({"close_lips": 1}, "option 'close_lips' must be bool, found 1"),
        ({"close_lip": True}, "unknown option 'close_lip'.*close_lips"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        registry.make("liveportrait", options, CONTEXT)
