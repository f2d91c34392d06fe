"""LPIPS, the learned perceptual distance (Zhang et al. 2018), on AlexNet, VGG-16 or SqueezeNet 1.1.

Network and trained heads (version 0.1) are those of the package lpips; the ImageNet trunk is torchvision's file.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from metrics.base import FloatArray
from metrics.features.torchvision_ready import ready_torchvision
from metrics.features.weights import check_names, load_state

SMALLEST = 32
PIXELS_AT_ONCE = 4 * 256 * 256
"""Pairs of so many pixels go through the network together; larger batches only cost cache and memory."""


def build(kind: str, trunk: Path) -> nn.Module:
    """The package's ``LPIPS`` in evaluation mode with its own heads: ``(B, 3, H, W)`` twice, in -1..1 -> ``(B, 1, 1, 1)``.

    Args:
        kind: ``alex``, ``vgg`` or ``squeeze``. trunk: the state dict that torchvision publishes for that network.

    Raises:
        WeightsError: the file is damaged or belongs to another network.
    """
    return fill_lpips(empty(kind), kind, load_state(trunk), trunk)


def empty(kind: str) -> nn.Module:
    """The network without weights (its tensors take no memory yet), but for the constants that scale its input."""
    ready_torchvision()
    import lpips

    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")  # The package asks torchvision in a way that it calls deprecated.
        module: nn.Module = lpips.LPIPS(pretrained=False, net=kind, pnet_rand=True, verbose=False)
    return module


def fill_lpips(module: nn.Module, kind: str, trunk: Mapping[str, Tensor], path: Path) -> nn.Module:
    """Weights for `empty`: torchvision's `trunk`, the package's heads. Returns the module frozen, in evaluation mode.

    Raises:
        WeightsError: names or shapes in `trunk` are not the network's.
    """
    own = module.state_dict()
    wanted = {_published_name(key): tensor for key, tensor in own.items() if key.startswith("net.")}
    # The classifier behind the features is in the file and not in the network.
    given = {key: tensor for key, tensor in trunk.items() if not key.startswith("classifier.")}
    check_names(wanted, given, path, f"LPIPS {kind}")
    state = {key: given[_published_name(key)] for key in own if key.startswith("net.")}
    for key, tensor in _heads(kind).items():
        state[key] = state[key.replace("lin", "lins.")] = tensor
    scaling = {key: tensor for key, tensor in own.items() if key.startswith("scaling_layer.")}
    module.load_state_dict({**scaling, **state}, assign=True)
    return module.requires_grad_(False).eval()


def _published_name(key: str) -> str:
    """``net.slice2.3.weight`` -> ``features.3.weight``."""
    return re.sub(r"^net\.slice\d+\.", "features.", key)


def _heads(kind: str) -> dict[str, Tensor]:
    import lpips

    return load_state(Path(str(files(lpips))) / "weights" / "v0.1" / f"{kind}.pth")


class _Lpips:
    """What the three share: frames as they are, five times a second."""

    name: ClassVar[str]
    kind: ClassVar[str]
    assets: tuple[str, ...]
    per_second = 5.0

    def __init__(self, assets: Mapping[str, Path], device: str = "cpu") -> None:
        """Raises `WeightsError` where the trunk's file cannot be used."""
        self.device = device
        self.module = build(self.kind, assets[self.assets[0]]).float().to(device)

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "network": f"lpips 0.1.4, {self.kind}, version 0.1",
            "frames": "as they are, RGB / 127.5 - 1",
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Both frames: ``(2, H, W, 3)`` uint8.

        Raises:
            ValueError: frames of different sizes, or smaller than the network can take.
        """
        if frame.shape != reference.shape:
            raise ValueError(f"expected frames of one size, found {frame.shape} and {reference.shape}")
        if min(frame.shape[:2]) < SMALLEST:
            raise ValueError(
                f"frames of {frame.shape[1]}x{frame.shape[0]} are smaller than LPIPS can take ({SMALLEST})"
            )
        return np.stack([frame, reference])

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 2, H, W, 3)`` uint8 -> ``(B, 1)`` float32 distances, 0 and up."""
        if len(batch) == 0:
            return np.empty((0, 1), np.float32)
        step = max(1, PIXELS_AT_ONCE // (batch.shape[2] * batch.shape[3]))
        out = []
        with torch.inference_mode():
            for start in range(0, len(batch), step):
                part = torch.from_numpy(np.ascontiguousarray(batch[start : start + step])).to(self.device)
                x = part.permute(1, 0, 4, 2, 3).float() / 127.5 - 1.0
                out.append(self.module(x[0], x[1]).reshape(-1, 1).cpu().numpy())
        return np.concatenate(out)


class LpipsAlex(_Lpips):
    """`PairNetwork`: LPIPS on AlexNet."""

    name = "lpips_alex"
    kind = "alex"
    assets = ("lpips_alexnet",)


class LpipsVgg(_Lpips):
    """`PairNetwork`: LPIPS on VGG-16."""

    name = "lpips_vgg"
    kind = "vgg"
    assets = ("lpips_vgg16",)


class LpipsSqueeze(_Lpips):
    """`PairNetwork`: LPIPS on SqueezeNet 1.1."""

    name = "lpips_squeeze"
    kind = "squeeze"
    assets = ("lpips_squeezenet",)
