"""The networks equal the published implementations in float64; tolerances are those of the recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from metrics.features.emonet import EmoNet
from metrics.features.emotion_fan import EmotionFanNetwork
from metrics.features.emotion_fan_video import video_scores
from metrics.features.i3d import I3D
from metrics.features.inception import FidInception
from metrics.features.iresnet import IResNet
from metrics.features.lpips_networks import empty, fill_lpips
from metrics.frechet import FrechetAggregate, GaussianState, frechet
from metrics.parity import NETWORK_TOLERANCE as TOLERANCE
from tests.oracle import Oracle

Filled = Callable[[str, nn.Module], nn.Module]
LPIPS = ("alex", "vgg", "squeeze")

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "fid_inception": FidInception,
    "arcface_r50": lambda: IResNet("r50"),
    "arcface_r100": lambda: IResNet("r100"),
    "emonet_8": lambda: EmoNet(8),
    "emonet_5": lambda: EmoNet(5),
    "emotion_fan": EmotionFanNetwork,
    "i3d": I3D,
    **{f"lpips_{kind}": lambda kind=kind: empty(kind) for kind in LPIPS},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", list(NETWORKS))
def test_tensors_are_named_and_shaped_as_in_the_published_file(name: str, oracle: Oracle) -> None:
    with torch.device("meta"):
        network = NETWORKS[name]()
    assert [(key, tuple(tensor.shape)) for key, tensor in network.state_dict().items()] == list(
        oracle.layout(name).items()
    )


@pytest.mark.slow
def test_inception(oracle: Oracle, filled: Filled) -> None:
    network = filled("fid_inception", FidInception())
    outputs: dict[str, Tensor] = {}
    for size in (299, 128):
        first, _, third, last = network.blocks(oracle.image(f"image{size}", 2, size))  # type: ignore[operator]
        outputs |= {f"block0_{size}": first, f"mixed6_{size}": third, f"pool3_{size}": last}
    assert oracle.error("fid_inception", **outputs) <= TOLERANCE


@pytest.mark.slow
def test_i3d(oracle: Oracle, filled: Filled) -> None:
    network = filled("i3d", I3D())
    assert isinstance(network, I3D)
    # Odd sizes: "SAME" padding is not alike on both sides.
    video = torch.from_numpy(oracle.video("clip", 9, 193)).double().permute(3, 0, 1, 2)[None] / 127.5 - 1
    first, middle, scores = network.stages(video)
    assert oracle.error("i3d", first=first, middle=middle, scores=scores.mean(dim=2)) <= TOLERANCE


@pytest.mark.parametrize("kind", ["alex", pytest.param("vgg", marks=pytest.mark.slow), "squeeze"])
def test_lpips(
    kind: str, oracle: Oracle, trunk_of: Callable[[dict[str, Tensor]], dict[str, Tensor]], tmp_path: Path
) -> None:
    name = f"lpips_{kind}"
    trunk = trunk_of(oracle.state(oracle.layout(name), 1, {}))
    network = fill_lpips(empty(kind), kind, trunk, tmp_path).double()
    one, other = (oracle.image(tag, 2) for tag in ("first", "second"))
    first, second = 2 * one - 1, 2 * other - 1
    distance, layers = network(first, second, retPerLayer=True)
    error = oracle.error(
        name,
        distance=distance,
        near=network(first, first + 0.05 * second),
        distance_same_shape_0_1=network(one, other, normalize=True),
        **{f"layer{k}": layer for k, layer in enumerate(layers)},
    )
    assert error <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("depth", ["r50", "r100"])
def test_arcface(depth: str, oracle: Oracle, filled: Filled) -> None:
    embedding = filled(f"arcface_{depth}", IResNet(depth))(2 * oracle.image("face", 2, 112) - 1)
    cosine = functional.cosine_similarity(embedding[:1], embedding[1:])
    assert oracle.error(f"arcface_{depth}", embedding=embedding, cosine=cosine) <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("classes", [8, 5])
def test_emonet(classes: int, oracle: Oracle, filled: Filled) -> None:
    network = filled(f"emonet_{classes}", EmoNet(classes))
    heat, expression, valence, arousal = network(oracle.image("face", 2, 256))
    error = oracle.error(
        f"emonet_{classes}", heatmap=heat, expression=expression, valence=valence, arousal=arousal
    )  # fmt: skip
    assert error <= TOLERANCE


@pytest.mark.slow
def test_emotion_fan_and_its_scores_from_rows(oracle: Oracle, filled: Filled) -> None:
    network = filled("emotion_fan", EmotionFanNetwork())
    assert isinstance(network, EmotionFanNetwork)
    feature, alpha = network(oracle.image("face", 7, 224))
    videos = (slice(0, 4), slice(4, 7))
    means, scores = zip(*(network.video(feature[part], alpha[part]) for part in videos), strict=True)
    outputs = {"feature": feature, "alpha": alpha, "video_feature": torch.stack(means)}
    assert oracle.error("emotion_fan", **outputs, scores=torch.stack(scores)) <= TOLERANCE
    rows = network.frame_rows(feature, alpha).numpy()
    from_rows = np.stack([video_scores(rows[part]) for part in videos])
    assert oracle.error("emotion_fan", **outputs, scores=from_rows) <= TOLERANCE


@pytest.mark.parametrize(("dimensions", "real", "fake", "tolerance"), [(64, 500, 400, 1e-9), (2048, 300, 280, 1e-5)])
def test_frechet_distance(dimensions: int, real: int, fake: int, tolerance: float, oracle: Oracle) -> None:
    tag = f"frechet{dimensions}"
    mean = oracle.uniform(f"{tag}.mean", (dimensions,)).numpy()
    scale = oracle.uniform(f"{tag}.scale", (dimensions,), 0.05, 0.5).numpy()
    shift = oracle.normal(f"{tag}.shift", (dimensions,), 0.05).numpy()
    first = mean + scale * oracle.normal(f"{tag}.real", (real, dimensions)).numpy()
    second = mean + shift + 1.1 * scale * oracle.normal(f"{tag}.fake", (fake, dimensions)).numpy()
    empty_state = GaussianState.empty(dimensions)
    streamed = frechet(
        empty_state.update(first), empty_state.update(second[:99]).merge(empty_state.update(second[99:]))
    )
    clips = [(second[:100], first[:100]), (second[100:], first[100:])]
    for value in (streamed, FrechetAggregate()(clips, np.ones(2))):
        assert oracle.error(f"frechet_{dimensions}", distance=np.array(value)) <= tolerance
