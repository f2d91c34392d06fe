"""S3FD, the face detector that SyncNet's pipeline uses (Zhang et al., ICCV 2017): six maps of scores and box offsets.

One network is published under two namings, and the two files were trained for slightly different ones:

- ``s3fd-619a316812.pth`` (face_alignment, Wav2Lip's ``s3fd.pth``): ``conv1_1.weight`` ...; its ``fc6`` pads 3; BGR input.
- ``sfd_face.pth`` (syncnet_python): ``vgg.0.weight`` ...; its ``fc6`` is dilated by 6, the third pooling rounds up; RGB input.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from metrics.features.weights import fill, load_state

Variant = Literal["face-alignment", "syncnet"]

MEAN_BGR = (104.0, 117.0, 123.0)
VGG = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
HEADS = (
    ("conv3_3_norm", 256, 4),
    ("conv4_3_norm", 512, 2),
    ("conv5_3_norm", 512, 2),
    ("fc7", 1024, 2),
    ("conv6_2", 512, 2),
    ("conv7_2", 256, 2),
)
"""Where scores and boxes are read off: layer, its channels, its scores. Their strides are 4, 8, ... 128 pixels."""


class FaceMaps(NamedTuple):
    """Raw outputs by scale, finest first: scores ``(B, 2, h, w)`` (background, face), offsets ``(B, 4, h, w)``."""

    scores: tuple[Tensor, ...]
    offsets: tuple[Tensor, ...]


class L2Norm(nn.Module):
    """Each place's channels brought to unit length, then scaled per channel."""

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), scale))

    def forward(self, x: Tensor) -> Tensor:
        norm = x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10
        return x / norm * self.weight[:, None, None]


class S3FD(nn.Module):
    """The network, its tensors named as in face_alignment's file."""

    def __init__(self, variant: Variant = "face-alignment") -> None:
        super().__init__()
        self.variant = variant
        inputs = 3
        for stage, widths in enumerate(VGG, start=1):
            for k, width in enumerate(widths, start=1):
                self.add_module(f"conv{stage}_{k}", nn.Conv2d(inputs, width, 3, padding=1))
                inputs = width
        dilated = variant == "syncnet"
        self.fc6 = nn.Conv2d(512, 1024, 3, padding=6 if dilated else 3, dilation=6 if dilated else 1)
        self.fc7 = nn.Conv2d(1024, 1024, 1)
        self.conv6_1 = nn.Conv2d(1024, 256, 1)
        self.conv6_2 = nn.Conv2d(256, 512, 3, 2, padding=1)
        self.conv7_1 = nn.Conv2d(512, 128, 1)
        self.conv7_2 = nn.Conv2d(128, 256, 3, 2, padding=1)
        self.conv3_3_norm = L2Norm(256, 10.0)
        self.conv4_3_norm = L2Norm(512, 8.0)
        self.conv5_3_norm = L2Norm(512, 5.0)
        for layer, channels, scores in HEADS:
            self.add_module(f"{layer}_mbox_conf", nn.Conv2d(channels, scores, 3, padding=1))
            self.add_module(f"{layer}_mbox_loc", nn.Conv2d(channels, 4, 3, padding=1))

    def forward(self, x: Tensor) -> FaceMaps:
        """Pictures ``(B, 3, H, W)`` in 0..255 less the mean; channels as the file's own code has them (`mean_subtracted`)."""
        layers = []
        for stage, widths in enumerate(VGG, start=1):
            for k in range(1, len(widths) + 1):
                x = functional.relu(getattr(self, f"conv{stage}_{k}")(x))
            if stage >= 3:
                layers.append(getattr(self, f"conv{stage}_3_norm")(x))
            x = functional.max_pool2d(x, 2, ceil_mode=stage == 3 and self.variant == "syncnet")
        x = functional.relu(self.fc7(functional.relu(self.fc6(x))))
        layers.append(x)
        for first, second in ((self.conv6_1, self.conv6_2), (self.conv7_1, self.conv7_2)):
            x = functional.relu(second(functional.relu(first(x))))
            layers.append(x)
        scores = [getattr(self, f"{name}_mbox_conf")(y) for y, (name, _, _) in zip(layers, HEADS, strict=True)]
        offsets = [getattr(self, f"{name}_mbox_loc")(y) for y, (name, _, _) in zip(layers, HEADS, strict=True)]
        # The finest map has three scores for the background, and the strongest counts (the paper's max-out).
        scores[0] = torch.cat([scores[0][:, :3].amax(dim=1, keepdim=True), scores[0][:, 3:]], dim=1)
        return FaceMaps(tuple(scores), tuple(offsets))

    def mean_subtracted(self, rgb: Tensor) -> Tensor:
        """Pictures ``(B, 3, H, W)`` RGB 0..255 -> what `forward` takes for this variant's file."""
        bgr_mean = torch.tensor(MEAN_BGR, dtype=rgb.dtype, device=rgb.device)[:, None, None]
        return rgb - bgr_mean.flip(0) if self.variant == "syncnet" else rgb.flip(1) - bgr_mean


def _syncnet_names() -> dict[str, str]:
    """Stem of a layer in ``sfd_face.pth`` -> its stem here."""
    names, at = {}, 0
    for stage, widths in enumerate(VGG, start=1):
        for k in range(1, len(widths) + 1):
            names[f"vgg.{at}"] = f"conv{stage}_{k}"
            at += 2  # a ReLU in between
        at += 1  # pooling
    names[f"vgg.{at}"], names[f"vgg.{at + 2}"] = "fc6", "fc7"
    for k, layer in enumerate(("conv6_1", "conv6_2", "conv7_1", "conv7_2")):
        names[f"extras.{k}"] = layer
    for layer in ("3_3", "4_3", "5_3"):
        names[f"L2Norm{layer}"] = f"conv{layer}_norm"
    for k, (layer, _, _) in enumerate(HEADS):
        names[f"conf.{k}"], names[f"loc.{k}"] = f"{layer}_mbox_conf", f"{layer}_mbox_loc"
    return names


def from_syncnet_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of ``sfd_face.pth`` under the names of `S3FD`; names that it does not know stay as they are."""
    known = _syncnet_names()
    renamed = {}
    for name, value in state.items():
        stem, _, leaf = name.rpartition(".")
        renamed[f"{known.get(stem, stem)}.{leaf}"] = value
    return renamed


def load_s3fd(path: Path, device: str = "cpu") -> S3FD:
    """The network of either published file, told by its tensor names; frozen, in evaluation mode.

    Raises:
        WeightsError: the file cannot be read as weights, or belongs to another network: the names that differ are listed.
    """
    state = load_state(path)
    renamed = any(name.startswith("vgg.") for name in state)
    network = S3FD("syncnet" if renamed else "face-alignment")
    fill(network, from_syncnet_names(state) if renamed else state, path, device)
    return network
