"""The recorded face-vid2vid outputs of `tests.oracle`, and a configuration that runs in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from space_ref.vid2vid import GeneratorConfig, HeadConfig, HeadEstimate, KeypointConfig, MotionConfig, Vid2VidConfig
from tests.oracle import Oracle


class Seeded(Oracle):
    """The rule, with head estimates as an input."""

    def head(self, tag: str, count: int) -> HeadEstimate:
        """A head estimate whose keypoints stay inside the picture."""
        yaw, pitch, roll = (self.uniform(f"{tag}.{angle}", (count, 66), -4, 4) for angle in ("yaw", "pitch", "roll"))
        t, exp = self.uniform(f"{tag}.t", (count, 3), -0.15, 0.15), self.uniform(f"{tag}.exp", (count, 45), -0.1, 0.1)
        return HeadEstimate(yaw, pitch, roll, t, exp)


@pytest.fixture(scope="session")
def seeded() -> Seeded:
    return Seeded(Path(__file__).with_name("golden"))


def _tiny(motion: Mapping[str, Any] | None = None, **generator: Any) -> Vid2VidConfig:
    """A configuration that runs in milliseconds; every size is another than the published one."""
    return Vid2VidConfig(
        image_size=32,
        num_kp=5,
        feature_channel=6,
        reshape_depth=4,
        keypoints=KeypointConfig(block_expansion=4, max_features=8, num_blocks=2, reshape_depth=3, scale_factor=0.5),
        head=HeadConfig(block_expansion=4, max_features=32, depths=(1, 2, 1, 1), num_bins=66),
        motion=MotionConfig(
            **{
                "block_expansion": 4,
                "max_features": 8,
                "num_blocks": 2,
                "compress": 2,
                "mask_kernel": 3,
                **(motion or {}),
            }
        ),
        generator=GeneratorConfig(
            **{
                "block_expansion": 4,
                "max_features": 8,
                "num_down_blocks": 1,
                "num_resblocks_3d": 1,
                "num_resblocks_2d": 2,
                "edge_kernel": 3,
                **generator,
            }
        ),
    )


@pytest.fixture(scope="session")
def tiny() -> Any:
    """``tiny(motion={...}, **generator)``: a small `Vid2VidConfig`."""
    return _tiny
