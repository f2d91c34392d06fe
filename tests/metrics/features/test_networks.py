"""What every extractor network promises, and what each one must get right."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from metrics.features.face_mesh import locate
from metrics.features.mini_xception import EMOTIONS
from metrics.features.pixels import PSNR_CAP, Psnr, Ssim
from metrics.features.registry import ASSETS, PAIR_NETWORKS, SPEECH, SYNC_FEATURES, networks

Frame = NDArray[np.uint8]
Make = Callable[[str], Any]

torch.set_num_threads(1)

RECORDED_STLPIPS = (0.582815408706665, 0.02835608273744583)
"""Of stlpips_pytorch 0.0.2, ``LPIPS(net="alex", variant="shift_tolerant")``, on the pictures of the test."""


@pytest.fixture(scope="module")
def make(asset_path: Callable[[str], Path]) -> Make:
    """``make(name)``: that network, loaded once."""
    made: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name not in made:
            made[name] = networks()[name](assets={asset: asset_path(asset) for asset in ASSETS[name]})
        return made[name]

    return get


@pytest.fixture(scope="module")
def inputs(portrait: Frame, portrait_landmarks: NDArray[np.float32]) -> Callable[[Any, int], NDArray[Any]]:
    """``inputs(network, n)``: n prepared inputs that differ."""

    def prepared(network: Any, n: int) -> NDArray[Any]:
        frames = [np.roll(portrait, 3 * k, axis=1) for k in range(n)]
        if network.name in PAIR_NETWORKS:
            small = [cv2.resize(frame, (96, 96), interpolation=cv2.INTER_AREA) for frame in frames]
            return np.stack([network.prepare(frame, small[0]) for frame in small])
        return np.stack([network.prepare(frame, portrait_landmarks) for frame in frames])

    return prepared


def test_registry_agrees_with_the_classes() -> None:
    assert {*networks(), *SYNC_FEATURES, SPEECH} == set(ASSETS)
    assert set(ASSETS) >= PAIR_NETWORKS
    for name, network in networks().items():
        assert network.name == name
        assert network.assets == ASSETS[name]
    with pytest.raises(KeyError):
        networks()["no-such-network"]


def test_registry_imports_no_network() -> None:
    code = (
        "import sys, metrics.features.registry as r; r.networks();"
        "print({'torch', 'dlib', 'mediapipe'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("name", "most"),
    [("efficientnet", 64), ("emotion", 64), ("identity", 7), ("psnr", 64), ("ssim", 64), ("stlpips", 7)],
)
def test_rows_do_not_depend_on_the_batch(
    name: str, most: int, make: Make, inputs: Callable[[Any, int], NDArray[Any]]
) -> None:
    """dlib and ST-LPIPS go face by face inside, and 64 of them would take long."""
    network = make(name)
    batch = inputs(network, 7)
    full = network.forward(np.concatenate([batch] * 10)[:most])
    single = np.concatenate([network.forward(batch[k : k + 1]) for k in range(7)])
    assert full.dtype == np.float32
    assert full.ndim == 2
    scale = np.abs(single).max()
    assert np.abs(full[:7] - single).max() <= 1e-5 * scale
    assert np.abs(network.forward(batch) - single).max() <= 1e-5 * scale


def test_efficientnet_sees_what_imagenet_has(make: Make) -> None:
    network = make("efficientnet")
    for name, label in (("chelsea", {281, 282, 285}), ("coffee", {967})):
        picture = getattr(skimage.data, name)()
        side = min(picture.shape[:2])
        top, left = ((length - side) // 2 for length in picture.shape[:2])
        crop = cv2.resize(picture[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)
        features = torch.from_numpy(network.forward(crop[None]))
        assert features.shape == (1, 1280)
        assert int(network.module.fc(features).argmax()) in label


@pytest.mark.parametrize(
    ("asset", "emotion"), [("pyfeat_face_a", "surprise"), ("pyfeat_face_b", "happy"), ("obama_portrait", "happy")]
)
def test_emotion_of_portraits(
    asset: str, emotion: str, make: Make, asset_path: Callable[[str], Path], picture: Callable[[Path], Frame]
) -> None:
    network, frame = make("emotion"), picture(asset_path(asset))
    landmarks = locate(frame)
    assert landmarks is not None
    probabilities = network.forward(network.prepare(frame, landmarks)[None])[0]
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert EMOTIONS[int(probabilities.argmax())] == emotion


def test_emotion_goes_from_neutral_to_happy(
    make: Make, asset_path: Callable[[str], Path], frames_of: Callable[..., list[Frame]]
) -> None:
    network, frames = make("emotion"), frames_of(asset_path("pyfeat_single_face_video"), step=60, limit=2)
    crops = []
    for frame in frames:
        landmarks = locate(frame)
        assert landmarks is not None
        crops.append(network.prepare(frame, landmarks))
    before, after = network.forward(np.stack(crops))
    assert EMOTIONS[int(before.argmax())] == "neutral"
    assert EMOTIONS[int(after.argmax())] == "happy"


def test_identity_is_of_the_person_not_of_the_picture(
    make: Make,
    asset_path: Callable[[str], Path],
    picture: Callable[[Path], Frame],
    frames_of: Callable[..., list[Frame]],
) -> None:
    network = make("identity")
    clip = frames_of(asset_path("pyfeat_single_face_video"), step=60, limit=2)
    pictures = [*clip, picture(asset_path("obama_portrait")), skimage.data.astronaut()]
    chips = []
    for frame in pictures:
        landmarks = locate(frame)
        assert landmarks is not None
        chips.append(network.prepare(frame, landmarks))
    one, same, other, third = network.forward(np.stack(chips))
    assert np.linalg.norm(one - same) < 0.4
    assert min(np.linalg.norm(one - other), np.linalg.norm(one - third), np.linalg.norm(other - third)) > 0.7


def test_stlpips_is_zero_for_equal_and_grows_with_damage(make: Make, portrait: Frame) -> None:
    network = make("stlpips")
    blurs = [cv2.GaussianBlur(portrait, (0, 0), sigma) for sigma in (1, 3, 8)]
    same, *distances = network.forward(np.stack([network.prepare(frame, portrait) for frame in (portrait, *blurs)]))[
        :, 0
    ]
    assert same == pytest.approx(0, abs=1e-6)
    assert 0 < distances[0] < distances[1] < distances[2]


def test_stlpips_equals_the_published_package(make: Make) -> None:
    network = make("stlpips")
    one = cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    other = np.roll(one, 3, axis=1)[::-1]
    # The recorded values are of pictures of 256 pixels, before the shrinking that this suite's protocol adds.
    distances = network.forward(np.stack([np.stack([one, other]), np.stack([one, np.roll(one, 3, axis=1)])]))
    assert distances[:, 0] == pytest.approx(RECORDED_STLPIPS, rel=1e-4)


def test_stlpips_shrinks_large_frames_and_keeps_small_ones(make: Make) -> None:
    network = make("stlpips")
    assert network.prepare(np.zeros((720, 1280, 3), np.uint8), np.zeros((720, 1280, 3), np.uint8)).shape == (
        2,
        72,
        128,
        3,
    )
    assert network.prepare(np.zeros((99, 51, 3), np.uint8), np.zeros((99, 51, 3), np.uint8)).shape == (2, 99, 51, 3)


@pytest.mark.parametrize("kind", ["noise", "blur", "shift", "flat"])
def test_psnr_and_ssim_equal_scikit_image(kind: str, portrait: Frame) -> None:
    one = portrait[:201, :160]
    noise = np.random.default_rng(0).normal(0, 20, one.shape)
    other = {
        "noise": np.clip(one + noise, 0, 255).astype(np.uint8),
        "blur": cv2.GaussianBlur(one, (0, 0), 2),
        "shift": np.roll(one, 2, axis=1),
        "flat": np.full_like(one, 200),
    }[kind]
    options: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = structural_similarity(one, other, data_range=255, channel_axis=-1, **options)
    psnr, ssim = Psnr(), Ssim()
    assert ssim.forward(ssim.prepare(one, other)[None])[0, 0] == pytest.approx(expected, abs=1e-5)
    expected = peak_signal_noise_ratio(one, other, data_range=255)
    assert psnr.forward(psnr.prepare(one, other)[None])[0, 0] == pytest.approx(expected, rel=1e-5)


def test_equal_frames_have_the_stated_psnr_and_ssim_one(portrait: Frame) -> None:
    psnr, ssim = Psnr(), Ssim()
    assert psnr.forward(psnr.prepare(portrait, portrait)[None])[0, 0] == PSNR_CAP
    assert ssim.forward(ssim.prepare(portrait, portrait)[None])[0, 0] == pytest.approx(1, abs=1e-6)


def test_pairs_of_two_sizes_are_refused(make: Make) -> None:
    for name in PAIR_NETWORKS:
        with pytest.raises(ValueError, match="one size"):
            make(name).prepare(np.zeros((32, 32, 3), np.uint8), np.zeros((32, 31, 3), np.uint8))


def test_frame_too_small_for_ssim_is_refused() -> None:
    ssim = Ssim()
    tiny = np.zeros((10, 40, 3), np.uint8)
    with pytest.raises(ValueError, match="smaller than the window"):
        ssim.prepare(tiny, tiny)
