"""The papers' networks in the engine, with weights made of names: extract -> score, whatever the batch, whatever is broken."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from bench.assets import AssetStore
from bench.content import Video
from bench.extract import extract
from bench.features import FeatureStore
from bench.plan import Plan, open_network
from bench.portraits import measure_portraits
from bench.scoring import Item, Loader, Scores, chosen_metrics, feature_plan, score_items
from datasets.media import read_audio, read_frames, write_video
from metrics.base import Labels
from metrics.features.emotion_fan import EmotionFanNetwork
from metrics.features.inception import FidInception
from metrics.features.iresnet import IResNet
from metrics.features.lpips_networks import empty
from metrics.features.syncnet import SyncNet
from tests.oracle import Oracle

pytestmark = pytest.mark.slow

METRICS = [
    "fid_5",
    "lpips_alex",
    "csim",
    "csim_source",
    "lse_c",
    "lse_d",
    "av_offset",
    "lse_c_wav2lip_lrs",
    "emotion_accuracy_emotion_fan",
]
FILES = {
    "inception_fid": "inception.pth",
    "lpips_alexnet": "alexnet.pth",
    "arcface_r100": "arcface.pth",
    "syncnet_v2": "syncnet.model",
    "emotion_fan": "emotion_fan.pth",
}
FRAMES = 30


@dataclass(frozen=True)
class Talk:
    """Two generated videos (the second a little darker than its original), with references and a portrait."""

    items: list[Item]

    @property
    def videos(self) -> list[Video]:
        return [video for item in self.items for video in (item.reference, item.video) if isinstance(video, Video)]


@pytest.fixture(scope="module")
def talk(asset_path: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Talk:
    source, folder = asset_path("obama_speech_video"), tmp_path_factory.mktemp("talk")
    frames = [np.ascontiguousarray(f[0:160, 120:280]) for f in islice(read_frames(source, 25), 50, 50 + 2 * FRAMES)]
    sound = read_audio(source)[32000:]
    Image.fromarray(frames[0]).save(folder / "portrait.png")
    items = []
    for k in range(2):
        real = frames[FRAMES * k : FRAMES * (k + 1)]
        made = [np.ascontiguousarray(np.roll(frame, 2, axis=1) // (k + 1) * (k + 1)) for frame in real]
        paths = []
        for name, pictures in (("real", real), ("made", made)):
            paths.append(folder / f"{name}{k}.mp4")
            write_video(paths[-1], pictures, 25, sound[k * 19200 : (k + 1) * 19200])
        reference = Video.of(paths[0])
        labels = Labels(emotion="happy", speaker=f"s{k}")
        items.append(Item(f"c{k}", labels, Video.of(paths[1], reference), reference, folder / "portrait.png"))
    return Talk(items)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A weights folder of the published layouts."""
    folder = tmp_path_factory.mktemp("weights")
    oracle = Oracle(folder)
    networks: dict[str, tuple[Any, float, dict[str, float]]] = {
        "inception_fid": (FidInception, 1, {}),
        "arcface_r100": (lambda: IResNet("r100"), 1, {"*bn3.weight": 0.3}),
        "syncnet_v2": (
            SyncNet, 1, {"netcnnlip.0.weight": 0.01, "netcnnaud.0.weight": 0.1, "netfc*.3.weight": 0.3}
        ),
        "emotion_fan": (EmotionFanNetwork, 0.8, {"alpha.0.weight": 0.5, "beta.0.weight": 0.5}),
    }  # fmt: skip
    with torch.no_grad():
        for name, (build, gain, factors) in networks.items():
            network = build().double()
            oracle.fill(network, gain, factors)
            state = {
                key: value.float() if value.is_floating_point() else value
                for key, value in network.state_dict().items()
            }
            torch.save({"state_dict": state} if name == "emotion_fan" else state, folder / FILES[name])
    shapes = {key: tuple(value.shape) for key, value in empty("alex").state_dict().items() if key.startswith("net.")}
    trunk = oracle.state({f"features.{key.split('.', 2)[2]}": shape for key, shape in shapes.items()}, 1, {})
    torch.save({key: value.float() for key, value in trunk.items()}, folder / FILES["lpips_alexnet"])
    yield folder
    shutil.rmtree(folder)


def store_of(folder: Path, scratch: Path, **sha256: str) -> AssetStore:
    """A store whose manifest knows these files, and no sha256 but those given."""
    entries = {
        name: {"purpose": "a test", "file": file, "licence": "none", "manual": True, "note": f"{file} from its authors",
               **({"sha256": sha256[name]} if name in sha256 else {})}
        for name, file in FILES.items()
    }  # fmt: skip
    manifest = scratch / "assets.yaml"
    manifest.write_text(yaml.safe_dump(entries))
    return AssetStore(scratch / "cache", manifest, folder)


def scored(talk: Talk, planned: Plan, cache: Path, assets: AssetStore, workers: int = 1, order: int = 1) -> Scores:
    store = FeatureStore(cache)
    extract(talk.videos[::order], planned, store, workers)
    measure_portraits([item.portrait for item in talk.items if item.portrait], planned, store)
    return score_items(talk.items, chosen_metrics(METRICS), Loader(planned, store), assets, seed=0)


