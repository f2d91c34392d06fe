"""EAMM as a model of the suite, with weights made of names: a case becomes frames of its size, or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from bench.models.eamm.adapter import EAMM, _inferring, load_networks
from bench.models.eamm.audio import SpeechMotion
from bench.models.eamm.generator import Generator
from bench.models.eamm.recipe import EMOTIONAL, Request, frames, keypoints
from datasets.media import write_video

CONTEXT = Context("cpu", {}, {"a": "one"}, "d/test/emotion")
SIDE = 160
Picture = np.ndarray[Any, np.dtype[np.uint8]]


@pytest.fixture(scope="module", autouse=True)
def networks_let_go() -> Iterator[None]:
    yield
    load_networks.cache_clear()


@pytest.fixture(scope="module")
def face(asset_path: Callable[[str], Path]) -> Picture:
    with Image.open(asset_path("obama_portrait")) as image:
        return np.asarray(image.convert("RGB").crop((0, 0, 400, 400)).resize((SIDE, SIDE)), np.uint8)


@pytest.fixture(scope="module")
def happy(face: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The face as in a mirror."""
    path = tmp_path_factory.mktemp("eamm") / "happy.mp4"
    write_video(path, [np.ascontiguousarray(face[:, ::-1])] * 2, 25.0, None, 16000)
    return path


