"""The loop that the speed table compares with draws the same pictures."""

from __future__ import annotations

import torch

from bench.benchmarks.published_vid2vid import published_arithmetic
from bench.models.random_weights import fill_by_name
from space_ref.vid2vid import FaceVid2Vid, GeneratorConfig, HeadConfig, KeypointConfig, MotionConfig, Vid2VidConfig

TINY = Vid2VidConfig(
    image_size=32,
    num_kp=5,
    feature_channel=6,
    reshape_depth=4,
    keypoints=KeypointConfig(block_expansion=4, max_features=8, num_blocks=2, reshape_depth=3, scale_factor=0.5),
    head=HeadConfig(block_expansion=4, max_features=32, depths=(1, 1, 1, 1)),
    motion=MotionConfig(block_expansion=4, max_features=8, num_blocks=2, compress=2, mask_kernel=3),
    generator=GeneratorConfig(block_expansion=4, max_features=8, num_down_blocks=1, num_resblocks_3d=1),
)


def test_the_published_arithmetic_gives_the_same_frames() -> None:
    networks = FaceVid2Vid(TINY).double().eval()
    fill_by_name(networks)
    random = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 3, 32, 32, generator=random, dtype=torch.float64)
    source, driving = torch.rand(2, 2, 5, 3, generator=random, dtype=torch.float64) * 1.2 - 0.6
    with torch.no_grad():
        suite = networks.render(networks.appearance(picture), source[:1], driving)
        with published_arithmetic():
            plain = networks.render(networks.appearance(picture), source[:1], driving)
        again = networks.render(networks.appearance(picture), source[:1], driving)
    assert not torch.equal(plain.mask, suite.mask) and torch.equal(again.mask, suite.mask)  # other sums, and undone
    assert torch.allclose(plain.mask, suite.mask, atol=1e-12)
    assert torch.allclose(plain.prediction, suite.prediction, atol=1e-12)
