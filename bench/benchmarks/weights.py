"""Random weights in the files and under the names that authors publish: what a forward costs does not depend on their values."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from bench.assets import AssetStore, open_store
from bench.store import sha256_file
from metrics.features.emonet import EmoNet
from metrics.features.emotion_fan import EmotionFanNetwork
from metrics.features.inception import FidInception
from metrics.features.iresnet import IResNet
from metrics.features.s3fd import S3FD
from metrics.features.syncnet import SyncNet

MANIFEST = Path(__file__).resolve().parent.parent / "assets.yaml"
NOT_MADE = ("arcface_buffalo", "arcface_antelope", "hsemotion_b0", "dlib_landmarks_68")
"""Networks whose files are graphs or a library's own format, not state dicts: left out of the measurement."""


def random_weights(folder: Path, names: Collection[str] | None = None) -> None:
    """Write the state dicts of these assets, or all that can be made, below `folder`, for `opened` to take them for the published ones.

    The same folder serves as ``TORCH_HOME``: packages that fetch their weights find them there.
    """
    made = folder / "hub" / "checkpoints"
    made.mkdir(parents=True, exist_ok=True)
    entries: dict[str, dict[str, Any]] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    for number, (name, build) in enumerate(_networks().items()):
        if names is not None and name not in names:
            continue
        torch.manual_seed(number)
        state = _in_range(build(), _example(name)).state_dict()
        torch.save({"state_dict": state} if name == "emotion_fan" else state, made / entries[name]["file"])
        entries[name].pop("size", None)
        digest = sha256_file(made / entries[name]["file"])
        entries[name] |= {"manual": True, "note": "random", "sources": [], "sha256": digest}
    manifest = folder / "assets.yaml"
    manifest.write_text(yaml.safe_dump(entries), encoding="utf-8")


def opened(folder: Path) -> AssetStore:
    """The store of a folder that `random_weights` wrote."""
    usual = open_store()
    return AssetStore(usual.cache, folder / "assets.yaml", folder / "hub" / "checkpoints", usual.root)


def _networks() -> dict[str, Callable[[], nn.Module]]:
    from metrics.features.torchvision_ready import ready_torchvision

    ready_torchvision()
    from torchvision import models

    return {
        "inception_fid": FidInception,
        "lpips_alexnet": models.alexnet,
        "lpips_vgg16": lambda: _Features(models.vgg16().features),
        "lpips_squeezenet": lambda: _Features(models.squeezenet1_1().features),
        "syncnet_v2": SyncNet,
        "sfd_face": S3FD,
        "arcface_r100": lambda: IResNet("r100"),
        "arcface_r50": lambda: IResNet("r50"),
        "emonet_8": lambda: EmoNet(8),
        "emonet_5": lambda: EmoNet(5),
        "emotion_fan": EmotionFanNetwork,
    }


class _Features(nn.Module):
    """A trunk under the name that it has in torchvision's files, without the classifier that nobody runs."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.features(x)
        return out


def _example(name: str) -> tuple[int, ...]:
    """Shape of an input, by asset name."""
    side = {"inception_fid": 75, "arcface_r100": 112, "arcface_r50": 112, "emonet_8": 256, "emonet_5": 256}.get(
        name, 224
    )
    return (2, 3, side, side)


@torch.no_grad()
def _in_range(network: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """The network with numbers that neither vanish nor overflow in deep layers: either would change what a product costs."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None  # The mean over what passes.
    if norms:
        network.train()
        if isinstance(network, SyncNet):
            network.lips(torch.rand(2, 3, 5, 224, 224) * 255)
            network.sound(torch.randn(4, 1, 13, 20) * 10)
        else:
            network(torch.rand(shape))
    return network.eval()
