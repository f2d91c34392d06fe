"""Head poses of a sequence, and what can be done with them: transfer, resample, extend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from space_ref.rotation import rotation_angles, rotation_matrix, slerp


@dataclass(frozen=True, eq=False)
class HeadPose:
    """Where a head is in T frames: ``posed = scale * R @ normalized + translation``. Missing frames are NaN.

    Attributes:
        rotation: ``(T, 3, 3)``, from the normalized face to the frame.
        translation: ``(T, 3)`` where the origin of normalized space lies (the middle between the outer eye corners),
            in frame units.
        scale: ``(T,)`` frame units per normalized unit, that is, per inter-ocular distance.

    Raises:
        ValueError: the shapes do not belong together.
    """

    rotation: Tensor
    translation: Tensor
    scale: Tensor

    def __post_init__(self) -> None:
        frames = tuple(self.scale.shape)
        if self.rotation.shape != (*frames, 3, 3) or self.translation.shape != (*frames, 3) or len(frames) != 1:
            shapes = ", ".join(str(tuple(part.shape)) for part in (self.rotation, self.translation, self.scale))
            raise ValueError(f"head pose: expected shapes (T, 3, 3), (T, 3), (T,), got {shapes}")

    def __len__(self) -> int:
        return len(self.scale)

    def __getitem__(self, frames: slice | Tensor) -> HeadPose:
        """Some of the frames: a slice, or frame numbers ``(N,)``, or a mask ``(T,)``."""
        return self._each(lambda part: part[frames])

    def to(self, target: torch.device | torch.dtype) -> HeadPose:
        """On another device or in another floating-point type."""
        return self._each(lambda part: part.to(target))

    @property
    def angles(self) -> Tensor:
        """``(T, 3)`` pitch, yaw, roll in degrees."""
        return rotation_angles(self.rotation)

    @property
    def present(self) -> Tensor:
        """``(T,)`` bool: frames that have a pose."""
        return torch.isfinite(self.scale)

    def fixed(self, frames: int) -> HeadPose:
        """Only the place and size of the first frame, for so many frames: nothing is rotated, nothing moves.

        With it, `Normalizer.normalize` leaves the motion of the head in the landmarks (the ablation without landmark
        normalization), and `Normalizer.pose` puts them back where they were.

        Raises:
            ValueError: the first frame has no pose.
        """
        if not len(self) or not bool(self.present[0]):
            raise ValueError("the first frame has no head pose: a fixed pose needs a portrait with a face")
        return HeadPose(
            torch.eye(3).to(self.rotation).expand(frames, 3, 3),
            self.translation[:1].expand(frames, 3),
            self.scale[:1].expand(frames),
        )

    def _each(self, change: Callable[[Tensor], Tensor]) -> HeadPose:
        return HeadPose(change(self.rotation), change(self.translation), change(self.scale))


def relative(pose: HeadPose, first: HeadPose) -> HeadPose:
    """The motion away from a first pose: turns in image axes, shifts in normalized units of `first`, scale ratio.

    Args:
        pose: T frames. first: one frame, or T.

    Returns:
        T frames; `compose` with `first` gives `pose` again, with another pose it gives the same motion to that head.
    """
    return HeadPose(
        pose.rotation @ first.rotation.mT,
        (pose.translation - first.translation) / first.scale[:, None],
        pose.scale / first.scale,
    )


def compose(motion: HeadPose, start: HeadPose) -> HeadPose:
    """A motion of `relative`, T frames, on top of a pose of one frame or T. The head turns about its own origin."""
    return HeadPose(
        motion.rotation @ start.rotation,
        start.translation + start.scale[:, None] * motion.translation,
        start.scale * motion.scale,
    )


def pose_vector(pose: HeadPose, first: HeadPose) -> Tensor:
    """What the pose network learns, ``(T, 6)``: pitch, yaw, roll in degrees (as they are, not relative), then the
    translation x, y, z away from `first` (one frame) in normalized units. Changes of scale are left out."""
    return torch.cat([pose.angles, (pose.translation - first.translation) / first.scale[:, None]], dim=-1)


def pose_from_vector(vector: Tensor, first: HeadPose) -> HeadPose:
    """``(T, 6)`` of `pose_vector` -> head poses with the scale of `first`."""
    translation = first.translation + first.scale[:, None] * vector[:, 3:]
    return HeadPose(rotation_matrix(vector[:, :3]), translation, first.scale.expand(len(vector)))


def interpolate(pose: HeadPose, fps: float, times: Tensor) -> HeadPose:
    """The pose at other times, for another frame rate for example.

    Rotations by `slerp`, translation and scale linearly; before the first and after the last frame the pose rests.
    Missing frames are bridged.

    Args:
        pose: frame k shows the time ``k / fps``. times: ``(N,)`` in seconds.

    Returns:
        N frames.

    Raises:
        ValueError: no frame has a pose, or fps is not positive.
    """
    if not fps > 0:
        raise ValueError(f"fps: expected more than 0, got {fps}")
    known = torch.nonzero(pose.present).flatten()
    if not len(known):
        raise ValueError("no frame has a head pose: choose a pose source that shows a face")
    numbers = known.double()
    wanted = (times.to(numbers) * fps).clamp(numbers[0], numbers[-1])
    after = torch.searchsorted(numbers, wanted).clamp(max=len(known) - 1)
    before = (after - 1).clamp(min=0)
    span = (numbers[after] - numbers[before]).clamp(min=1)
    share = ((wanted - numbers[before]) / span).to(pose.scale)
    left, right = pose[known[before]], pose[known[after]]
    return HeadPose(
        slerp(left.rotation, right.rotation, share),
        torch.lerp(left.translation, right.translation, share[:, None]),
        torch.lerp(left.scale, right.scale, share),
    )


def extend(pose: HeadPose, frames: int, how: Literal["mirror", "hold"] = "mirror") -> HeadPose:
    """Exactly so many frames of a pose source: cut if it is longer, else played on.

    Args:
        pose: at least one frame. frames: how many are needed.
        how: ``mirror`` plays it backwards and forwards in turn, without a jump; ``hold`` rests on the last frame.

    Raises:
        ValueError: there is nothing to extend, or another `how`.
    """
    if not len(pose):
        raise ValueError("the pose source has no frames: nothing to extend")
    number, last = torch.arange(frames, device=pose.scale.device), len(pose) - 1
    if how == "hold":
        return pose[number.clamp(max=last)]
    if how == "mirror":
        return pose[last - (number % max(2 * last, 1) - last).abs()]
    raise ValueError(f"how: expected 'mirror' or 'hold', got {how!r}")
