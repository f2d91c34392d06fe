"""SadTalker as a model of the suite, with weights made of names: a case becomes frames of its size, or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from bench.errors import BenchError
from bench.models import checkpoints, registry
from bench.models.base import Case, Context, ModelError
from bench.models.checkpoints import load_network
from bench.models.eamm.crop import Picture
from bench.models.sadtalker import adapter, generator
from bench.models.sadtalker.adapter import SadTalker
from bench.models.sadtalker.expression import ExpressionNetwork
from bench.models.sadtalker.head import HeadMotionNetwork, published_name
from bench.models.sadtalker.mapping import PLACED, MappingNetwork
from datasets.media import write_video
from space_ref.vid2vid import GeneratorConfig, KeypointConfig, MotionConfig, vox_256_spade

CONTEXT = Context("cpu", {}, {"a": "one"}, "d/test/self")
SIDE, ROOM = 160, 32


@pytest.fixture(scope="module", autouse=True)
def narrow() -> Iterator[None]:
    """The generator with fewer layers and channels: at the full size a frame takes 6 s of one core."""
    config = replace(
        vox_256_spade(),
        keypoints=KeypointConfig(block_expansion=8, max_features=64),
        motion=MotionConfig(block_expansion=8, max_features=64, mask_kernel=3, plane_kernel=3),
        generator=GeneratorConfig(
            decoder="spade",
            edge_kernel=3,
            block_expansion=8,
            max_features=64,
            num_resblocks_3d=1,
            num_resblocks_2d=1,
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        for module in (adapter, generator):
            patch.setattr(module, "vox_256_spade", lambda: config)
        adapter.load_networks.cache_clear()
        yield
    adapter.load_networks.cache_clear()


@pytest.fixture(scope="module")
def face(asset_path: Callable[[str], Path]) -> Picture:
    """A face that leaves room around its crop."""
    with Image.open(asset_path("obama_portrait")) as image:
        small = np.asarray(image.convert("RGB").crop((0, 0, 400, 400)).resize((SIDE - 2 * ROOM,) * 2), np.uint8)
    return np.asarray(cv2.copyMakeBorder(small, *4 * (ROOM,), cv2.BORDER_REPLICATE), np.uint8)


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sadtalker") / "wall.mp4"
    write_video(path, [np.full((SIDE, SIDE, 3), 90, np.uint8)] * 2, 25.0, None, 16000)
    return path


@pytest.fixture(scope="module")
def case(face: Picture, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Speech of two frames, and a head to follow that tilts in the second."""
    tilted = cv2.warpAffine(face, cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), 15, 1), (SIDE, SIDE))
    path = tmp_path_factory.mktemp("sadtalker") / "pose.mp4"
    write_video(path, [face, np.asarray(tilted, np.uint8)], 25.0, None, 16000)
    time = np.arange(1280) / 16000
    sound = (0.2 * np.sin(2 * np.pi * 200 * time) * (1 + np.sin(60 * time))).astype(np.float32)
    return Case("a", "self", face, sound, False, 25.0, 2, path, None, None, path)


def _model(**options: Any) -> SadTalker:
    made = registry.make("sadtalker", {"random_weights": True, **options}, CONTEXT)
    assert isinstance(made, SadTalker)
    return made


def _made(model: SadTalker, case: Case) -> Picture:
    return np.stack(list(model.animate(case, 0).frames or []))


@pytest.mark.slow
def test_a_case_becomes_the_portrait_whose_face_moves(case: Case) -> None:
    made = _made(_model(batch=2), case)
    assert made.shape == (2, SIDE, SIDE, 3) and made.dtype == np.uint8
    assert (made[:, :, -2:] == case.portrait[:, -2:]).all()  # beyond the crop
    middle = (slice(None), slice(50, 100), slice(60, 100))
    assert np.abs(made[middle].astype(int) - case.portrait[None][middle]).mean() > 5
    alone = _made(_model(batch=1), case)
    assert np.abs(made.astype(int) - alone).max() <= 1
    unmoved = _made(_model(head="still"), case)
    assert np.abs(made[1].astype(int) - unmoved[1]).max() > 2


@pytest.mark.slow
def test_repeated_frames_are_drawn_once_and_the_whole_picture_can_move(case: Case) -> None:
    drawn: list[object] = []
    options = {"preprocess": "resize", "head": "still"}
    networks = adapter.load_networks("cpu", ("sadtalker", "sadtalker_mapping"), True, "random")
    with networks.mapping.register_forward_pre_hook(lambda layer, given: drawn.append(layer)):
        made = _made(_model(**options), replace(case, fps=50.0, frames=3, pose_video=None))
    assert len(drawn) == 3 and len(made) == 3  # the portrait, and two frames at 25 a second
    assert (made[1] == made[2]).all() and (made[:, :, -2:] != case.portrait[:, -2:]).any()


