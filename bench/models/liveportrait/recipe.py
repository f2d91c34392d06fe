"""What LivePortrait's script does with its networks: relative motion, stitching, drawing; pictures in, crops out.

Published defaults of ``inference.py``. Of these the scale of motion (``expression-friendly``) compares the source with the first
driven frame; with a still portrait the two are the same keypoints, so it is 1 and left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.models.inference.vid2vid import drawing
from bench.models.liveportrait.crop import INPUT_SIZE
from bench.models.liveportrait.drawing import AppearanceExtractor, Decoder, WarpingNetwork
from bench.models.liveportrait.keypoints import KEYPOINTS, Shape, shape
from bench.models.liveportrait.motion import MotionExtractor
from space_ref.vid2vid.inference import freeze

LIPS_APART = 0.03
"""Lips that are less open are left as they are."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Networks:
    """All networks on one device; `lips` closes the mouth of a portrait, None where that is not asked for."""

    appearance: AppearanceExtractor
    motion: MotionExtractor
    warping: WarpingNetwork
    decoder: nn.Module
    stitching: nn.Module
    lips: nn.Module | None

    def for_inference(self) -> Networks:
        """The same networks in the form that draws: equal outputs but for rounding. These ones are used up."""
        assert isinstance(self.decoder, Decoder)
        freeze(self.appearance)
        return replace(self, warping=drawing(self.warping), decoder=self.decoder.for_inference())

    @property
    def device(self) -> torch.device:
        return next(self.appearance.parameters()).device


@dataclass(frozen=True, eq=False)
class Source:
    """A portrait as the networks see it: made once, used for every frame.

    Attributes:
        feature: ``(1, 32, 16, 64, 64)``. shape: of one picture. keypoints: ``(1, 21, 3)``.
        closing: ``(1, 21, 3)`` what closes its lips, or None.
    """

    feature: Tensor
    shape: Shape
    keypoints: Tensor
    closing: Tensor | None


@torch.inference_mode()
def make_source(networks: Networks, crop: Picture, lips: float) -> Source:
    """Make a portrait ready.

    Args:
        crop: ``(256, 256, 3)``. lips: how far they are apart, of the mouth's width; see `crop.lip_opening`.
    """
    picture = _tensor([crop], networks.device)
    seen = shape(networks.motion(picture))
    keypoints, closing = seen.keypoints, None
    if networks.lips is not None and lips >= LIPS_APART:
        wanted = keypoints.new_tensor([[lips, 0.0]])
        closing = networks.lips(torch.cat([keypoints.flatten(1), wanted], dim=1)).unflatten(1, (KEYPOINTS, 3))
    return Source(networks.appearance(picture), seen, keypoints, closing)


@torch.inference_mode()
def animate(networks: Networks, source: Source, frames: Iterable[Picture], batch: int) -> Iterator[Picture]:
    """Crops ``(512, 512, 3)`` that do what the frames of a square video do since the first of them; `batch` at a time."""
    first: Shape | None = None
    for some in _batches(frames, batch):
        seen = shape(networks.motion(_tensor([_small(frame) for frame in some], networks.device)))
        first = first or seen.frame(0)
        driven = stitched(networks.stitching, source.keypoints, relative(source.shape, seen, first).keypoints)
        if source.closing is not None:
            driven = driven + source.closing
        made = networks.decoder(networks.warping(source.feature, driven, source.keypoints).out)
        yield from made.mul(255).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def relative(source: Shape, driving: Shape, first: Shape) -> Shape:
    """The source, changed as the driving face has changed since its first frame."""
    return Shape(
        canonical=source.canonical,
        rotation=driving.rotation @ first.rotation.mT @ source.rotation,
        exp=source.exp + driving.exp - first.exp,
        scale=source.scale * (driving.scale / first.scale),
        t=source.t + driving.t - first.t,
    )


def stitched(head: nn.Module, source: Tensor, driving: Tensor) -> Tensor:
    """Driving keypoints ``(B, 21, 3)``, corrected so that shoulders and border stay where they are in the portrait."""
    pair = torch.cat([source.expand(len(driving), -1, -1).flatten(1), driving.flatten(1)], dim=1)
    moved = head(pair)
    shift = nn.functional.pad(moved[:, None, 3 * KEYPOINTS :], (0, 1))
    return driving + moved[:, : 3 * KEYPOINTS].unflatten(1, (KEYPOINTS, 3)) + shift


def _batches(frames: Iterable[Picture], size: int) -> Iterator[list[Picture]]:
    held: list[Picture] = []
    for frame in frames:
        held.append(frame)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def _small(frame: Picture) -> Picture:
    return np.asarray(cv2.resize(frame, (INPUT_SIZE, INPUT_SIZE)), np.uint8)


def _tensor(pictures: list[Picture], device: torch.device) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2).float() / 255
