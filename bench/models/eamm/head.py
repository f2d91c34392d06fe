"""Head poses as EAMM takes them: angles, scale and place of 3DDFA_V2, here from the suite's rigid fit of the face mesh.

EAMM reads ``yaw, pitch, roll, scale, x, y`` that 3DDFA_V2 finds in frames that were already cropped. Its axes point right,
up and out of the picture; its angles are those of ``R = Rz(roll) Ry(-yaw) Rx(pitch)`` in degrees: yaw > 0 turns towards the
left edge of the picture, pitch > 0 looks down, roll > 0 tilts against the clock. Scale and place are those inside the box of the
detected face, 120 pixels wide, so they follow how the head is turned and say nothing of where it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from bench.models.eamm.crop import Array, crop_matrix, first_face, points_68
from bench.models.eamm.one_euro import OneEuro
from metrics.rigid import head_pose

NUMBERS = 6
PITCH_SHIFT = -2.5
"""3DDFA_V2's pitch less the suite's: they do not agree on which face looks straight ahead."""
SCALE = 4.64e-4
X_STRAIGHT, X_YAW = 60.84, 0.372
Y_STRAIGHT, Y_PITCH = 69.17, 0.534
"""Place of a head that looks straight ahead, and pixels a degree. Means and lines through the poses that come with the
published code, by least squares (docs/baselines.md says how well they fit)."""
_CUTOFF, _BETA = 0.004, 0.7

_TO_3DDFA = np.diag([1.0, -1.0, -1.0])


def head_numbers(mesh: NDArray[np.float32], matrix: Array) -> Array:
    """The six numbers of frames that show a face, ``(T, 6)``.

    Args:
        mesh: ``(T, 478, 3)`` in pixels of the uncropped frames, all finite. matrix: ``(2, 3)``, the crop of all of them.
    """
    turned = np.eye(3)
    turned[:2, :2] = matrix[:, :2] / np.sqrt(np.linalg.det(matrix[:, :2]))
    rotation = _TO_3DDFA @ turned @ head_pose(mesh).rotation @ _TO_3DDFA
    pitch, against_yaw, roll = Rotation.from_matrix(rotation).as_euler("xyz", degrees=True).T
    yaw, pitch = -against_yaw, pitch + PITCH_SHIFT
    place = X_STRAIGHT + X_YAW * yaw, Y_STRAIGHT + Y_PITCH * pitch
    return np.stack([yaw, pitch, roll, np.full_like(yaw, SCALE), *place], axis=1)


def still_head(mesh: NDArray[np.float32], matrix: Array, frames: int) -> Array:
    """Poses ``(frames, 6)`` of a portrait's head, held. Mesh ``(478, 3)`` and crop of the portrait."""
    return np.repeat(head_numbers(mesh[None], matrix), frames, axis=0)


def followed_head(mesh: NDArray[np.float32], present: NDArray[np.bool_], frames: int) -> Array:
    """Poses ``(frames, 6)`` of a video at 25 frames a second, cropped where its first face lies, then smoothed.

    Frames without a face hold the last pose, or the first. A video that is too short runs forth and back.

    Args:
        mesh: ``(T, 478, 3)`` in pixels. present: ``(T,)``, which frames show a face.

    Raises:
        ValueError: no frame does, or the points of the first face lie on one spot.
    """
    matrix = crop_matrix(points_68(mesh[first_face(present)]))
    found = head_numbers(mesh[present], matrix)
    held = found[np.maximum(np.cumsum(present) - 1, 0)]
    return forth_and_back(smoothed(held), frames)


def smoothed(poses: Array) -> Array:
    """Poses ``(T, 6)`` through the recipe's filter."""
    smooth = OneEuro(_CUTOFF, _BETA, speed_from_filtered=True)
    return np.stack([smooth(row) for row in poses])


def forth_and_back(poses: Array, frames: int) -> Array:
    """As many poses ``(frames, 6)`` as a video has: those of a shorter one run forth and back, their ends shown twice."""
    number = np.arange(frames) % (2 * len(poses))
    return poses[np.where(number < len(poses), number, 2 * len(poses) - 1 - number)]