def table(scores: Scores) -> dict[tuple[str, str], tuple[str, float | None]]:
    return {(row["metric"], row["case"]): (row["status"], row["value"]) for row in scores.rows}


@pytest.fixture(scope="module")
def whole(talk: Talk, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scores, Path]:
    """Everything scored one input at a time in one process, and its feature cache."""
    scratch = tmp_path_factory.mktemp("whole")
    assets = store_of(weights, scratch)
    planned = replace(feature_plan(chosen_metrics(METRICS), 25, "cpu", assets), batch=1)
    return scored(talk, planned, scratch / "features", assets), scratch / "features"


def test_every_metric_has_a_value_where_its_weights_are(whole: tuple[Scores, Path]) -> None:
    scores, _ = whole
    for metric in METRICS:
        entry = scores.summary[metric]
        assert entry["status"] == "ok" and np.isfinite(entry["value"]), (metric, entry["note"])
    assert scores.summary["fid_5"]["value"] > 0 and scores.summary["lpips_alex"]["value"] > 0
    assert 0.5 < scores.summary["csim"]["value"] <= 1


def test_five_frames_a_video_are_all_that_fid_5_looks_at(talk: Talk, whole: tuple[Scores, Path], weights: Path, tmp_path: Path) -> None:  # fmt: skip
    planned = feature_plan(chosen_metrics(["fid_5"]), 25, "cpu", store_of(weights, tmp_path))
    assert "inception" not in planned.features
    found = Loader(planned, FeatureStore(whole[1])).features(talk.videos[0])
    assert found.sampled_at["inception_5"].tolist() == [0, 6, 12, 18, 24]


def test_features_of_one_network_share_its_weights(weights: Path) -> None:
    files = {name: weights / FILES[name] for name in ("arcface_r100", "inception_fid")}
    aligned, whole_frames = (open_network(name, files, "cpu") for name in ("arcface_r100", "arcface_vico"))
    every, few = (open_network(name, files, "cpu") for name in ("inception", "inception_5"))
    assert whole_frames.embed is aligned.embed and few.module is every.module
    assert few.per_video == 5 and every.protocol == few.protocol and whole_frames.protocol != aligned.protocol


def test_batch_workers_and_order_change_nothing(
    talk: Talk, whole: tuple[Scores, Path], weights: Path, tmp_path: Path
) -> None:
    assets = store_of(weights, tmp_path)
    planned = replace(feature_plan(chosen_metrics(METRICS), 25, "cpu", assets), batch=7)
    one, other = table(whole[0]), table(scored(talk, planned, tmp_path / "features", assets, workers=2, order=-1))
    assert one.keys() == other.keys()
    for key, (status, value) in one.items():
        assert other[key][0] == status
        if value is not None:
            assert other[key][1] == pytest.approx(value, rel=1e-4 if key[0] == "fid_5" else 1e-5, abs=1e-6), key


def test_what_is_wrong_with_weights_costs_their_metrics_alone(
    talk: Talk, whole: tuple[Scores, Path], weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / FILES["arcface_r100"]).symlink_to(weights / FILES["arcface_r100"])
    (folder / FILES["lpips_alexnet"]).write_bytes((weights / FILES["lpips_alexnet"]).read_bytes()[:100_000])
    (folder / FILES["inception_fid"]).write_bytes(pickle.dumps(print, protocol=2))
    torch.save({"state_dict": torch.load(weights / FILES["lpips_alexnet"])}, folder / FILES["emotion_fan"])
    (folder / FILES["syncnet_v2"]).symlink_to(weights / FILES["syncnet_v2"])
    assets = store_of(folder, tmp_path, syncnet_v2=hashlib.sha256(b"other").hexdigest())
    planned = feature_plan(chosen_metrics(METRICS), 25, "cpu", assets)
    scores = scored(talk, planned, whole[1], assets)
    sound, before = {"csim", "csim_source"}, table(whole[0])
    for (metric, case), (status, value) in table(scores).items():
        if metric in sound:
            assert (status, value) == before[metric, case]
        else:
            assert (status, value) == ("weights_missing", None), (metric, status)
    reasons = {row["metric"]: row["detail"] for row in scores.rows}
    assert all("\n" not in reason for reason in reasons.values())
    assert "alexnet.pth" in reasons["lpips_alex"] and "cannot be loaded" in reasons["lpips_alex"]
    assert "inception.pth" in reasons["fid_5"]
    assert "another network" in reasons["emotion_accuracy_emotion_fan"]
    assert "features.0.weight" in reasons["emotion_accuracy_emotion_fan"]
    assert "has sha256" in reasons["lse_c"] and "replace that file" in reasons["lse_c"]


def test_absent_weights_say_which_file_is_needed(talk: Talk, whole: tuple[Scores, Path], tmp_path: Path) -> None:
    assets = store_of(tmp_path / "none", tmp_path)
    scores = scored(talk, feature_plan(chosen_metrics(METRICS), 25, "cpu", assets), whole[1], assets)
    for row in scores.rows:
        assert row["status"] == "weights_missing"
        assert any(file in row["detail"] for file in FILES.values())
