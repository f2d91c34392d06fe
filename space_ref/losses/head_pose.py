"""Head pose supervision of face-vid2vid (arXiv 2011.15126, section 3.3), with measured angles for the teacher network.

Two sets of angles meet here. Ours: ``R = Ry(yaw) Rx(pitch) Rz(roll)``, pitch > 0 up, yaw > 0 to the right edge of the
image, roll > 0 clockwise. The model's: ``R = Rx(pitch) Ry(yaw) Rz(roll)``, each right-handed about its axis (x right, y
down, z away). The same rotation matrix has different angles in the two; losses compare the model's.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from space_ref.rotation import rotation_matrix
from space_ref.vid2vid.transform import BIN_DEGREES, FIRST_BIN, PUBLISHED_PI


def model_angles(angles: Tensor) -> Tensor:
    """Our pitch, yaw, roll ``(..., 3)`` in degrees -> the model's pitch, yaw, roll ``(..., 3)`` of the same rotation.

    The model's yaw lies in -90..90, the others in -180..180; its estimator can say -99..96. NaN stays NaN. Degrees are
    the model's own, in which 180 are 3.14 and not pi.
    """
    rotation = rotation_matrix(angles)
    pitch = torch.atan2(-rotation[..., 1, 2], rotation[..., 2, 2])
    yaw = torch.asin(rotation[..., 0, 2].clamp(-1, 1))
    roll = torch.atan2(-rotation[..., 0, 1], rotation[..., 0, 0])
    return torch.rad2deg(torch.stack([pitch, yaw, roll], dim=-1)) * (math.pi / PUBLISHED_PI)


def head_pose_loss(degrees: Tensor, measured: Tensor) -> Tensor:
    """L1 in degrees, summed over the three angles as published, mean over images with a face. Scalar.

    Args:
        degrees: ``(B, 3)`` the model's pitch, yaw, roll.
        measured: ``(B, 3)`` in our convention; NaN where there is no face.
    """
    target = model_angles(measured)
    return _mean_of_present((degrees - target.nan_to_num()).abs().sum(dim=-1), target)


def head_pose_bins_loss(logits: Tensor, measured: Tensor) -> Tensor:
    """Cross-entropy of the bins, summed over the three angles, mean over images with a face. Scalar, 0 and up.

    An angle is shared between the two bins around it, so that the target's expected value is the angle itself.

    Args:
        logits: ``(B, 3, bins)`` of the model's pitch, yaw, roll.
        measured: ``(B, 3)`` in our convention; NaN where there is no face.
    """
    target = model_angles(measured)
    place = ((target.nan_to_num() - FIRST_BIN) / BIN_DEGREES).clamp(0, logits.shape[-1] - 1).unsqueeze(-1)
    below = place.floor().clamp(max=logits.shape[-1] - 2)
    chances = logits.log_softmax(dim=-1).gather(-1, torch.cat([below, below + 1], dim=-1).long())
    share = place - below
    entropy = -(torch.cat([1 - share, share], dim=-1) * chances).sum(dim=(-1, -2))
    return _mean_of_present(entropy, target)


def _mean_of_present(values: Tensor, target: Tensor) -> Tensor:
    present = target.isfinite().all(dim=-1)
    return (values * present).sum() / present.sum().clamp(min=1)
