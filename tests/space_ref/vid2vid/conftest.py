"""Weights and inputs made of names, so that networks can be compared without any weight file, and recorded outputs.

The rule: each tensor has its own stream, ``numpy.random.RandomState(crc32("A" + name))``; its name and shape alone say what is
drawn. The golden files hold what the public implementation answers to these weights and inputs in float64 (torch 2.13, one
CPU): for each output ``x`` every ``x.stride``-th value and ``x.shape``. ``layout.txt.gz`` lists its tensors: network, name, shape.
"""

from __future__ import annotations

import fnmatch
import gzip
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from space_ref.vid2vid import GeneratorConfig, HeadConfig, HeadEstimate, KeypointConfig, MotionConfig, Vid2VidConfig

GOLDEN = Path(__file__).with_name("golden")
SALT = "A"

Factors = Mapping[str, float]


class Seeded:
    """The rule, and comparison with the recorded outputs."""

    def fill(self, network: nn.Module, gain: float, factors: Factors, only: str = "*") -> None:
        """Weights of a float64 network by its tensors' names; `factors` multiply those whose whole name fits."""
        state = network.state_dict()
        for name, tensor in state.items():
            # The anti-alias kernel is a constant; u and v of a spectral norm follow from its weight.
            kept = name.rpartition(".")[2] in ("num_batches_tracked", "weight_u", "weight_v") or name == "down.weight"
            if kept or not fnmatch.fnmatchcase(name, only):
                continue
            weight = _weight(name, tuple(tensor.shape), gain)
            weight *= math.prod(f for pattern, f in factors.items() if fnmatch.fnmatchcase(name, pattern))
            tensor.copy_(torch.from_numpy(weight))
            if name.endswith("weight_orig"):
                stem = name.removesuffix("orig")
                for end, vector in zip("uv", _singular(stem + "u", weight), strict=True):
                    state[stem + end].copy_(torch.from_numpy(vector))

    def uniform(self, name: str, shape: Sequence[int], limit: float) -> Tensor:
        """Input, uniform in -limit..limit."""
        return torch.from_numpy(-limit + 2 * limit * _stream("input:" + name).random_sample(tuple(shape)))

    def normal(self, name: str, shape: Sequence[int]) -> Tensor:
        return torch.from_numpy(_stream("input:" + name).standard_normal(tuple(shape)))

    def image(self, name: str, count: int) -> Tensor:
        """Smooth pictures ``(count, 3, 128, 128)`` in 0..1: eight plane waves a channel, squeezed."""
        draw = _stream("input:" + name).random_sample((count, 3, 8, 4))
        place = (np.arange(128) + 0.5) / 128
        cycles, phase, strength = 8 * draw[..., :2] - 4, 2 * np.pi * draw[..., 2], 0.3 + 0.7 * draw[..., 3]
        angle = (
            2 * np.pi * (cycles[..., 0, None, None] * place + cycles[..., 1, None, None] * place[:, None])
            + phase[..., None, None]
        )
        waves = (strength[..., None, None] * np.cos(angle)).sum(axis=-3)
        return torch.from_numpy(0.5 + 0.5 * np.tanh(waves / 1.5))

    def head(self, tag: str, count: int) -> HeadEstimate:
        """A head estimate whose keypoints stay inside the picture."""
        yaw, pitch, roll = (self.uniform(f"{tag}.{angle}", (count, 66), 4) for angle in ("yaw", "pitch", "roll"))
        return HeadEstimate(
            yaw, pitch, roll, self.uniform(f"{tag}.t", (count, 3), 0.15), self.uniform(f"{tag}.exp", (count, 45), 0.1)
        )

    def error(self, network: str, **outputs: Tensor) -> float:
        """Largest difference from the recorded values over their largest magnitude; all outputs must be given."""
        with np.load(GOLDEN / f"{network}.npz", allow_pickle=False) as file:
            golden = dict(file)
        assert {name for name in golden if "." not in name} == set(outputs)
        worst = 0.0
        for name, output in outputs.items():
            assert tuple(output.shape) == tuple(golden[f"{name}.shape"])
            assert torch.isfinite(output).all()
            found = output.numpy().reshape(-1)[:: int(golden[f"{name}.stride"])]
            worst = max(worst, float(np.abs(found - golden[name]).max() / np.abs(golden[name]).max()))
        return worst

    def layout(self, network: str) -> dict[str, tuple[int, ...]]:
        """Name -> shape of all tensors of a published state dict."""
        rows = (
            line.split(" ") for line in gzip.decompress((GOLDEN / "layout.txt.gz").read_bytes()).decode().splitlines()
        )
        return {name: tuple(int(n) for n in shape.split("x") if n) for owner, name, shape in rows if owner == network}


def _stream(name: str) -> np.random.RandomState:
    return np.random.RandomState(zlib.crc32((SALT + name).encode()))


def _weight(name: str, shape: tuple[int, ...], gain: float) -> NDArray[np.float64]:
    random, leaf = _stream(name), name.rpartition(".")[2]
    if leaf == "running_var":
        return 0.75 + 0.5 * random.random_sample(shape)
    drawn = random.standard_normal(shape)
    if leaf not in ("running_mean", "bias") and len(shape) == 1:
        return 1 + 0.1 * drawn
    # In place: the largest of these fill 100 MB.
    drawn *= 0.1 if len(shape) == 1 else gain * math.sqrt(2 * shape[0] / math.prod(shape))
    return drawn


def _singular(name: str, weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First singular vectors by 50 power iterations, on the small square matrix, which is much less work."""
    matrix = weight.reshape(len(weight), -1)
    square, u = matrix @ matrix.T, _stream(name).standard_normal(len(weight))
    for _ in range(49):
        u = square @ u
        u = u / np.linalg.norm(u)
    v = matrix.T @ u
    v = v / np.linalg.norm(v)
    u = matrix @ v
    return u / np.linalg.norm(u), v


@pytest.fixture(scope="session")
def seeded() -> Seeded:
    return Seeded()


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
