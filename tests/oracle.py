"""Weights and inputs made of names, so that networks can be compared without any weight file, and recorded outputs.

The rule: each tensor has its own stream, ``numpy.random.RandomState(crc32(salt + name))``; its name and shape alone say what
is drawn. A folder of golden files holds what the public implementations answer to these weights and inputs in float64 (torch
2.13, one CPU): ``<network>.npz`` has for each output ``x`` every ``x.stride``-th value and ``x.shape``; ``layout.txt.gz`` has
one line a tensor of the published state dicts: network, name, shape (``64x3x3x3``, empty for a number).

Use in a test folder that has a ``golden/`` of its own (salt, gain, factors and inputs are what the outputs were recorded with)::

    oracle = Oracle(Path(__file__).with_name("golden"), salt="A")
    network = SyncNet().double().eval()
    oracle.fill(network, gain=1, factors={"netfc*.3.weight": 0.3})
    assert oracle.error("syncnet_v2", lip=network.lip(oracle.normal("x", shape))) <= 1e-9
    assert shapes_of(network) == oracle.layout("syncnet_v2")

A network whose tensors are named otherwise is fed ``oracle.state(oracle.layout("net"), ...)`` through its converter. Compare in
float64, in eval mode, without gradients: in float32 the tolerances do not hold.
"""

from __future__ import annotations

import fnmatch
import gzip
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

NetworkT = TypeVar("NetworkT", bound=nn.Module)
Factors = Mapping[str, float]
Shape = Sequence[int]

