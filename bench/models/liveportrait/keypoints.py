"""LivePortrait's 21 implicit keypoints: ``x = s (x_c R + exp) + t`` (arXiv 2407.03168, equation 2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from bench.models.liveportrait.motion import Motion

KEYPOINTS = 21
BIN_DEGREES = 3
FIRST_BIN = -97.5
"""face-vid2vid says -99 here, and 3.14 for pi: close relatives, but not the same arithmetic."""


@dataclass(frozen=True, eq=False)
class Shape:
    """Where the keypoints of B pictures are, taken apart.

    Attributes:
        canonical: ``(B, 21, 3)``. rotation: ``(B, 3, 3)``, multiplied from the right. exp: ``(B, 21, 3)``.
        scale: ``(B, 1, 1)``. t: ``(B, 1, 3)``, of which only x and y are used.
    """

    canonical: Tensor
    rotation: Tensor
    exp: Tensor
    scale: Tensor
    t: Tensor

    @property
    def keypoints(self) -> Tensor:
        """``(B, 21, 3)`` x, y, z."""
        flat = self.t * self.t.new_tensor([1, 1, 0])
        return self.scale * (self.canonical @ self.rotation + self.exp) + flat

    def frame(self, index: int) -> Shape:
        """That of one picture."""
        one = slice(index, index + 1)
        return Shape(self.canonical[one], self.rotation[one], self.exp[one], self.scale[one], self.t[one])


def shape(motion: Motion) -> Shape:
    """The extractor's numbers as geometry."""
    turned = rotation(degrees(motion.pitch), degrees(motion.yaw), degrees(motion.roll))
    return Shape(
        canonical=motion.kp.unflatten(1, (-1, 3)),
        rotation=turned,
        exp=motion.exp.unflatten(1, (-1, 3)),
        scale=motion.scale[:, None],
        t=motion.t[:, None],
    )


def degrees(logits: Tensor) -> Tensor:
    """Expected angle of logits over bins: ``(B, 66) -> (B,)``."""
    bins = torch.arange(logits.shape[-1], dtype=logits.dtype, device=logits.device)
    return (torch.softmax(logits, dim=-1) * bins).sum(dim=-1) * BIN_DEGREES + FIRST_BIN


def rotation(pitch: Tensor, yaw: Tensor, roll: Tensor) -> Tensor:
    """Angles ``(B,)`` in degrees -> ``(B, 3, 3)``: the transpose of roll (about z) times yaw (y) times pitch (x)."""
    about = [angle * (math.pi / 180) for angle in (pitch, yaw, roll)]
    (cp, cy, cr), (sp, sy, sr) = [torch.cos(a) for a in about], [torch.sin(a) for a in about]
    columns = [
        [cr * cy, cr * sy * sp - sr * cp, cr * sy * cp + sr * sp],
        [sr * cy, sr * sy * sp + cr * cp, sr * sy * cp - cr * sp],
        [-sy, cy * sp, cy * cp],
    ]
    return torch.stack([torch.stack(column, dim=-1) for column in columns], dim=-1)
