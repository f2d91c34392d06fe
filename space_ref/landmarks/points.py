"""Named groups of MediaPipe's 478 mesh points, the subset that the networks see, and frame units.

Left and right are the person's own: the right eye is on the left of the picture. Indices as in the
``FACEMESH_*`` connection sets of MediaPipe's face mesh.
"""

from __future__ import annotations

from types import MappingProxyType

import torch
from torch import Tensor

LANDMARKS = 478

GROUPS = MappingProxyType(
    {
        "lips_outer": (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
        "lips_inner": (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95),
        "right_eye": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
        "left_eye": (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
        "right_iris": (468, 469, 470, 471, 472),
        "left_iris": (473, 474, 475, 476, 477),
        "right_brow": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
        "left_brow": (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
        "contour": (
            *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
            *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
        ),
        "nose": (168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 64, 294),
    }
)
"""Mesh indices by group, without overlap.

Lips: closed, from the right corner over the upper lip to the left corner, back along the lower lip; point k lies over
point 20 - k. Eyes: closed, from the outer corner over the upper lid to the inner corner, back along the lower lid;
point k lies over point 16 - k. Irises: centre, then the rim. Brows: upper edge from temple to nose, lower edge back.
Contour: closed, from the forehead down the left side to the chin (its 18th), up the right side. Nose: bridge downwards,
tip (4, 1), base (2), nostrils, wings."""

SUBSET: tuple[int, ...] = tuple(index for group in GROUPS.values() for index in group)
"""The P = 150 mesh points that the networks see, group after group."""

POINTS = MappingProxyType(
    {
        "upper_outer_lip": 0,
        "upper_inner_lip": 13,
        "lower_inner_lip": 14,
        "lower_outer_lip": 17,
        "right_mouth_corner": 61,
        "left_mouth_corner": 291,
        "right_eye_outer": 33,
        "right_eye_inner": 133,
        "right_upper_lid": 159,
        "right_lower_lid": 145,
        "right_iris": 468,
        "left_eye_outer": 263,
        "left_eye_inner": 362,
        "left_upper_lid": 386,
        "left_lower_lid": 374,
        "left_iris": 473,
        "nose_tip": 4,
        "forehead": 10,
        "chin": 152,
    }
)
"""Mesh indices of single points of the subset. Lips and lids: their middles."""

STABLE = (
    *(168, 6, 197, 195, 5),  # nose bridge
    *(33, 133, 263, 362),  # eye corners
    *(10, 151, 67, 297, 109, 338, 103, 332),  # forehead
    *(54, 284, 21, 251, 162, 389, 127, 356),  # temples
)
"""Mesh points that hardly move with speech or expression; the head pose is fitted to them."""

_PLACE = {index: place for place, index in enumerate(SUBSET)}


def positions(group: str) -> tuple[int, ...]:
    """Where the points of a group lie in `SUBSET`, in the order of the group.

    Raises:
        ValueError: there is no such group.
    """
    if group not in GROUPS:
        raise ValueError(f"there is no group {group!r} of landmarks: choose of {', '.join(GROUPS)}")
    return tuple(_PLACE[index] for index in GROUPS[group])


def position(point: str) -> int:
    """Where a single point of `POINTS` lies in `SUBSET`.

    Raises:
        ValueError: there is no such point.
    """
    if point not in POINTS:
        raise ValueError(f"there is no landmark {point!r}: choose of {', '.join(POINTS)}")
    return _PLACE[POINTS[point]]


def select(landmarks: Tensor) -> Tensor:
    """The subset of the mesh: ``(..., 478, 3)`` -> ``(..., P, 3)``.

    Raises:
        ValueError: another shape.
    """
    check_mesh(landmarks)
    return landmarks[..., torch.tensor(SUBSET, device=landmarks.device), :]


def frame_units(landmarks: Tensor, side: int) -> Tensor:
    """Pixels of a square frame -> frame units: the frame is [-1, 1], z is measured with the same unit.

    Args:
        landmarks: ``(..., 3)`` x, y, z in pixels. side: width and height of the frame in pixels.
    """
    return landmarks * (2 / side) - landmarks.new_tensor([1, 1, 0])


def pixels(landmarks: Tensor, side: int) -> Tensor:
    """Frame units ``(..., 3)`` -> pixels of a square frame: the inverse of `frame_units`."""
    return (landmarks + landmarks.new_tensor([1, 1, 0])) * (side / 2)


def check_mesh(landmarks: Tensor) -> None:
    """Raises:
    ValueError: these are not ``(..., 478, 3)`` landmarks.
    """
    if landmarks.shape[-2:] != (LANDMARKS, 3):
        raise ValueError(f"landmarks: expected shape (..., {LANDMARKS}, 3), got {tuple(landmarks.shape)}")
