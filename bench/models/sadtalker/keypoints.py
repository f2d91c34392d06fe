"""SadTalker's keypoints: face-vid2vid's arithmetic, but the head moves up and down only, and angles may be given."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from space_ref.vid2vid import HeadEstimate
from space_ref.vid2vid.transform import degrees, rotation


@dataclass(frozen=True, eq=False)
class Angles:
    """Head pose ``(B,)`` in degrees that stands in for the estimated one."""

    yaw: Tensor
    pitch: Tensor
    roll: Tensor


def transform_keypoints(
    canonical: Tensor, head: HeadEstimate, angles: Angles | None = None, expression: bool = True
) -> Tensor:
    """Canonical keypoints ``(1 or B, 15, 3)`` turned, moved and bent: ``(B, 15, 3)``.

    Args:
        head: of B frames; of its translation only y counts.
        angles: head pose that is given, or None for the one in `head`.
        expression: whether the keypoints are bent.
    """
    chosen = angles or Angles(degrees(head.yaw), degrees(head.pitch), degrees(head.roll))
    turned = canonical @ rotation(chosen.yaw, chosen.pitch, chosen.roll).mT
    moved = turned + (head.t * head.t.new_tensor([0, 1, 0]))[:, None]
    return moved + head.exp.unflatten(1, (-1, 3)) if expression else moved