@pytest.fixture(scope="module")
def case(face: Picture, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Two frames to follow, and a tone that swells."""
    clip = tmp_path_factory.mktemp("eamm") / "clip.mp4"
    write_video(clip, [face] * 2, 25.0, None, 16000)
    time = np.arange(1280) / 16000
    sound = (0.2 * np.sin(2 * np.pi * 200 * time) * (1 + np.sin(60 * time))).astype(np.float32)
    return Case("a", "emotion", face, sound, False, 25.0, 2, clip, "happy", 0.5, clip)


def _model(**options: Any) -> EAMM:
    made = registry.make("eamm", {"random_weights": True, **options}, CONTEXT)
    assert isinstance(made, EAMM)
    return made


def _made(model: EAMM, case: Case) -> Picture:
    return np.stack(list(model.animate(case, 0).frames or []))


@pytest.mark.slow
def test_a_case_becomes_frames_of_its_size_whatever_the_batch(case: Case, happy: Path) -> None:
    videos = {"happy": str(happy)}
    made = _made(_model(emotion_videos=videos, batch=2), case)
    assert made.shape == (2, SIDE, SIDE, 3) and made.dtype == np.uint8
    assert np.abs(made.astype(int) - case.portrait).mean() > 5
    (alone,) = _made(_model(emotion_videos=videos, batch=1), replace(case, frames=1))
    assert np.abs(made[0].astype(int) - alone).max() <= 1


@pytest.mark.slow
def test_emotion_displaces_three_keypoints_and_repeated_frames_are_drawn_once() -> None:
    networks = load_networks("cpu", True, "random")
    source = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    poses = np.zeros((10, 6))
    plain = Request(np.zeros((256, 256, 3), np.uint8), np.zeros(6400, np.float32), poses, None)
    felt = torch.rand(3, 512, generator=torch.Generator().manual_seed(1))
    without = np.stack(list(keypoints(networks, plain, source)))
    moved = np.stack(list(keypoints(networks, replace(plain, emotion=felt), source)))
    changed = np.abs(moved - without).max(axis=(0, 2)) > 0
    assert set(np.flatnonzero(changed)) == set(EMOTIONAL)

    drawn: list[object] = []
    with networks.generator.final.register_forward_pre_hook(lambda layer, given: drawn.append(layer)):
        shown = list(frames(networks, plain, np.array([0, 0, 0, 9]), batch=1))
    assert len(drawn) == 2 and len(shown) == 4
    assert shown[0] is shown[1] is shown[2] and shown[3] is not shown[0]


def test_cases_without_a_video_say_why(case: Case, happy: Path, tmp_path: Path) -> None:
    wall = np.full((SIDE, SIDE, 3), 90, np.uint8)
    write_video(tmp_path / "wall.mp4", [wall] * 2, 25.0, None, 16000)
    shown = {"happy": str(happy)}
    clip, blank = {"happy": str(case.clip_video)}, {"happy": str(tmp_path / "wall.mp4")}
    for other, videos, status, words in (
        (replace(case, portrait=wall), shown, "no_face", "no face found in the portrait"),
        (replace(case, audio=case.audio * np.float32("nan")), shown, "not_generated", "values that are not finite"),
        (replace(case, emotion="sad"), shown, "not_generated", r"name one that shows sad .* `emotion_videos: {sad: FILE}`"),
        (case, clip, "not_generated", "is the clip that the case is judged against"),
        (replace(case, pose_video=tmp_path / "wall.mp4"), shown, "no_face", r"the pose source wall\.mp4"),
        (case, blank, "no_face", r"the emotion video wall\.mp4"),
    ):  # fmt: skip
        with pytest.raises(ModelError, match=words) as caught:
            _made(_model(emotion_videos=videos), other)
        assert caught.value.status == status


@pytest.mark.parametrize(
    "changes", [{"protocol": "self"}, {"protocol": "cross"}, {"emotion": "neutral"}, {"emotion": None}]
)
def test_no_emotion_video_is_needed_where_none_is_asked_for(case: Case, changes: dict[str, Any]) -> None:
    assert _model().animate(replace(case, pose_video=None, **changes), 0).frames is not None


def test_without_weights_every_case_is_a_row(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    model = registry.make("eamm", {}, CONTEXT)
    assert model.version == "1-unmoved-absent"
    with pytest.raises(ModelError, match=r"124_52000\.pth\.tar") as caught:
        model.animate(replace(case, protocol="self"), 0)  # type: ignore[union-attr]
    assert caught.value.status == "weights_missing"


def test_version_follows_the_content_of_the_emotion_videos(case: Case, happy: Path, tmp_path: Path) -> None:
    copied = tmp_path / "other name.mp4"
    copied.write_bytes(happy.read_bytes())
    same = {
        _model(emotion_videos={"happy": str(path)}, batch=batch).version for path, batch in ((happy, 0), (copied, 2))
    }
    others = {
        _model(emotion_videos=videos).version for videos in ({}, {"sad": str(happy)}, {"happy": str(case.clip_video)})
    }
    assert len(same) == 1 and len(others) == 3 and not same & others
    assert _model().version == "1-unmoved-random"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch": -1}, "'batch' must be 0 or more, found -1"),
        ({"emotion_video": {}}, "unknown option 'emotion_video'.*emotion_videos"),
        ({"emotion_videos": "happy.mp4"}, "'emotion_videos' must be dict"),
        ({"emotion_videos": {"hapy": "a.mp4"}}, "'hapy'.*happy"),
        ({"emotion_videos": {"neutral": "a.mp4"}}, "'neutral'"),
        ({"emotion_videos": {"happy": "absent.mp4"}}, r"'absent\.mp4' for happy is not a file"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BenchError, match=words):
        _model(**options)


def test_checkpoints_in_their_published_form_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of the speech network holds a decoder that nobody uses, its detector, and what training left."""
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    state = SpeechMotion().state_dict()
    unused = {"generator.noises.noise_8": torch.zeros(1, 1, 64, 64)}
    torch.save(
        {"audio_feature": {**state, **unused}, "optimizer": {"lr": 0.1}, "epoch": 3}, tmp_path / "1-6000.pth.tar"
    )
    loaded = load_network(SpeechMotion(), "eamm_speech", CONTEXT, key="audio_feature", rename=_inferring)
    assert torch.equal(loaded.state_dict()["lstm.weight_ih_l0"], state["lstm.weight_ih_l0"])
    (tmp_path / "1-6000.pth.tar").rename(tmp_path / "124_52000.pth.tar")
    with pytest.raises(ModelError, match="The file looks like EAMM audio-to-motion"):
        load_network(Generator(), "eamm_generator", CONTEXT, key="generator", rename=_inferring)
