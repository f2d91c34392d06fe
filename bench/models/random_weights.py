"""Weights made of names: any network, filled without any file, with the same values everywhere."""

from __future__ import annotations

import math
import zlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_POWER_ITERATIONS = 20


@torch.no_grad()
def fill_by_name(network: nn.Module) -> None:
    """Draw every parameter, and what batch normalization knows of its data, from a stream seeded by the tensor's name.

    Matrices and kernels have variance 1 / fan-in, so signals keep their size through any depth; biases are small; scales
    of norm layers lie near 1, running means near 0, running variances near 1; slopes of PReLU and constant buffers (filters,
    position tables, counters) stay as they are. The vectors of spectral normalization are made to fit their matrix.

    The streams are `numpy.random.RandomState`'s, which NumPy has promised never to change.
    """
    state = network.state_dict()
    for place, module in network.named_modules():
        for leaf, parameter in module.named_parameters(recurse=False):
            if not isinstance(module, nn.PReLU):
                parameter.copy_(_parameter(f"{place}.{leaf}".lstrip("."), module, leaf, parameter))
        for leaf, buffer in module.named_buffers(recurse=False):
            name = f"{place}.{leaf}".lstrip(".")
            if leaf == "running_mean":
                buffer.copy_(_like(0.1 * _draw(name, buffer.shape), buffer))
            elif leaf == "running_var":
                buffer.copy_(_like(1 + 0.1 * _draw(name, buffer.shape), buffer))
    for name in state:
        if name.endswith("weight_u"):
            _fit_spectral(state, name.removesuffix("weight_u"))


def _parameter(name: str, module: nn.Module, leaf: str, parameter: Tensor) -> Tensor:
    drawn = _draw(name, parameter.shape)
    if parameter.ndim >= 2 and not leaf.startswith("bias"):
        shape = tuple(parameter.shape)
        fan_in: float = math.prod(shape[1:])
        if isinstance(module, _TRANSPOSED):
            # Each output meets only every stride-th tap of the kernel.
            fan_in = shape[0] * math.prod(shape[2:]) / math.prod(module.stride)
        return _like(drawn / math.sqrt(max(1.0, fan_in)), parameter)
    scale = leaf.startswith("weight") or leaf in ("gamma", "scale", "alpha")
    return _like(1 + 0.1 * drawn if scale else 0.1 * drawn, parameter)


def _draw(name: str, shape: torch.Size) -> NDArray[np.float64]:
    """Mean 0, variance 1, bounded: uniform numbers cost a fifth of normal ones."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    return np.asarray(math.sqrt(3) * (2 * random.random_sample(tuple(shape)) - 1))


def _like(values: NDArray[np.float64], tensor: Tensor) -> Tensor:
    return torch.from_numpy(values).to(tensor)


def _fit_spectral(state: dict[str, Tensor], stem: str) -> None:
    """First singular vectors of ``weight_orig``: with others, dividing by the singular value would blow the weights up."""
    weight = state[f"{stem}weight_orig"]
    matrix = weight.reshape(len(weight), -1)
    u = torch.ones_like(state[f"{stem}weight_u"])
    for _ in range(_POWER_ITERATIONS):
        v = nn.functional.normalize(matrix.T @ u, dim=0)
        u = nn.functional.normalize(matrix @ v, dim=0)
    state[f"{stem}weight_u"].copy_(u)
    state[f"{stem}weight_v"].copy_(v)
