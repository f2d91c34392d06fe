"""Configurations: the public presets, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from space_ref.vid2vid import (
    GeneratorConfig,
    HeadConfig,
    KeypointConfig,
    MotionConfig,
    Vid2VidConfig,
    vox_256,
    vox_256_beta,
    vox_256_spade,
)


def test_presets_differ_as_published() -> None:
    assert vox_256() == Vid2VidConfig()
    assert vox_256_beta() == replace(vox_256(), keypoints=KeypointConfig(scale_factor=1))
    assert vox_256_spade() == replace(vox_256(), generator=GeneratorConfig(decoder="spade", edge_kernel=3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KeypointConfig(scale_factor=0.3), "scale_factor is 0.3; use 1 or 1/2"),
        (lambda: KeypointConfig(scale_factor=2), "scale_factor"),
        (lambda: KeypointConfig(temperature=0), "temperature"),
        (lambda: KeypointConfig(reshape_depth=1), "reshape_depth is 1; use at least 2"),
        (lambda: KeypointConfig(num_blocks=0), "KeypointConfig.num_blocks"),
        (lambda: HeadConfig(max_features=48), "multiple of 32"),
        (lambda: HeadConfig(depths=(3, 4, 0, 3)), "depths"),
        (lambda: HeadConfig(num_bins=1), "num_bins"),
        (lambda: MotionConfig(mask_kernel=4), "mask_kernel is 4; a kernel has an odd size"),
        (lambda: MotionConfig(plane_kernel=2), "plane_kernel"),
        (lambda: MotionConfig(kp_variance=0), "kp_variance"),
        (lambda: MotionConfig(stride=0), "stride"),
        (lambda: MotionConfig(out_features=0), "out_features"),
        (lambda: GeneratorConfig(decoder="plain"), "'resblocks' or 'spade'"),  # type: ignore[arg-type]
        (lambda: GeneratorConfig(edge_kernel=2), "edge_kernel"),
        (lambda: GeneratorConfig(num_down_blocks=0), "num_down_blocks"),
        (lambda: Vid2VidConfig(image_size=192), "image_size is 192.*multiple of 128"),
        (lambda: Vid2VidConfig(motion=MotionConfig(stride=4)), "multiple of 512"),
        (
            lambda: Vid2VidConfig(motion=MotionConfig(num_blocks=2), keypoints=KeypointConfig(num_blocks=7)),
            "keypoints.*multiple of 512",
        ),
        (lambda: Vid2VidConfig(num_kp=0), "num_kp"),
        (lambda: Vid2VidConfig(reshape_depth=1), "reshape_depth"),
    ],
)
def test_sizes_that_cannot_be_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_no_residual_blocks_are_allowed() -> None:
    assert GeneratorConfig(num_resblocks_2d=0, num_resblocks_3d=0).num_resblocks_2d == 0
