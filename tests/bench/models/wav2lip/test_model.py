"""The model `wav2lip`: what it makes of a case, and what it says where it makes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Case, Context, ModelError
from bench.models.random_weights import fill_by_name
from bench.models.wav2lip.adapter import Wav2LipModel, create
from bench.models.wav2lip.boxes import mesh_box, padded
from bench.models.wav2lip.network import Wav2Lip
from datasets.media import write_video
from metrics.features.face_mesh import locate

CONTEXT = Context("cpu", {}, {}, "d/test/self")
FRAMES = 8


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder: what the machine has must not matter."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(folder))
    monkeypatch.setenv("SPACE_BENCH_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:256:2, 96:352:2])


@pytest.fixture
def case(portrait: NDArray[np.uint8]) -> Case:
    sound = np.random.default_rng(0).normal(size=FRAMES * 640).astype(np.float32) / 10
    return Case("one", "self", portrait, sound, False, 25.0, FRAMES, None, None, None, Path("clip.mp4"))


@pytest.fixture
def moved(portrait: NDArray[np.uint8], tmp_path: Path) -> Path:
    """A video in which the portrait moves to the right, a pixel a frame, of six frames only."""
    path = tmp_path / "moved.mp4"
    write_video(path, [np.roll(portrait, shift, axis=1) for shift in range(6)], 25.0)
    return path


def _frames(model: Wav2LipModel, case: Case) -> NDArray[np.uint8]:
    frames = model.animate(case, 0).frames
    assert frames is not None
    return np.stack(list(frames))


def _random(**options: object) -> Wav2LipModel:
    return create({"random_weights": True, **options}, CONTEXT)


def test_the_face_speaks_and_all_else_is_the_portrait(case: Case) -> None:
    model = _random()
    assert model.version.startswith("1-mesh-") and model.version.endswith("-random")
    frames = _frames(model, case)
    assert frames.shape == (FRAMES, *case.portrait.shape) and frames.dtype == np.uint8
    landmarks = locate(case.portrait)
    assert landmarks is not None
    left, top, right, bottom = padded(mesh_box(landmarks), (0, 10, 0, 0), 128, 128)
    outside = np.ones((128, 128), bool)
    outside[top:bottom, left:right] = False
    assert np.all(frames[:, outside] == case.portrait[outside])
    assert np.abs(frames[:, ~outside].astype(int) - case.portrait[~outside]).mean() > 10
    assert np.ptp(frames[:, ~outside].astype(int), axis=0).max() >= 2  # with speech


def test_a_silent_case_is_drawn_and_has_no_sound(case: Case) -> None:
    made = _random().animate(replace(case, audio=np.zeros_like(case.audio), silent=True, frames=2), 0)
    assert made.audio is None and made.frames is not None
    first, second = made.frames
    np.testing.assert_array_equal(first, second)


def test_a_video_speaks_where_it_is_the_source_and_begins_again_where_it_is_short(case: Case, moved: Path) -> None:
    model = _random(source="video", smooth=False)
    assert model.uses == {"audio", "pose"}
    frames = _frames(model, replace(case, pose_video=moved))
    assert len(frames) == FRAMES
    edges = frames[:, :20, 8:].astype(float)
    for number in range(FRAMES):
        still = np.roll(case.portrait, number % 6, axis=1)[:20, 8:]
        assert np.abs(edges[number] - still).mean() < 4  # only the codec between them
    assert np.abs(frames[5].astype(float) - np.roll(case.portrait, 5, axis=1)).max() > 50  # and a face that was drawn


def test_what_it_has_no_video_for(case: Case, moved: Path, tmp_path: Path) -> None:
    def refused(model: Wav2LipModel, case: Case) -> tuple[str, str]:
        with pytest.raises(ModelError) as raised:
            list(model.animate(case, 0).frames or ())
        return raised.value.status, raised.value.detail

    assert refused(_random(), replace(case, audio=case.audio[:2999])) == (
        "too_short", "one: 0.19 s of sound; Wav2Lip needs 0.19 s (3000 samples at 16 kHz, found 2999)",
    )  # fmt: skip
    broken = case.audio.copy()
    broken[7] = np.nan
    assert refused(_random(), replace(case, audio=broken))[0] == "not_generated"
    grey = np.full_like(case.portrait, 90)
    assert refused(_random(), replace(case, portrait=grey)) == (
        "no_face", "one: no face in frame 0 of the portrait (128x128)",
    )  # fmt: skip
    video = _random(source="video")
    assert refused(video, case)[0] == "not_applicable"
    assert refused(video, replace(case, pose_video=moved, protocol="cross"))[0] == "not_applicable"
    write_video(tmp_path / "gone.mp4", [case.portrait] * 3 + [grey] * 3, 25.0)
    status, detail = refused(video, replace(case, pose_video=tmp_path / "gone.mp4"))
    assert status == "no_face" and "frame 3 of gone.mp4" in detail


def test_absent_and_damaged_weights_are_rows(case: Case, weights: Path) -> None:
    with pytest.raises(ModelError, match=r"put wav2lip\.pth into") as raised:
        create({}, CONTEXT).animate(case, 0)
    assert raised.value.status == "weights_missing"
    with pytest.raises(ModelError, match=r"s3fd-619a316812\.pth") as raised:
        _random(boxes="s3fd").animate(case, 0)
    assert raised.value.status == "weights_missing"
    (weights / "wav2lip_gan.pth").write_bytes(b"half a file")
    with pytest.raises(ModelError, match=r"wav2lip_gan\.pth has sha256 \w+, expected ca9ab7b7"):
        create({"weights": "wav2lip_gan"}, CONTEXT).animate(case, 0)


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit.*:DeprecationWarning", "ignore:.*TorchScript.*", "ignore::torch.jit.TracerWarning"
)
def test_the_torchscript_download_serves_where_the_checkpoint_is_not_here(case: Case, weights: Path) -> None:
    network = Wav2Lip().eval().requires_grad_(False)
    fill_by_name(network)
    traced = torch.jit.trace(network, (torch.zeros(1, 1, 80, 16), torch.zeros(1, 6, 96, 96)), check_trace=False)
    torch.jit.save(traced, str(weights / "Wav2Lip-SD-NOGAN.pt"))
    model = create({}, CONTEXT)
    assert not model.version.endswith(("random", "absent"))
    short = replace(case, frames=1)
    np.testing.assert_array_equal(_frames(model, short), _frames(_random(), short))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"box": "mesh"}, "unknown option 'box'. Did you mean 'boxes'?"),
        ({"boxes": "sfd"}, "option 'boxes' is 'sfd'. Did you mean 's3fd'?"),
        ({"weights": "wav2lip-gan"}, "option 'weights' is 'wav2lip-gan'. Did you mean 'wav2lip_gan'?"),
        ({"pads": [0, 10]}, "'pads' must be four whole numbers (top, bottom, left, right), found [0, 10]"),
        ({"pads": [0, 10, 0, True]}, "'pads' must be four whole numbers"),
        ({"smooth": 1}, "option 'smooth' must be bool, found 1"),
    ],
)
def test_options_are_checked(options: dict[str, object], message: str) -> None:
    with pytest.raises(BenchError) as raised:
        registry.make("wav2lip", options, CONTEXT)
    assert message in str(raised.value)
