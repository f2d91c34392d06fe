"""A generator in the form that draws gives the frames of the one that was trained."""

from __future__ import annotations

import copy

import pytest
import torch

from bench.models.inference import spade, vid2vid
from bench.models.inference.fourier import FourierConv
from bench.models.inference.winograd import WinogradConv
from bench.models.random_weights import fill_by_name
from space_ref.vid2vid import FaceVid2Vid, GeneratorConfig, HeadConfig, KeypointConfig, MotionConfig, Vid2VidConfig
from space_ref.vid2vid.config import Decoder


def _tiny(decoder: Decoder) -> FaceVid2Vid:
    networks = FaceVid2Vid(
        Vid2VidConfig(
            image_size=64,
            num_kp=5,
            feature_channel=6,
            reshape_depth=4,
            keypoints=KeypointConfig(block_expansion=4, max_features=8, num_blocks=2, reshape_depth=3),
            head=HeadConfig(block_expansion=4, max_features=32, depths=(1, 1, 1, 1)),
            motion=MotionConfig(block_expansion=4, max_features=8, num_blocks=2, compress=2, mask_kernel=5),
            generator=GeneratorConfig(
                decoder, block_expansion=4, max_features=16, num_resblocks_3d=1, num_resblocks_2d=2, edge_kernel=3
            ),
        )
    ).eval()
    fill_by_name(networks)
    return networks


@pytest.mark.parametrize("decoder", ["spade", "resblocks"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 1e-5)])
def test_the_frames_are_the_same(
    decoder: Decoder, dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (spade, vid2vid):
        monkeypatch.setattr(module, "WIDE", 1)  # as if these few channels were many
    plain = _tiny(decoder).to(dtype)
    fast = copy.deepcopy(plain)
    vid2vid.drawing(fast.generator)
    random = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 3, 64, 64, generator=random, dtype=dtype)
    source, driving = torch.rand(2, 3, 5, 3, generator=random, dtype=dtype) * 1.2 - 0.6
    with torch.inference_mode():
        expected, made = (each.render(each.appearance(picture), source[:1], driving) for each in (plain, fast))
    kinds = [type(module) for module in fast.modules()]
    assert kinds.count(FourierConv) == 1 and kinds.count(WinogradConv) > 5
    for name in ("prediction", "mask", "occlusion", "deformation"):
        torch.testing.assert_close(getattr(made, name), getattr(expected, name), rtol=0, atol=tolerance)
