"""MakeItTalk as a model of the suite, with weights made of names: a case becomes frames of its size, or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Case, Context, ModelError
from bench.models.checkpoints import load_network
from bench.models.makeittalk import tables
from bench.models.makeittalk.adapter import MakeItTalk, _inferring, frame_numbers, load_networks, pictures
from bench.models.makeittalk.content import ContentBranch
from bench.models.makeittalk.speaker import SpeakerBranch

CONTEXT = Context("cpu", {}, {"a": "one"}, "d/test/self")


@pytest.fixture(scope="module", autouse=True)
def networks_let_go() -> Iterator[None]:
    yield
    load_networks.cache_clear()


def _model(**options: Any) -> MakeItTalk:
    made = registry.make("makeittalk", {"random_weights": True, **options}, CONTEXT)
    assert isinstance(made, MakeItTalk)
    return made


@pytest.fixture(scope="module")
def case(asset_path: Callable[[str], Path]) -> Case:
    """A portrait of 160 pixels, 0.6 s of a tone that swells, the last two frames of the video asked for."""
    with Image.open(asset_path("obama_portrait")) as image:
        face = np.asarray(image.convert("RGB").crop((0, 0, 400, 400)).resize((160, 160)), np.uint8)
    time = np.arange(9600) / 16000
    sound = (0.2 * np.sin(2 * np.pi * 200 * time) * (1 + np.sin(60 * time))).astype(np.float32)
    return Case("a", "self", face, sound, False, 2.0, 2, None, None, None, Path("clip.mp4"))


@pytest.mark.slow
def test_a_case_becomes_frames_of_its_size_whatever_the_batch(case: Case) -> None:
    made = np.stack(list(_model().animate(case, 0).frames or []))
    assert made.shape == (2, 160, 160, 3) and made.dtype == np.uint8 and made.std() > 1
    one_by_one = np.stack(list(_model(batch=1).animate(case, 0).frames or []))
    assert np.abs(made.astype(int) - one_by_one).max() <= 1
    assert (made[0] != made[1]).any()


def test_cases_without_a_video_say_why(case: Case) -> None:
    wall = np.full((160, 160, 3), 90, np.uint8)
    for other, status, words in (
        (replace(case, portrait=wall), "no_face", "no face found in the portrait"),
        (replace(case, portrait=case.portrait[:100]), "not_generated", "takes squares"),
        (replace(case, audio=case.audio[:8191]), "too_short", "0.51 s of speech; MakeItTalk needs 0.52 s"),
        (replace(case, audio=case.audio[:0]), "too_short", "needs 0.52 s"),
        (replace(case, audio=case.audio * np.float32("nan")), "not_generated", "values that are not finite"),
    ):
        with pytest.raises(ModelError, match=words) as caught:
            _model().animate(other, 0)
        assert caught.value.status == status


def test_without_weights_every_case_is_a_row(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    model = registry.make("makeittalk", {}, CONTEXT)
    assert model.version.endswith("absent")
    with pytest.raises(ModelError, match="makeittalk_mel_statistics") as caught:
        model.animate(case, 0)
    assert caught.value.status == "weights_missing"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch": 0}, "'batch' must be at least 1"),
        ({"amp_pos": -1}, "'amp_pos' must be a number from 0 up"),
        ({"amp_lip_x": float("nan")}, "'amp_lip_x' must be a number from 0 up"),
        ({"amp_lipx": 1}, "amp_lip_x"),
        ({"close_input_face_mouth": 1}, "must be bool"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BenchError, match=words):
        _model(**options)


def test_version_follows_what_changes_the_video() -> None:
    assert _model().version == _model(batch=1).version
    assert len({_model(**options).version for options in ({}, {"amp_pos": 0.7}, {"close_input_face_mouth": True})}) == 3
    assert _model().version.endswith("random")


def test_frames_are_the_nearest_in_time_and_the_last_is_held() -> None:
    assert frame_numbers(5, 25.0, 9).tolist() == [0, 3, 5, 8, 8]
    assert frame_numbers(4, 62.5, 99).tolist() == [0, 1, 2, 3]
    assert frame_numbers(3, 30.0, 99).tolist() == [0, 2, 4]


class _Channels(nn.Module):
    """Answers with what it was given: the portrait's channels."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return torch.atanh(given[:, 3:].clamp(max=0.999))


def test_network_sees_bgr_and_frames_are_rgb() -> None:
    portrait = np.zeros((256, 256, 3), np.uint8)
    portrait[..., 0] = 200
    (frame,) = pictures(_Channels(), portrait, np.zeros((1, 68, 2), np.int64), 4)  # type: ignore[arg-type]
    assert np.abs(frame.astype(int) - portrait).max() <= 1


def test_published_tables_are_read_as_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the published form: one number a line, and 68 lines of three."""
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    random = np.random.RandomState(0)
    written = {"obama_emb.txt": random.rand(256), "MEAN_STD_AUTOVC_RETRAIN_MEL_AU.txt": random.rand(160), "STD_FACE_LANDMARKS.txt": random.rand(68, 3)}  # fmt: skip
    for name, numbers in written.items():
        np.savetxt(tmp_path / name, numbers)
    monkeypatch.setattr(tables, "open_store", lambda: _Folder(tmp_path))
    found = tables.load_tables()
    statistics = written["MEAN_STD_AUTOVC_RETRAIN_MEL_AU.txt"]
    assert np.allclose(found.voice, written["obama_emb.txt"])
    assert np.allclose(found.mean, statistics[:80]) and np.allclose(found.deviation, statistics[80:])
    assert np.allclose(found.depth, written["STD_FACE_LANDMARKS.txt"][:, 2])
    for bad in ("1 2 3\n", "nan\n" * 256, "a b\n"):
        (tmp_path / "obama_emb.txt").write_text(bad)
        with pytest.raises(ModelError, match=r"obama_emb\.txt"):
            tables.load_tables()


class _Folder:
    """A store that takes any content: the sha256 of the real files is known, and these are others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, asset: str) -> Path:
        names = {
            "voice": "obama_emb.txt",
            "mel_statistics": "MEAN_STD_AUTOVC_RETRAIN_MEL_AU.txt",
            "face": "STD_FACE_LANDMARKS.txt",
        }
        return self._folder / names[asset.removeprefix("makeittalk_")]


def test_checkpoints_in_their_published_form_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The speaker branch of an older file holds a layer that its authors' script leaves out; training lies beside it."""
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    state = {f"module.{name}": tensor for name, tensor in SpeakerBranch().state_dict().items()}
    state["module.comb_mlp.0.weight"] = torch.zeros(4, 4)
    torch.save({"G": state, "opt": {"lr": 0.1}, "epoch": 3}, tmp_path / "ckpt_speaker_branch.pth")
    loaded = load_network(SpeakerBranch(), "makeittalk_speaker", CONTEXT, key="G", rename=_inferring)
    assert torch.equal(loaded.out[0].weight, state["module.out.0.weight"])
    torch.save({"model_g_face_id": state}, tmp_path / "ckpt_content_branch.pth")
    with pytest.raises(ModelError, match="MakeItTalk speaker branch"):
        load_network(ContentBranch(), "makeittalk_content", CONTEXT, key="model_g_face_id")
