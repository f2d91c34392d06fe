"""FVD's windows in the engine: 16 frames, one window after the other, from the one decoding; I3D with weights made of names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from bench.assets import AssetStore
from bench.content import Video
from bench.extract import extract
from bench.features import FeatureStore
from bench.plan import open_network
from bench.scoring import chosen_metrics, feature_plan
from datasets.media import read_frames
from metrics.base import Status, Unscorable
from metrics.features.i3d import I3D, I3DFeatures
from metrics.features.weights import WeightsError
from tests.oracle import Oracle, one_thread

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def one_thread_for_torch() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> AssetStore:
    """A store of I3D's file as torch of 2018 wrote it: without counters."""
    folder = tmp_path_factory.mktemp("weights")
    network = I3D().double()
    Oracle(folder).fill(network, 1, {})
    state = {name: value.float() for name, value in network.state_dict().items() if value.is_floating_point()}
    torch.save(state, folder / "rgb_imagenet.pt")
    entry = {"purpose": "a test", "file": "rgb_imagenet.pt", "licence": "none", "manual": True}
    (folder / "assets.yaml").write_text(yaml.safe_dump({"i3d_rgb_imagenet": entry}))
    return AssetStore(folder / "cache", folder / "assets.yaml", folder)


def test_windows_follow_each_other_and_a_video_without_one_is_too_short(
    assets: AssetStore, make_video: Callable[..., Path], tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 200, 64, dtype=np.uint8)[None, :, None]
    frames = [
        np.roll(np.broadcast_to(ramp, (48, 64, 3)), i, axis=1) + random.integers(0, 30, 3, np.uint8) for i in range(20)
    ]
    long = Video.of(make_video("long.mp4", frames))
    short = Video.of(make_video("short.mp4", frames[:15]))
    planned = feature_plan(chosen_metrics(["fvd"]), 25, "cpu", assets)
    store = FeatureStore(tmp_path / "features")
    extract([long, short], planned, store, 1)

    found, _ = store.load(planned.features["i3d"], long.pictures)
    assert found["at"].tolist() == [15]
    network = open_network("i3d", planned.assets, "cpu")
    window = np.stack([network.prepare(frame) for frame in list(read_frames(long.path, 25))[:16]])
    np.testing.assert_allclose(found["values"], network.forward(window[None]), rtol=1e-5, atol=1e-5)
    with pytest.raises(Unscorable, match="15 frames are fewer than the 16 of one window") as caught:
        store.load(planned.features["i3d"], short.pictures)
    assert caught.value.status is Status.TOO_SHORT


def test_torchscript_is_code_and_is_refused(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), str(tmp_path / "rgb_imagenet.pt"))
    with pytest.raises(WeightsError, match=r"rgb_imagenet\.pt: cannot be loaded as weights: .*TorchScript"):
        I3DFeatures({"i3d_rgb_imagenet": tmp_path / "rgb_imagenet.pt"})
