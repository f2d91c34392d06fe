"""Facial landmarks: the named points that the networks see, and the head pose that is taken out of them and put back.

In: tracks of MediaPipe's 478 mesh points in frame units. Out: normalized landmarks of the subset and a `HeadPose`.
"""

from space_ref.landmarks.head_pose import (
    HeadPose,
    compose,
    extend,
    interpolate,
    pose_from_vector,
    pose_vector,
    relative,
)
from space_ref.landmarks.normalizer import Normalizer
from space_ref.landmarks.points import (
    GROUPS,
    LANDMARKS,
    POINTS,
    STABLE,
    SUBSET,
    frame_units,
    pixels,
    position,
    positions,
    select,
)

__all__ = [
    "GROUPS",
    "LANDMARKS",
    "POINTS",
    "STABLE",
    "SUBSET",
    "HeadPose",
    "Normalizer",
    "compose",
    "extend",
    "frame_units",
    "interpolate",
    "pixels",
    "pose_from_vector",
    "pose_vector",
    "position",
    "positions",
    "relative",
    "select",
]
