"""Rotations: Euler angles, matrices, and the shortest way from one to another.

Angles are in degrees, seen in the image: pitch > 0 looks up, yaw > 0 turns towards the right edge of the image, roll
> 0 tilts clockwise. ``R = Ry(yaw) Rx(pitch) Rz(roll)`` in image axes (x right, y down, z away from the camera), so yaw
and pitch alone say where the nose points.
"""

from __future__ import annotations

import torch
from torch import Tensor

LOCK = 1e-12
STRAIGHT = 1e-6


def rotation_matrix(angles: Tensor) -> Tensor:
    """``(..., 3)`` pitch, yaw, roll in degrees -> ``(..., 3, 3)``: the inverse of `rotation_angles`."""
    _check(angles, (3,), "angles")
    cp, cy, cr = torch.cos(torch.deg2rad(angles)).unbind(-1)
    sp, sy, sr = torch.sin(torch.deg2rad(angles)).unbind(-1)
    entries = [
        *(cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, -sy * cp),
        *(cp * sr, cp * cr, sp),
        *(sy * cr - cy * sp * sr, -sy * sr - cy * sp * cr, cy * cp),
    ]
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


def rotation_angles(rotation: Tensor) -> Tensor:
    """``(..., 3, 3)`` rotations -> ``(..., 3)`` pitch (-90..90), yaw and roll (-180..180) in degrees.

    Gradients are finite but at a pitch of exactly 90 degrees, where yaw and roll are one and the same turn.
    """
    _check(rotation, (3, 3), "rotation")
    ahead = rotation[..., 0, 2].square() + rotation[..., 2, 2].square()
    # Not arcsin, whose slope has no bound near 90 degrees and which is NaN where rounding goes beyond 1.
    pitch = torch.atan2(rotation[..., 1, 2], ahead.clamp(min=LOCK).sqrt())
    yaw = torch.atan2(-rotation[..., 0, 2], rotation[..., 2, 2])
    roll = torch.atan2(rotation[..., 1, 0], rotation[..., 1, 1])
    return torch.rad2deg(torch.stack([pitch, yaw, roll], dim=-1))


def slerp(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Part of the shortest turn from one rotation to another, at constant speed (Shoemake 1985).

    Args:
        start: ``(..., 3, 3)``. end: ``(..., 3, 3)``. share: ``(...)``, 0 gives `start`, 1 gives `end`.

    Returns:
        ``(..., 3, 3)``.
    """
    first, last = _quaternion(start), _quaternion(end)
    cosine = (first * last).sum(dim=-1, keepdim=True)
    # A quaternion and its negative are one rotation; the nearer one is the shorter way.
    last = torch.where(cosine < 0, -last, last)
    angle = torch.acos(cosine.abs().clamp(max=1))
    near = angle < STRAIGHT
    divisor = torch.where(near, torch.ones_like(angle), torch.sin(angle))
    share = share[..., None]
    left = torch.where(near, 1 - share, torch.sin((1 - share) * angle) / divisor)
    right = torch.where(near, share, torch.sin(share * angle) / divisor)
    return _matrix(torch.nn.functional.normalize(left * first + right * last, dim=-1))


def _quaternion(rotation: Tensor) -> Tensor:
    """``(..., 3, 3)`` -> unit quaternions ``(..., 4)``, w first; good for every angle (Shepperd 1978)."""
    _check(rotation, (3, 3), "rotation")
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in rotation.unbind(-2))
    # Four forms of the same quaternion, each multiplied by four times one of its parts: the largest divides best.
    forms = torch.stack(
        [
            torch.stack([1 + a + e + i, h - f, c - g, d - b], dim=-1),
            torch.stack([h - f, 1 + a - e - i, b + d, c + g], dim=-1),
            torch.stack([c - g, b + d, 1 - a + e - i, f + h], dim=-1),
            torch.stack([d - b, c + g, f + h, 1 - a - e + i], dim=-1),
        ],
        dim=-2,
    )
    best = forms.diagonal(dim1=-2, dim2=-1).argmax(dim=-1)
    chosen = forms.gather(-2, best[..., None, None].expand(*best.shape, 1, 4)).squeeze(-2)
    return torch.nn.functional.normalize(chosen, dim=-1)


def _matrix(quaternion: Tensor) -> Tensor:
    """Unit quaternions ``(..., 4)``, w first -> ``(..., 3, 3)``."""
    w, x, y, z = quaternion.unbind(-1)
    entries = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


def _check(tensor: Tensor, tail: tuple[int, ...], name: str) -> None:
    if tuple(tensor.shape[-len(tail) :]) != tail:
        wanted = ", ".join(map(str, tail))
        raise ValueError(f"{name}: expected shape (..., {wanted}), got {tuple(tensor.shape)}")
