"""Taking the head pose out of landmarks, and putting one in: a similarity fit of a reference face."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from space_ref.landmarks.head_pose import HeadPose
from space_ref.landmarks.points import POINTS, STABLE, check_mesh


class Normalizer(nn.Module):
    """Normalized landmarks stand upright and look ahead, with the origin between the outer eye corners.

    Axes as in the image (x right, y down, z away). The unit is the inter-ocular distance of the reference face. It has
    no parameters; the reference travels with the weights as a buffer.

    Without normalization (an ablation of the paper), give ``fit(portrait).fixed(T)`` in place of ``fit(landmarks)``:
    place and size of the portrait are taken out, turning and moving of the head stay in the landmarks.

    Args:
        reference: ``(478, 3)`` a neutral face that looks ahead, in any unit, anywhere.

    Raises:
        ValueError: another shape, or not finite.
    """

    reference: Tensor

    def __init__(self, reference: Tensor) -> None:
        super().__init__()
        check_mesh(reference)
        if reference.dim() != 2 or not torch.isfinite(reference).all():
            raise ValueError(f"reference: expected one finite face (478, 3), got shape {tuple(reference.shape)}")
        right, left = reference[POINTS["right_eye_outer"]], reference[POINTS["left_eye_outer"]]
        self.register_buffer("reference", (reference - (left + right) / 2) / torch.linalg.vector_norm(left - right))

    def fit(self, landmarks: Tensor) -> HeadPose:
        """Pose of each frame on its own, from the `STABLE` points: least squares in float64 (Umeyama 1991).

        Args:
            landmarks: ``(T, 478, 3)`` in frame units, z included; frames without a face are NaN.

        Returns:
            T frames in the type of `landmarks`, NaN where a stable point is missing. Never a reflection.

        Raises:
            ValueError: another shape.
        """
        check_mesh(landmarks)
        stable = torch.tensor(STABLE, device=landmarks.device)
        source, targets = self.reference[stable].double(), landmarks[..., stable, :].double()
        found = torch.isfinite(targets).all(dim=-1).all(dim=-1)
        # The decomposition refuses NaN; what stands in for it is thrown away below.
        targets = torch.where(found[..., None, None], targets, source)
        centre, middle = source.mean(dim=0), targets.mean(dim=-2)
        centred = source - centre
        left, singular, right = torch.linalg.svd((targets - middle[..., None, :]).mT @ centred)
        signs = torch.ones_like(singular)
        signs[..., 2] = torch.linalg.det(left @ right).sign()
        rotation = (left * signs[..., None, :]) @ right
        scale = (singular * signs).sum(dim=-1) / centred.square().sum()
        translation = middle - scale[..., None] * (rotation @ centre)
        missing = torch.where(found, 0.0, torch.nan).to(scale)
        pose = HeadPose(rotation + missing[..., None, None], translation + missing[..., None], scale + missing)
        return pose.to(landmarks.dtype)

    @staticmethod
    def normalize(points: Tensor, pose: HeadPose) -> Tensor:
        """Posed points ``(T, N, 3)`` in frame units -> normalized ``(T, N, 3)``; NaN where there is no pose."""
        return ((points - pose.translation[:, None]) @ pose.rotation) / pose.scale[:, None, None]

    @staticmethod
    def pose(points: Tensor, pose: HeadPose) -> Tensor:
        """Normalized points ``(T, N, 3)`` -> posed, in frame units: the inverse of `normalize`."""
        return points @ pose.rotation.mT * pose.scale[:, None, None] + pose.translation[:, None]
