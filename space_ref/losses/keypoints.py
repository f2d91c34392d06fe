"""Priors and guidance of latent keypoints: face-vid2vid (arXiv 2011.15126, section 3.3) and LivePortrait (2407.03168).

Keypoints are ``(B, K, 3)`` in image coordinates -1..1, z away from the camera.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def keypoint_prior(keypoints: Tensor, distance: float = 0.1, depth: float = 0.33) -> Tensor:
    """Keeps keypoints apart and at a mean depth. Scalar, 0 and up.

    Args:
        keypoints: ``(B, K, 3)``.
        distance: squared distance below which a pair is pushed apart; summed over ordered pairs, as published, without
            the constant that a keypoint paired with itself would add.
        depth: where the mean of z should lie.
    """
    squared = (keypoints.unsqueeze(2) - keypoints.unsqueeze(1)).square().sum(dim=-1)
    others = ~torch.eye(keypoints.shape[1], dtype=torch.bool, device=keypoints.device)
    close = functional.relu(distance - squared) * others
    away = (keypoints[..., 2].mean(dim=1) - depth).abs()
    return close.sum(dim=(1, 2)).mean() + away.mean()


def deformation_prior(deformation: Tensor) -> Tensor:
    """Keeps expression small: L1 norm of ``(B, K * 3)`` deformations, mean over the batch. Scalar."""
    return deformation.abs().sum(dim=1).mean()


def landmark_guide(keypoints: Tensor, landmarks: Tensor) -> Tensor:
    """L1 between keypoints and the landmarks that guide them. Scalar; images without a face count nothing.

    Not in face-vid2vid: a choice here, after LivePortrait's landmark guidance. It ties a keypoint to a place of the
    face, so that a short training need not discover where motion happens.

    Args:
        keypoints: ``(B, K, 3)``. landmarks: ``(B, K, 3)`` in frame units, one a keypoint; NaN where there is no face.
    """
    present = landmarks.isfinite().all(dim=-1).all(dim=-1)
    offset = (keypoints - landmarks.nan_to_num()).abs().mean(dim=(1, 2))
    return (offset * present).sum() / present.sum().clamp(min=1)


def pair_guide(keypoints: Tensor, landmarks: Tensor, floor: float = 0.05) -> Tensor:
    """As `landmark_guide`, for the vector between every two keypoints, weighted by their nearness. Scalar.

    The opening of the lips is a few hundredths of the frame: in absolute places it drowns in the error of where the
    head is. Between two near keypoints it is all there is.

    Args:
        keypoints, landmarks: as there. floor: distance in frame units below which nearness counts no more.
    """
    present = landmarks.isfinite().all(dim=-1).all(dim=-1)
    landmarks = landmarks.nan_to_num()
    wanted = landmarks[:, :, None] - landmarks[:, None]
    made = keypoints[:, :, None] - keypoints[:, None]
    apart = torch.linalg.vector_norm(wanted, dim=-1, keepdim=True)
    offset = ((made - wanted).abs() / (apart + floor)).mean(dim=(1, 2, 3))
    return (offset * present).sum() / present.sum().clamp(min=1)
