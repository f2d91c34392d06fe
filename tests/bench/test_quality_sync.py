"""Lip sync of real clips in the quality table: by SyncNet where its weights are, and a dash where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from bench.assets import AssetStore
from bench.config import Params
from bench.prepare import standardize
from bench.quality import QUALITY_COLUMNS, warnings
from bench.quality_sync import judge_sync
from bench.tables_quality import print_quality
from bench.workspace import Workspace
from datasets.base import SourceClip
from datasets.media import read_audio, read_frames, write_video
from metrics.features.syncnet import SyncNet
from tests.oracle import Oracle, one_thread

PARAMS = Params.model_validate({"datasets": {}, "cases": [], "models": [], "workers": 1, "video": {"size": 96}})
CLIPS = ("talking", "silent")
SYNC = ["av_offset", "sync_confidence"]


@pytest.fixture(scope="module", autouse=True)
def one_thread_for_torch() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def workspace(asset_path: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two prepared clips of one second and a half, one without sound."""
    root, source = tmp_path_factory.mktemp("sync"), asset_path("obama_speech_video")
    frames = [np.ascontiguousarray(f[0:160, 120:280]) for f in islice(read_frames(source, 25), 50, 88)]
    sound = read_audio(source)[32000:56320]
    clips = []
    for name in CLIPS:
        write_video(root / f"{name}.mp4", frames, 25, sound if name == "talking" else None)
        clips.append(SourceClip(name, "s", root / f"{name}.mp4"))
    made = Workspace(root / "out")
    standardize(clips, [], "mine", "test", root, PARAMS, made)
    return made


def store(folder: Path, weights: bytes | None) -> AssetStore:
    """A store that knows SyncNet alone, with or without its file."""
    entry = {"purpose": "a test", "file": "syncnet.model", "licence": "none", "manual": True}
    folder.mkdir()
    (folder / "assets.yaml").write_text(yaml.safe_dump({"syncnet_v2": entry}))
    if weights is not None:
        (folder / "syncnet.model").write_bytes(weights)
    return AssetStore(folder / "cache", folder / "assets.yaml", folder)


def judged(workspace: Workspace, assets: AssetStore) -> pd.DataFrame:
    judge_sync(PARAMS, workspace, assets, "mine", "test", 1)
    return pd.read_parquet(workspace.quality_table("mine", "test")).set_index("clip")


def test_without_weights_the_columns_are_empty_and_shown_as_a_dash(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = judged(workspace, store(tmp_path / "none", None))
    assert list(table.reset_index().columns) == list(QUALITY_COLUMNS)
    assert table[SYNC].isna().all(axis=None)
    print_quality(workspace, "mine", ["test"], each=False)
    assert capsys.readouterr().out.count("–") >= 2


def test_a_file_of_another_network_is_said_and_leaves_the_table_alone(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"some.weight": torch.zeros(2)}, tmp_path / "other.pth")
    table = judged(workspace, store(tmp_path / "other", (tmp_path / "other.pth").read_bytes()))
    assert table[SYNC].isna().all(axis=None)
    assert "weights of another network than SyncNet" in " ".join(capsys.readouterr().err.split())


def test_with_weights_a_clip_has_an_offset_and_one_without_sound_has_none(workspace: Workspace, tmp_path: Path) -> None:
    network = SyncNet().double()
    with torch.no_grad():
        Oracle(tmp_path).fill(
            network, 1, {"netcnnlip.0.weight": 0.01, "netcnnaud.0.weight": 0.1, "netfc*.3.weight": 0.3}
        )
        torch.save({key: value.float() for key, value in network.state_dict().items()}, tmp_path / "syncnet.pth")
    table = judged(workspace, store(tmp_path / "here", (tmp_path / "syncnet.pth").read_bytes()))
    assert abs(table.loc["talking", "av_offset"]) <= 15 and table.loc["talking", "sync_confidence"] >= 0
    assert ("sound_early" in table.loc["talking", "warnings"]) == (table.loc["talking", "av_offset"] > 3)
    assert table.loc["silent", SYNC].isna().all() and "no_sound" in table.loc["silent", "warnings"]


@pytest.mark.parametrize(
    ("offset", "confidence", "expected"),
    [(3.0, 5.0, []), (4.0, 5.0, ["sound_early"]), (-5.0, 1.0, ["sound_late", "weak_sync"]), (None, None, [])],
)
def test_sound_that_comes_early_or_late_is_flagged(
    offset: float | None, confidence: float | None, expected: list[str]
) -> None:
    assert warnings({"loudness": -20.0, "av_offset": offset, "sync_confidence": confidence}) == expected
