"""Files that cannot be opened now and libraries that stumble: rows of this run, which the next run may do better."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bench.video_pass
from bench.assets import AssetError, AssetStore
from bench.content import Video, content_hashes
from bench.errors import BenchError
from bench.evaluation import GENERATED, evaluate, pair_up
from bench.extract import extract
from bench.features import FeatureStore
from bench.models.base import Context, ModelError
from bench.models.folder import folder
from bench.plan import Plan, plan
from metrics.base import Unscorable

CONTEXT = Context("cpu", {}, {}, "d/test/self")


@pytest.fixture
def planned() -> Plan:
    """PSNR alone: no face, no weights."""
    return plan(["psnr"], {}, 25)


def psnr_of(video: Video, planned: Plan, store: FeatureStore) -> Any:
    key = video.key("psnr")
    assert key is not None
    return store.load(planned.features["psnr"], key)[0]["values"]


def test_a_video_that_was_gone_for_a_run_is_measured_when_it_is_back(
    planned: Plan, make_video: Callable[..., Path], tmp_path: Path
) -> None:
    path, store = make_video("a.mp4", 10), FeatureStore(tmp_path / "features")
    video = Video.of(path).beside(Video.of(make_video("b.mp4", 10)))
    path.rename(tmp_path / "away.mp4")
    extract([video], planned, store, 1)
    with pytest.raises(Unscorable, match="decode_error: there is no such file"):
        psnr_of(video, planned, store)
    (tmp_path / "away.mp4").rename(path)
    extract([video], planned, store, 1)
    assert len(psnr_of(video, planned, store)) == 10


def test_a_broken_video_is_not_decoded_at_every_run(
    planned: Plan, make_video: Callable[..., Path], tmp_path: Path
) -> None:
    path, store = tmp_path / "a.mp4", FeatureStore(tmp_path / "features")
    path.write_text("no video")
    video = Video.of(path).beside(Video.of(make_video("b.mp4", 10)))
    assert [extract([video], planned, store, 1) for _ in range(2)] == [1, 0]


def test_a_file_that_cannot_be_opened_is_known_by_its_path_until_it_can(tmp_path: Path) -> None:
    path, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    absent = content_hashes(path)
    assert absent == content_hashes(path) != content_hashes(other)
    path.write_text("something")
    assert content_hashes(path) != absent


@pytest.mark.parametrize("read", [lambda root: pair_up(root, None), lambda root: folder({"root": str(root)}, CONTEXT)])
def test_a_folder_that_cannot_be_listed_is_an_error_and_not_an_empty_folder(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir(), (tmp_path / "a.mp4").touch()
    scan = os.scandir

    def refusing(path: str) -> Any:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root, who may run this, is refused nothing
    with pytest.raises(BenchError, match="closed cannot be listed: Permission denied"):
        read(tmp_path)


def test_a_linked_folder_that_is_not_entered_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "elsewhere").mkdir(), (tmp_path / "elsewhere/a.mp4").touch()
    root = tmp_path / "root"
    (root / "own").mkdir(parents=True)
    (root / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BenchError, match=r"no video under .*; linked folders are not entered: b"):
        pair_up(root, None)
    (root / "own/c.mp4").touch(), (root / "again").symlink_to(root / "own")
    assert [pair.name for pair in pair_up(root, None)] == ["own-c"]
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("generated: linked folders are not entered: b. Give the folder") and "again" not in said
    with pytest.raises(ModelError, match="linked folders are not entered: b"):
        folder({"root": str(root)}, CONTEXT)._find("a")


def test_weights_that_cannot_be_fetched_cost_their_metrics_and_no_other(
    make_video: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object) -> None:
        raise AssetError("the index does not answer")

    manifest = Path(bench.__file__).with_name("assets.yaml")
    store = AssetStore(tmp_path / "cache", manifest, tmp_path / "weights", tmp_path)
    monkeypatch.setattr(AssetStore, "_fetch", offline)
    video = make_video("a.mp4", 10)
    found = evaluate(video, video, metrics=["psnr", "fd_efficientnet"], workers=1, assets=store).summary[GENERATED]
    assert [found[name]["status"] for name in ("psnr", "fd_efficientnet")] == ["ok", "weights_missing"]


def test_the_first_folder_below_names_the_speaker(tmp_path: Path) -> None:
    for name in ("all/id1/x/0.mp4", "all/id1/y/1.mp4", "all/id2/2.mp4", "all/3.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {pair.name: pair.speaker for pair in pair_up(tmp_path, None)}
    assert found == {"all-id1-x-0": "id1", "all-id1-y-1": "id1", "all-id2-2": "id2", "all-3": "all-3"}
    assert [pair.speaker for pair in pair_up(tmp_path / "all/id1/x", None)] == ["0"]


def test_a_library_that_fails_over_a_frame_costs_its_video_and_no_other(
    make_video: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tracker:
        """Stands for MediaPipe, whose graph can fail with a `RuntimeError`."""

        def start(self, width: int, height: int, fps: float) -> None: ...

        def step(self, frame: np.ndarray) -> None:
            raise RuntimeError("CalculatorGraph::Run() failed")

    monkeypatch.setattr(bench.video_pass, "_TRACKER", [Tracker()])
    planned, store = plan(["track"], {}, 25), FeatureStore(tmp_path / "features")
    videos = [Video.of(make_video(name, frames)) for name, frames in (("a.mp4", 5), ("b.mp4", 6))]
    assert extract(videos, planned, store, 1) == 2
    for video in videos:
        with pytest.raises(Unscorable, match="the face tracker failed at frame 0: RuntimeError: CalculatorGraph"):
            store.load(planned.features["track"], video.pictures)
