"""From canonical keypoints, head pose and expression to keypoints: ``x = R x_c + t + exp`` (arXiv 2011.15126, section 3.1).

The arithmetic is the public reimplementation's, to the digit: bins of 3 degrees from -99, and 3.14 for pi. Its weights
were trained with it, and a second arithmetic beside it would only invite mixing them. Angles here are the networks' own
(``R = pitch * yaw * roll``, each the usual right-handed rotation about x, y, z), not those of `space_ref.rotation`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from space_ref.vid2vid.head_pose import HeadEstimate

BIN_DEGREES = 3
FIRST_BIN = -99
PUBLISHED_PI = 3.14


def degrees(logits: Tensor) -> Tensor:
    """Expected angle of logits over bins: ``(B, bins) -> (B,)`` degrees."""
    bins = torch.arange(logits.shape[-1], dtype=logits.dtype, device=logits.device)
    return (torch.softmax(logits, dim=-1) * bins).sum(dim=-1) * BIN_DEGREES + FIRST_BIN


def rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Angles ``(B,)`` in degrees -> ``(B, 3, 3)``, pitch (about x) times yaw (about y) times roll (about z)."""
    about = [angle / 180 * PUBLISHED_PI for angle in (pitch, yaw, roll)]
    (cp, cy, cr), (sp, sy, sr) = [torch.cos(a) for a in about], [torch.sin(a) for a in about]
    rows = [
        [cy * cr, -cy * sr, sy],
        [cp * sr + sp * sy * cr, cp * cr - sp * sy * sr, -sp * cy],
        [sp * sr - cp * sy * cr, sp * cr + cp * sy * sr, cp * cy],
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def transform_keypoints(canonical: Tensor, head: HeadEstimate) -> Tensor:
    """Canonical keypoints ``(1 or B, K, 3)`` turned, moved and bent as `head` of B pictures says: ``(B, K, 3)``."""
    matrix = rotation(degrees(head.yaw), degrees(head.pitch), degrees(head.roll))
    # Sums of products, here and above: autocast would round a matrix product to its few digits.
    turned = (canonical[:, :, None] * matrix[:, None]).sum(dim=-1)
    return turned + head.t[:, None] + head.exp.unflatten(1, (-1, 3))