def test_who_has_no_face_gets_a_row_with_the_reason(case: Case, wall: Path) -> None:
    for other, status, words in (
        (replace(case, portrait=np.full((SIDE, SIDE, 3), 90, np.uint8)), "no_face", r"in the portrait \(160x160\)"),
        (replace(case, pose_video=wall), "no_face", r"no face in the first 2 frames of wall\.mp4"),
        (replace(case, audio=np.full(1280, np.nan, np.float32)), "not_generated", "not finite"),
    ):
        with pytest.raises(ModelError, match=words) as caught:
            _made(_model(), other)
        assert caught.value.status == status


@pytest.mark.slow
def test_the_whole_way_with_a_face_that_knows_its_place(case: Case) -> None:
    made = _made(_model(preprocess="full", expression_scale=2), replace(case, frames=1, pose_video=None))
    assert made.shape == (1, SIDE, SIDE, 3) and (made[0, :, -1] == case.portrait[:, -1]).all()


def test_without_weights_every_case_is_a_row(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("SPACE_BENCH_CACHE", str(tmp_path / "cache"))
    model = registry.make("sadtalker", {}, CONTEXT)
    assert model.version.startswith("1-crop-added-") and model.version.endswith("-absent")
    with pytest.raises(ModelError, match=r"SadTalker_V0\.0\.2_256\.safetensors") as caught:
        model.animate(case, 0)  # type: ignore[union-attr]
    assert caught.value.status == "weights_missing"


def test_version_follows_what_changes_the_frames() -> None:
    changes: list[dict[str, Any]] = [
        {}, {"preprocess": "full"}, {"head": "still"}, {"pose_style": 3}, {"expression_scale": 1.3},
    ]  # fmt: skip
    versions = [_model(**options).version for options in changes]
    assert len(set(versions)) == len(changes) and all(version.endswith("-random") for version in versions)
    assert _model(batch=4).version == _model(expression_scale=1).version == versions[0]
    assert _model(head="still").uses == {"audio"} and _model().uses == {"audio", "pose"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"preproces": "crop"}, "unknown option 'preproces'.*preprocess"),
        ({"preprocess": "ful"}, "'preprocess' is 'ful'.*full"),
        ({"head": "stil"}, "'head' is 'stil'.*still"),
        ({"pose_style": 46}, "'pose_style' must be 0 to 45, found 46"),
        ({"expression_scale": -1}, "'expression_scale' must be 0 or more, found -1"),
        ({"expression_scale": float("nan")}, "'expression_scale' must be 0 or more, found nan"),
        ({"batch": -1}, "'batch' must be 0 or more, found -1"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BenchError, match=words):
        _model(**options)


def test_parts_come_out_of_the_published_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts of the one file, with tensors beside them that only training needs."""
    path = tmp_path / "SadTalker_V0.0.2_256.safetensors"
    monkeypatch.setattr(checkpoints, "_path", lambda store, asset: path)  # its sha256 is that of the real file
    expression, head = ExpressionNetwork(), HeadMotionNetwork()
    published = {f"audio2exp.{name}": value for name, value in expression.state_dict().items()}
    for name, value in head.state_dict().items():
        old = f"netG.{name}" if name.startswith("decoder") else f"audio_encoder.{name}"
        published[f"audio2pose.{old}"] = value
    unused = {
        "audio2pose.netG.encoder.classbias": torch.zeros(46, 64),
        "audio2pose.netD_motion.seq.3.bias": torch.zeros(1),
    }
    save_file({**published, **unused}, path)
    loaded = load_network(ExpressionNetwork(), "sadtalker", CONTEXT, key="audio2exp")
    assert torch.equal(loaded.mapping1.weight, expression.mapping1.weight)
    moved = load_network(HeadMotionNetwork(), "sadtalker", CONTEXT, key="audio2pose", rename=published_name)
    assert torch.equal(moved.decoder.classbias, head.decoder.classbias)
    with pytest.raises(
        ModelError, match="The file looks like SadTalker expression network, SadTalker head motion network"
    ):
        load_network(MappingNetwork(), "sadtalker_mapping", CONTEXT, key="mapping")


def test_the_other_mapping_network_is_called_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mapping_00229-model.pth.tar"
    torch.save({"mapping": MappingNetwork(PLACED).state_dict(), "epoch": 109}, path)
    monkeypatch.setattr(checkpoints, "_path", lambda store, asset: path)
    with pytest.raises(ModelError, match="The file looks like SadTalker mapping network for whole pictures") as caught:
        load_network(MappingNetwork(), "sadtalker_mapping", CONTEXT, key="mapping")
    assert caught.value.status == "weights_missing"
