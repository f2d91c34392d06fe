"""The small scripts that people run, on two clips, beside the suite: the same numbers where they compute the same thing."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.assets import AssetError
from bench.benchmarks.clips import Pair, make_pairs
from bench.benchmarks.peers import SCRIPTS
from bench.benchmarks.weights import opened, random_weights
from bench.content import Video
from bench.evaluation import Evaluation, evaluate
from bench.features import FeatureStore
from bench.loader import Loader
from bench.scoring import chosen_metrics, feature_plan
from datasets.media import read_frames
from metrics.features.torchvision_ready import ready_torchvision

pytestmark = pytest.mark.slow

METRICS = ("psnr", "ssim", "lpips_alex", "fid_5", "lse_d_wav2lip_lrs", "lse_c_wav2lip_lrs", "av_offset_wav2lip_lrs")
FRAMES = 26
PIXELS = 1e-5
"""Of the same pixels. OpenCV turns YUV into RGB a little otherwise than the suite, which does it exactly, so the scripts are given
frames that the suite decoded; as they are they differ by 0.05 dB of PSNR, 0.002 of SSIM and some per cent of a small LPIPS."""
PRINTED = 1e-6
OPENCV = 0.02
"""Relative, where pixels are OpenCV's: PNG files of pytorch-fid, JPEG files of SyncNet at another quality than the protocol's."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("peers")


@pytest.fixture(scope="module")
def pairs(folder: Path) -> list[Pair]:
    try:
        return make_pairs(folder, 2, FRAMES)
    except AssetError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def weights(folder: Path) -> Iterator[Path]:
    random_weights(folder / "weights", ("inception_fid", "lpips_alexnet", "syncnet_v2"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(folder / "weights"))
        ready_torchvision()
        yield folder / "weights"


@pytest.fixture(scope="module")
def suite(folder: Path, pairs: list[Pair], weights: Path) -> Evaluation:
    assets = opened(weights)
    return evaluate(folder / "made", folder / "real", metrics=METRICS, workers=1, assets=assets, cache=folder / "cache")


def said(
    script: str, capsys: pytest.CaptureFixture[str], *arguments: object, same_pixels: bool = True
) -> dict[str, float]:
    """Numbers that a script prints, by name."""
    spec = importlib.util.spec_from_file_location(script.removesuffix(".py"), SCRIPTS / script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        if same_pixels:
            patch.setattr(module, "read", lambda path: list(read_frames(Path(path))))
        module.main(*map(str, arguments))
    words = capsys.readouterr().out.split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2], strict=True)}


def here(suite: Evaluation, metric: str, pair: Pair) -> float:
    rows = suite.scores[(suite.scores["model"] == "generated") & (suite.scores["case"] == pair.name)]
    return float(rows.set_index("metric").loc[metric, "value"])


def test_psnr_and_ssim_are_scikit_images(
    suite: Evaluation, pairs: list[Pair], capsys: pytest.CaptureFixture[str]
) -> None:
    for pair in pairs:
        found = said("ssim_psnr.py", capsys, pair.made, pair.real)
        assert here(suite, "psnr", pair) == pytest.approx(found["psnr"], rel=PIXELS)
        assert here(suite, "ssim", pair) == pytest.approx(found["ssim"], abs=PIXELS)


def test_lpips_is_the_packages(suite: Evaluation, pairs: list[Pair], capsys: pytest.CaptureFixture[str]) -> None:
    for pair in pairs:
        found = said("lpips_loop.py", capsys, pair.made, pair.real)
        assert here(suite, "lpips_alex", pair) == pytest.approx(found["lpips"], abs=PRINTED)


def test_inception_features_are_those_of_pytorch_fid(
    suite: Evaluation, folder: Path, pairs: list[Pair], weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The distance itself takes pytorch-fid a minute at 2048 dimensions; it is compared elsewhere, on given features.
    from pytorch_fid.fid_score import get_activations
    from pytorch_fid.inception import InceptionV3

    said("save_frames.py", capsys, folder / "made", folder / "png", same_pixels=False)
    planned = feature_plan(chosen_metrics(["fid_5"]), 25, "cpu", opened(weights))
    found = Loader(planned, FeatureStore(folder / "cache")).features(Video.of(pairs[0].made), ["inception_5"])
    files = [folder / "png" / f"{pairs[0].name}-{index:05d}.png" for index in found.sampled_at["inception_5"]]
    theirs = get_activations(files, InceptionV3([3]).eval(), batch_size=5, num_workers=0)
    ours = found.samples["inception_5"]
    assert np.abs(ours - theirs).max() <= OPENCV * np.abs(theirs).max()


def test_lse_of_whole_frames_is_near_the_scripts(
    suite: Evaluation, pairs: list[Pair], weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = weights / "hub" / "checkpoints" / "syncnet_v2.model"
    for pair in pairs:
        found = said("sync_score.py", capsys, pair.made, pair.made, network, same_pixels=False)
        assert here(suite, "lse_d_wav2lip_lrs", pair) == pytest.approx(found["lse_d"], rel=OPENCV)
        assert here(suite, "lse_c_wav2lip_lrs", pair) == pytest.approx(found["lse_c"], abs=OPENCV * found["lse_d"])
