"""What PC-AVS's generator is told: who, which mouth, which head pose, and noise; with weights made of names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from bench.models.pcavs.adapter import load_networks
from bench.models.pcavs.recipe import Networks, Request, drawn_noise, head_poses, styles

CPU = torch.device("cpu")
MOUTH, POSE = slice(2048, 2548), slice(2548, 2560)


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks("cpu", True, "random")


@pytest.fixture(scope="module")
def request_() -> Request:
    time = np.arange(5 * 640) / 16000
    sound = (0.2 * np.sin(2 * np.pi * 200 * time) * (1 + np.sin(60 * time))).astype(np.float32)
    poses = torch.linspace(-1, 1, 60).reshape(5, 12)
    return Request(np.zeros((224, 224, 3), np.uint8), sound, poses, 25.0, None)


def _styles(networks: Networks, request: Request, batch: int = 2) -> Tensor:
    made = list(styles(networks, request, torch.ones(1, 2048), batch))
    assert max(len(some) for some in made) <= batch
    return torch.cat(made)


def test_a_style_is_identity_mouth_and_pose_whatever_the_batch(networks: Networks, request_: Request) -> None:
    style = _styles(networks, request_)
    assert style.shape == (5, 2560)
    assert bool((style[:, :2048] == 1).all()) and torch.equal(style[:, POSE], request_.poses)
    assert torch.allclose(style, _styles(networks, request_, batch=5), rtol=1e-5, atol=1e-5)


def test_only_the_mouth_follows_the_sound(networks: Networks, request_: Request) -> None:
    style = _styles(networks, request_)
    other = _styles(networks, replace(request_, sound=np.ascontiguousarray(request_.sound[::-1])))
    assert torch.equal(style[:, :2048], other[:, :2048]) and torch.equal(style[:, POSE], other[:, POSE])
    assert float((style[:, MOUTH] - other[:, MOUTH]).abs().amax(dim=1).min()) > 1e-3
    # How loud a recording is says nothing.
    louder = _styles(networks, replace(request_, sound=2 * request_.sound))
    assert torch.allclose(style, louder, rtol=1e-4, atol=1e-5)


def test_sound_may_end_before_the_video(networks: Networks, request_: Request) -> None:
    nothing = _styles(networks, replace(request_, sound=np.zeros(0, np.float32)))
    assert torch.allclose(nothing[:1].expand(5, -1)[:, MOUTH], nothing[:, MOUTH], atol=1e-5)


def test_head_poses_do_not_depend_on_the_batch(networks: Networks) -> None:
    faces = list(np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), np.uint8))
    poses = head_poses(networks, iter(faces), 2)
    assert poses.shape == (3, 12) and float(poses.std(dim=0).min()) > 0
    assert torch.allclose(poses[2:], head_poses(networks, faces[2:], 1), rtol=1e-4, atol=1e-5)


def test_drawn_noise_is_the_frames_own() -> None:
    whole = drawn_noise(7, 0, 4, CPU)
    assert [tuple(layer.shape) for layer in whole][:3] == [(4, 1, 7, 7), (4, 1, 14, 14), (4, 1, 14, 14)]
    for layer, part in zip(whole, drawn_noise(7, 2, 2, CPU), strict=True):
        assert torch.equal(layer[2:], part) and not torch.equal(layer[0], layer[1])
    assert abs(float(whole[-1].std()) - 1) < 0.01
    assert not torch.equal(whole[0], drawn_noise(100, 0, 4, CPU)[0])
