"""face-vid2vid as a control: SPACE's shipped generator driven by a clip, the public networks with weights made of names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Case, Context, ModelError
from bench.models.facevid2vid import adapter
from bench.models.facevid2vid.adapter import ClipDriven
from bench.models.facevid2vid.portraits import Picture
from datasets.media import write_video
from space_ref.vid2vid import GeneratorConfig, HeadConfig, KeypointConfig, MotionConfig, vox_256_spade

CONTEXT = Context("cpu", {}, {"a": "one"}, "d/test/self")
FRAMES, SIDE, MOVED = 3, 160, 8


def _model(**options: Any) -> ClipDriven:
    made = registry.make("face-vid2vid", options, CONTEXT)
    assert isinstance(made, ClipDriven)
    return made


@pytest.fixture(scope="module")
def face(asset_path: Callable[[str], Path]) -> Picture:
    with Image.open(asset_path("obama_portrait")) as image:
        return np.asarray(image.convert("RGB").crop((0, 0, 400, 400)).resize((SIDE, SIDE)), np.uint8)


@pytest.fixture(scope="module")
def case(face: Picture, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The clip is the face, which from the second frame on stands `MOVED` pixels further right."""
    shift = np.float32([[1, 0, MOVED], [0, 1, 0]])
    moved = cv2.warpAffine(face, shift, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    path = tmp_path_factory.mktemp("driven") / "clip.mp4"
    write_video(path, [face, *[np.asarray(moved, np.uint8)] * (FRAMES - 1)], 25.0, None, 16000)
    return Case("a", "self", face, np.zeros(FRAMES * 640, np.float32), True, 25.0, FRAMES, None, None, None, path)


def _made(model: ClipDriven, case: Case) -> Picture:
    return np.stack(list(model.animate(case, 0).frames or []))


def _shift(still: Picture, moved: Picture) -> float:
    """By how many pixels the middle of the picture has gone right."""
    middle = slice(SIDE // 4, 3 * SIDE // 4)
    pair = [np.float32(cv2.cvtColor(picture[middle, middle], cv2.COLOR_RGB2GRAY)) for picture in (still, moved)]
    (right, _), _ = cv2.phaseCorrelate(*pair, cv2.createHanningWindow(pair[0].shape[::-1], cv2.CV_32F))
    return float(right)


@pytest.mark.parametrize("motion", ["absolute", "relative"])
def test_spaces_generator_goes_where_the_clip_goes(motion: str, case: Case) -> None:
    made = _made(_model(weights="small", motion=motion), case)
    assert made.shape == (FRAMES, SIDE, SIDE, 3) and made.dtype == np.uint8
    assert abs(_shift(case.portrait, made[0])) < 1
    assert abs(_shift(case.portrait, made[2]) - MOVED) < 2


def test_a_clip_that_ends_early_is_held(case: Case) -> None:
    made = _made(_model(weights="small", batch=2), replace(case, frames=FRAMES + 2))
    assert len(made) == FRAMES + 2
    # The tracker settles on what stands still, so the last frames are alike and not the same.
    assert abs(_shift(case.portrait, made[-1]) - MOVED) < 2


def test_who_has_no_face_gets_a_row_with_the_reason(case: Case, tmp_path: Path) -> None:
    model, nothing = _model(weights="small"), np.full((SIDE, SIDE, 3), 90, np.uint8)
    write_video(tmp_path / "wall.mp4", [nothing] * 3, 25.0, None, 16000)
    for other, wanted in (
        (replace(case, portrait=nothing), "no face found in the portrait"),
        (replace(case, clip_video=tmp_path / "wall.mp4"), r"no face in any frame of wall\.mp4"),
    ):
        with pytest.raises(ModelError, match=wanted) as caught:
            _made(model, other)
        assert caught.value.status == "no_face"


def test_what_is_not_square_is_refused(case: Case, tmp_path: Path) -> None:
    write_video(tmp_path / "wide.mp4", [np.zeros((96, SIDE, 3), np.uint8)], 25.0, None, 16000)
    for other, wanted in (
        (replace(case, portrait=case.portrait[:120]), "the portrait is 160x120"),
        (replace(case, clip_video=tmp_path / "wide.mp4"), r"the clip wide\.mp4 is 160x96"),
    ):
        with pytest.raises(ModelError, match=wanted) as caught:
            _made(_model(weights="small"), other)
        assert caught.value.status == "not_generated"


def test_the_public_networks_make_frames_of_the_cases_size(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    # The same networks with fewer channels and pixels: at the full size a frame takes 14 s of one core.
    narrow = replace(
        vox_256_spade(),
        image_size=128,
        keypoints=KeypointConfig(block_expansion=8, max_features=64),
        head=HeadConfig(block_expansion=16, max_features=128),
        motion=MotionConfig(block_expansion=8, max_features=64),
        generator=GeneratorConfig(decoder="spade", edge_kernel=3, block_expansion=16, max_features=64),
    )
    monkeypatch.setattr(adapter, "PUBLISHED", {"vox-256-spade": (lambda: narrow, "face_vid2vid_spade")})
    adapter.load_published.cache_clear()
    model = _model(random_weights=True)
    assert model.version == "1-absolute-random"
    made = _made(model, replace(case, frames=2))
    adapter.load_published.cache_clear()
    assert made.shape == (2, SIDE, SIDE, 3) and made.std() > 1
    assert np.abs(made[0].astype(int) - made[1]).mean() > 0.01


def test_absent_weights_are_a_reason_and_part_of_the_version(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    model = _model()
    assert model.version == "1-absolute-absent"
    with pytest.raises(ModelError, match=r"face-vid2vid-vox-256-spade\.pth\.tar") as caught:
        model.animate(case, 0)
    assert caught.value.status == "weights_missing"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "smal"}, "no weights of SPACE under 'smal'.*small"),
        ({"motion": "relativ"}, "option 'motion' is 'relativ'.*relative"),
        ({"batch": -1}, "option 'batch' must be 0 or more, found -1"),
        ({"weights": "small", "random_weights": True}, "random_weights is for the public networks"),
        ({"weight": "small"}, "unknown option 'weight'.*weights"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        registry.make("face-vid2vid", options, CONTEXT)