CONSTANT = re.compile(
    r"(^|\.)(num_batches_tracked|down\.weight|kernel|pe|scaling_layer\.(shift|scale))$|^lins?\.?\d+\.model\.1\.weight$"
)
"""Tensors that the rule leaves alone: counters, filters, tables, and LPIPS's trained heads."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Recorded outputs are compared on one thread and without gradients; what was set before is set again."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(threads)


class Oracle:
    """The rule under one salt, and comparison with the outputs recorded in a folder."""

    def __init__(self, golden: Path, salt: str = "A") -> None:
        self.golden = golden
        self.salt = salt

    def stream(self, name: str) -> np.random.RandomState:
        return np.random.RandomState(zlib.crc32((self.salt + name).encode()))

    def fill(self, network: nn.Module, gain: float, factors: Factors, only: str = "*") -> None:
        """Weights of a float64 network by its tensors' names; `factors` multiply those whose whole name fits."""
        state = network.state_dict()
        shapes = {name: tuple(t.shape) for name, t in state.items() if t.is_floating_point()}
        for name, weight in self._weights(shapes, gain, factors, only):
            state[name].copy_(torch.from_numpy(weight))

    def filled(self, network: NetworkT, gain: float, factors: Factors) -> NetworkT:
        """The network in float64 and evaluation mode, with such weights."""
        network.double().eval()
        self.fill(network, gain, factors)
        return network

    def state(self, layout: Mapping[str, Shape], gain: float, factors: Factors) -> dict[str, Tensor]:
        """A published state dict, float64, without the constants."""
        return {name: torch.from_numpy(weight) for name, weight in self._weights(layout, gain, factors, "*")}

    def _weights(
        self, shapes: Mapping[str, Shape], gain: float, factors: Factors, only: str
    ) -> Iterator[tuple[str, NDArray[np.float64]]]:
        # One at a time: the largest of them fill 100 MB.
        for name, shape in shapes.items():
            derived = name.endswith(("weight_u", "weight_v")) and name[:-1] + "orig" in shapes
            if derived or CONSTANT.search(name) or not fnmatch.fnmatchcase(name, only):
                continue
            weight = self._weight(name, tuple(shape), gain)
            weight *= math.prod(f for pattern, f in factors.items() if fnmatch.fnmatchcase(name, pattern))
            yield name, weight
            if name.endswith("weight_orig"):
                stem = name.removesuffix("orig")
                for end, vector in zip("uv", self._singular(stem + "u", weight), strict=True):
                    yield stem + end, vector

    def _weight(self, name: str, shape: tuple[int, ...], gain: float) -> NDArray[np.float64]:
        random, leaf = self.stream(name), name.rpartition(".")[2]
        if leaf == "running_var":
            return np.asarray(0.75 + 0.5 * random.random_sample(shape))
        drawn = np.asarray(random.standard_normal(shape))
        if leaf == "input" or leaf.startswith("noise_"):
            return drawn
        if leaf == "running_mean" or leaf == "bias" or leaf.startswith("bias_"):
            return np.asarray(0.1 * drawn)
        if leaf in ("gamma", "beta"):
            return np.asarray(0.3 * drawn)
        if leaf != "alpha" and not leaf.startswith("weight"):
            raise ValueError(f"no rule for the tensor {name!r} of shape {shape}")
        if leaf != "alpha" and len(shape) >= 2:
            drawn *= gain * math.sqrt(2.0 * shape[0] / math.prod(shape))
            return drawn
        return np.asarray(0.25 + 0.05 * drawn if "prelu" in name and leaf != "alpha" else 1 + 0.1 * drawn)

    def _singular(self, name: str, weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """First singular vectors by 50 power iterations, on the small square matrix, which is much less work."""
        matrix = weight.reshape(len(weight), -1)
        square, u = matrix @ matrix.T, self.stream(name).standard_normal(len(weight))
        for _ in range(49):
            u = square @ u
            u = u / np.linalg.norm(u)
        v = matrix.T @ u
        v = v / np.linalg.norm(v)
        u = matrix @ v
        return u / np.linalg.norm(u), v

    def uniform(self, name: str, shape: Shape, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Input, uniform in low..high, float64."""
        return torch.from_numpy(low + (high - low) * self.stream("input:" + name).random_sample(tuple(shape)))

    def normal(self, name: str, shape: Shape, scale: float = 1.0) -> Tensor:
        return torch.from_numpy(scale * self.stream("input:" + name).standard_normal(tuple(shape)))

    def image(self, name: str, count: int, size: int | tuple[int, int] = 128) -> Tensor:
        """Smooth pictures ``(count, 3, height, width)`` in 0..1: eight plane waves a channel, squeezed."""
        height, width = (size, size) if isinstance(size, int) else size
        return torch.from_numpy(
            _waves(self.stream("input:" + name).random_sample((count, 3, 8, 4)), height, width, 0.0)
        )

    def video(self, name: str, frames: int, size: int) -> NDArray[np.uint8]:
        """A picture ``(frames, size, size, 3)`` whose waves travel."""
        draw = self.stream("input:" + name).random_sample((3, 8, 4))
        speed = 0.1 * self.stream("input:" + name + ":speed").random_sample((3, 8)) - 0.05
        pictures = [_waves(draw, size, size, speed * t).transpose(1, 2, 0) for t in range(frames)]
        return np.floor(255 * np.stack(pictures) + 0.5).astype(np.uint8)

    def audio(self, name: str, samples: int, rate: int = 16000) -> NDArray[np.int16]:
        """Sound ``(samples,)``: eight sines of 80 to 4000 Hz that swell, and a little noise."""
        time = np.arange(samples) / rate
        value = 0.05 * self.stream("input:" + name + ":noise").standard_normal(samples)
        for pitch, phase, swell, strength in self.stream("input:" + name).random_sample((8, 4)):
            envelope = 0.5 + 0.5 * np.sin(2 * np.pi * ((1 + 7 * swell) * time + phase))
            # The order of the factors is part of the rule: rounding decides the last bit of a sample.
            loud = (0.3 + 0.7 * strength) * envelope
            value = value + 0.25 * loud * np.sin(2 * np.pi * (80 * 50**pitch * time + phase))
        return np.rint(np.clip(12000 * value, -32768, 32767)).astype(np.int16)

    def recorded(self, network: str) -> dict[str, NDArray[np.float64]]:
        """The golden file as it is: samples ``x``, ``x.shape``, ``x.stride``."""
        with np.load(self.golden / f"{network}.npz", allow_pickle=False) as file:
            return dict(file)

    def error(self, network: str, **outputs: Tensor | ArrayLike) -> float:
        """Largest difference from the recorded values over their largest magnitude; all outputs must be given."""
        golden = self.recorded(network)
        assert {name for name in golden if "." not in name} == set(outputs)
        worst = 0.0
        for name, output in outputs.items():
            values = np.asarray(output, dtype=np.float64)
            assert values.shape == tuple(golden[f"{name}.shape"])
            assert np.isfinite(values).all()
            found = values.reshape(-1)[:: int(golden[f"{name}.stride"])]
            worst = max(worst, float(np.abs(found - golden[name]).max() / max(np.abs(golden[name]).max(), 1e-300)))
        return worst

    def layout(self, network: str) -> dict[str, tuple[int, ...]]:
        """Name -> shape of all tensors of a published state dict, counters too."""
        lines = gzip.decompress((self.golden / "layout.txt.gz").read_bytes()).decode().splitlines()
        rows = (line.split(" ") for line in lines)
        return {name: tuple(int(n) for n in shape.split("x") if n) for owner, name, shape in rows if owner == network}


def _waves(
    draw: NDArray[np.float64], height: int, width: int, shift: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    cycles, phase, strength = 8 * draw[..., :2] - 4, 2 * np.pi * (draw[..., 2] + shift), 0.3 + 0.7 * draw[..., 3]
    angle = 2 * np.pi * (cycles[..., 0, None, None] * x + cycles[..., 1, None, None] * y[:, None])
    waves = (strength[..., None, None] * np.cos(angle + phase[..., None, None])).sum(axis=-3)
    return np.asarray(0.5 + 0.5 * np.tanh(waves / 1.5))
