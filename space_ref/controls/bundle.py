"""All controls of one film together, and where they are applied."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from space_ref.controls.eyes import Blink, Gaze, close_lids, turn_eyes
from space_ref.controls.mouth import check_factor, open_mouth
from space_ref.landmarks import SUBSET, HeadPose, compose
from space_ref.rotation import rotation_matrix

SCALE_RANGE = (0.25, 4.0)


@dataclass(frozen=True)
class Placement:
    """A head pose on top of the one that was predicted or transferred. The default changes nothing.

    Attributes:
        angles: pitch, yaw, roll in degrees, in image axes, -180..180.
        translation: x right, y down, z away, in inter-ocular distances.
        scale: how much larger the head appears, 0.25..4.

    Raises:
        ValueError: a value is out of range.
    """

    angles: tuple[float, float, float] = (0.0, 0.0, 0.0)
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float = 1.0

    def __post_init__(self) -> None:
        if len(self.angles) != 3 or not all(abs(angle) <= 180 for angle in self.angles):
            raise ValueError(f"placement angles: expected pitch, yaw, roll of -180 to 180 degrees, got {self.angles}")
        if len(self.translation) != 3 or not all(math.isfinite(part) for part in self.translation):
            raise ValueError(f"placement translation: expected finite x, y, z, got {self.translation}")
        if not SCALE_RANGE[0] <= self.scale <= SCALE_RANGE[1]:
            raise ValueError(f"placement scale: expected {SCALE_RANGE[0]:g} to {SCALE_RANGE[1]:g}, got {self.scale}")

    def apply(self, pose: HeadPose) -> HeadPose:
        """T frames -> T frames."""
        like = pose.scale
        motion = HeadPose(
            rotation_matrix(torch.tensor([self.angles], dtype=torch.float64)).to(like),
            like.new_tensor([self.translation]),
            like.new_tensor([self.scale]),
        )
        return compose(motion, pose)


@dataclass(frozen=True)
class Controls:
    """What a person can set. By default only the eyes blink; ``Controls(blink=Blink(rate=0))`` changes nothing.

    Attributes:
        blink, gaze, placement: see there.
        mouth: factor on the opening of the mouth, 0..3.

    Raises:
        ValueError: a value is out of range.
    """

    blink: Blink = field(default_factory=Blink)
    gaze: Gaze = field(default_factory=Gaze)
    mouth: float = 1.0
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        check_factor(self.mouth)

    def apply(
        self, landmarks: Tensor, pose: HeadPose, first: int, fps: float, seed: int = 0
    ) -> tuple[Tensor, HeadPose]:
        """Edit a piece of a film. The pieces of a film, edited one by one, are the film edited as a whole.

        Args:
            landmarks: ``(T, P, 3)`` normalized. pose: of these T frames.
            first: number of the first of these frames in the film. fps: of the film.
            seed: of the random times of blinks and glances.

        Returns:
            The same frames, edited: landmarks and pose. Where there is nothing to edit, the landmarks themselves, no copy.

        Raises:
            ValueError: another shape, a negative frame number, or fps not positive.
        """
        if landmarks.dim() != 3 or landmarks.shape[1:] != (len(SUBSET), 3):
            raise ValueError(f"landmarks: expected shape (T, {len(SUBSET)}, 3), got {tuple(landmarks.shape)}")
        if len(pose) != len(landmarks):
            raise ValueError(f"expected a pose for each of the {len(landmarks)} frames, got {len(pose)}")
        if first < 0 or not fps > 0:
            raise ValueError(f"expected a frame number from 0 on and a positive fps, got {first} and {fps}")
        # From frame numbers, so that a time does not depend on where the piece was cut.
        times = torch.arange(first, first + len(landmarks), dtype=torch.float64) / fps
        # The mouth and the gaze come first: a closed eye stays closed wherever it looks.
        edited = open_mouth(landmarks, self.mouth)
        edited = turn_eyes(edited, self.gaze.at(times, seed))
        return close_lids(edited, self.blink.closure(times, seed)), self.placement.apply(pose)
