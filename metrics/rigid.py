"""Where a head is and how it is turned: a similarity fit of the canonical face to the stable points of a mesh.

Angles are in degrees, seen in the image: pitch > 0 looks up, yaw > 0 turns towards the right edge of the image, roll
> 0 tilts clockwise. Zero is the canonical face looking into the camera. ``R = Ry(yaw) Rx(pitch) Rz(roll)`` in image
axes (x right, y down, z away), so yaw and pitch alone say where the nose points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.features.canonical import STABLE, canonical_face

RIGID_PROTOCOL: dict[str, Any] = {
    "canonical": "symmetric mean of real faces, pitch zero: points 10 and 152 equally deep; revision 1",
    "fit": "similarity (Umeyama 1991) of 25 points: nose bridge, eye corners, forehead, temples; each frame alone",
    "angles": "degrees; R = Ry(yaw) Rx(pitch) Rz(roll); pitch up, yaw to image right, roll clockwise",
}

_INDEX = np.array(STABLE)


@dataclass(frozen=True)
class Pose:
    """Head pose of each frame; rows of frames without a face are NaN.

    Attributes:
        angles: ``(T, 3)`` pitch, yaw, roll in degrees.
        rotation: ``(T, 3, 3)``, from the canonical face to the image.
        origin: ``(T, 3)`` midpoint of the outer eye corners of the fitted face, in pixels. Its z is MediaPipe's
            relative depth and says little; distance from the camera shows in `scale`.
        scale: ``(T,)`` inter-ocular distance of the fitted face in pixels, as if it looked at the camera.
    """

    angles: NDArray[np.float64]
    rotation: NDArray[np.float64]
    origin: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def unit(self) -> float:
        """Inter-ocular distance of the clip in pixels: the median of `scale` over frames with a face."""
        return float(np.nanmedian(self.scale)) if np.any(np.isfinite(self.scale)) else float("nan")

    @property
    def translation(self) -> NDArray[np.float64]:
        """``(T, 3)`` `origin` in inter-ocular distances of the clip, from the top left corner of the frame."""
        return self.origin / self.unit


def head_pose(landmarks: NDArray[np.floating]) -> Pose:
    """Fit the canonical face to every frame, each on its own.

    Args:
        landmarks: ``(T, 478, 3)`` in pixels, z included; NaN rows where there is no face.
    """
    points = np.asarray(landmarks, dtype=np.float64)[:, _INDEX]
    found = np.all(np.isfinite(points), axis=(1, 2))
    count = len(points)
    rotation, origin, scale = np.full((count, 3, 3), np.nan), np.full((count, 3), np.nan), np.full(count, np.nan)
    if np.any(found):
        rotation[found], origin[found], scale[found] = fit_similarity(canonical_face()[_INDEX], points[found])
    return Pose(rotation_angles(rotation), rotation, origin, scale)


def fit_similarity(
    source: NDArray[np.float64], targets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Least-squares ``target = scale * R @ source + t`` (Umeyama 1991), for many targets at once.

    Args:
        source: ``(P, 3)``. targets: ``(T, P, 3)``, finite.

    Returns:
        rotations ``(T, 3, 3)`` without reflection, translations ``(T, 3)``, scales ``(T,)``.
    """
    source_mean, target_means = source.mean(axis=0), targets.mean(axis=1)
    centred = source - source_mean
    covariance = np.einsum("tpi,pj->tij", targets - target_means[:, None], centred)
    left, singular, right = np.linalg.svd(covariance)
    signs = np.ones_like(singular)
    signs[:, 2] = np.sign(np.linalg.det(left @ right))
    rotations = (left * signs[:, None]) @ right
    scales = np.sum(singular * signs, axis=1) / np.sum(centred**2)
    return rotations, target_means - scales[:, None] * (rotations @ source_mean), scales


def rotation_angles(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(..., 3, 3)`` rotations -> ``(..., 3)`` pitch (-90..90), yaw and roll (-180..180) in degrees."""
    pitch = np.arcsin(np.clip(rotation[..., 1, 2], -1, 1))
    yaw = np.arctan2(-rotation[..., 0, 2], rotation[..., 2, 2])
    roll = np.arctan2(rotation[..., 1, 0], rotation[..., 1, 1])
    return np.degrees(np.stack([pitch, yaw, roll], axis=-1))


def rotation_matrix(angles: NDArray[np.floating]) -> NDArray[np.float64]:
    """``(..., 3)`` pitch, yaw, roll in degrees -> ``(..., 3, 3)``: the inverse of `rotation_angles`."""
    radians = np.radians(np.asarray(angles, dtype=np.float64))
    (cp, cy, cr), (sp, sy, sr) = np.moveaxis(np.cos(radians), -1, 0), np.moveaxis(np.sin(radians), -1, 0)
    rows = [
        [cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, -sy * cp],
        [cp * sr, cp * cr, sp],
        [sy * cr - cy * sp * sr, -sy * sr - cy * sp * cr, cy * cp],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def frontal(landmarks: NDArray[np.floating], pose: Pose | None = None) -> NDArray[np.float64]:
    """Landmarks with the head pose taken out: canonical axes, unit and origin.

    Args:
        landmarks: ``(T, 478, 3)`` in pixels. pose: its `head_pose`, if at hand.

    Returns:
        ``(T, 478, 3)``, NaN where there is no face.
    """
    pose = pose or head_pose(landmarks)
    moved = np.asarray(landmarks, dtype=np.float64) - pose.origin[:, None]
    return (moved @ pose.rotation) / pose.scale[:, None, None]
