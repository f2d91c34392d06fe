"""Random changes of a pair of pictures: the same light, flip, shift and face shape for both, landmarks with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.training.augment.warp import HeadFrame, Warp
from metrics.features.canonical import mirror_partners
from metrics.rigid import head_pose


@dataclass(frozen=True)
class PictureAugment:
    """How far pictures are changed. All 0 changes nothing.

    Attributes:
        flip, warp, blur, noise: probabilities.
        warp_strength: see `Warp`.
        shift: in frame units (the frame is 2 wide). zoom: of the logarithm of the scale. turn: degrees in the plane.
        light: of brightness and of the logarithms of contrast, saturation and gamma. tint: of the mix of channels.
            All five say how far a uniform draw may go either way.
        blur_pixels: largest standard deviation, for both pictures. noise_level: largest standard deviation in 0..1, of
            the source alone: nobody can predict the noise of a target.
    """

    flip: float = 0.5
    warp: float = 0.5
    warp_strength: float = 0.06
    shift: float = 0.08
    zoom: float = 0.1
    turn: float = 8.0
    light: float = 0.2
    tint: float = 0.06
    blur: float = 0.1
    blur_pixels: float = 1.0
    noise: float = 0.1
    noise_level: float = 0.02

    def __post_init__(self) -> None:
        for name in ("flip", "warp", "blur", "noise"):
            if not 0 <= getattr(self, name) <= 1:
                raise BenchError(f"augmentation: the probability {name} must lie in 0..1, found {getattr(self, name)}")


class Change:
    """One drawn change, to be applied to each picture of a pair.

    Args:
        settings: how far it may go. random: where it comes from.
    """

    def __init__(self, settings: PictureAugment, random: np.random.Generator) -> None:
        def within(limit: float) -> float:
            return float(random.uniform(-limit, limit))

        self.flipped = bool(random.random() < settings.flip)
        angle, scale = np.radians(within(settings.turn)), np.exp(within(settings.zoom))
        self._linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self._scale = scale
        self._shift = random.uniform(-1, 1, 2) * settings.shift
        warped = random.random() < settings.warp and settings.warp_strength > 0
        self._warp = Warp(settings.warp_strength, random) if warped else None
        contrast, saturation, gamma = (np.exp(within(settings.light)) for _ in range(3))
        levels = ((np.arange(256) / 255) ** gamma - 0.5) * contrast + 0.5 + within(settings.light) / 2
        self._levels = (np.clip(levels, 0, 1)).astype(np.float32)
        luma = np.tile([0.299, 0.587, 0.114], (3, 1))
        mix = saturation * np.eye(3) + (1 - saturation) * luma
        self._mix = (mix @ (np.eye(3) + random.uniform(-1, 1, (3, 3)) * settings.tint)).astype(np.float32)
        self._blur = float(random.uniform(0.3, settings.blur_pixels)) if random.random() < settings.blur else 0.0
        self._noise = float(random.uniform(0, settings.noise_level)) if random.random() < settings.noise else 0.0

    def picture(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """The changed picture: ``(S, S, 3)`` RGB uint8 -> float32 in 0..1. `landmarks` are the original ones."""
        size = len(frame)
        back = np.linalg.inv(self._linear)
        back = np.column_stack([back, -back @ self._shift]) * ([[-1], [1]] if self.flipped else 1)
        points = np.asarray(cv2.transform(_grid(size), back.astype(np.float32)), np.float32)
        if self._warp is not None:
            points = self._warp.source_of(points, _head(landmarks))
        across, down = cv2.split(points * np.float32(size / 2) + np.float32(size / 2 - 0.5))
        moved = cv2.remap(frame, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        lit = cv2.transform(cv2.LUT(moved, self._levels), self._mix)
        if self._blur:
            lit = cv2.GaussianBlur(lit, (0, 0), self._blur)
        return np.clip(np.asarray(lit, np.float32), 0, 1)

    def noisy(self, picture: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """The picture with noise, where the draw has some."""
        if not self._noise:
            return picture
        grain = random.standard_normal(picture.shape, np.float32) * np.float32(self._noise)
        return np.clip(picture + grain, 0, 1)

    def landmarks(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where the landmarks ``(478, 3)``, in frame units, lie in the changed picture. A flip exchanges partners."""
        points = landmarks.copy()
        if self._warp is not None:
            points[:, :2] = self._warp.target_of(landmarks[:, :2], _head(landmarks))
        if self.flipped:
            points = mirrored(points)
        points[:, :2] = points[:, :2] @ self._linear.T + self._shift
        points[:, 2] *= self._scale
        return points


def mirrored(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Landmarks ``(..., 478, 3)``, in frame units or normalized, of the mirror image."""
    return landmarks[..., mirror_partners(), :] * np.array([-1, 1, 1], np.float32)


@lru_cache(maxsize=2)
def _grid(size: int) -> NDArray[np.float32]:
    """Centres of the pixels ``(S, S, 2)`` in frame units."""
    axis = ((np.arange(size) + 0.5) * 2 / size - 1).astype(np.float32)
    return np.stack(np.meshgrid(axis, axis), axis=-1)


def _head(landmarks: NDArray[np.float32]) -> HeadFrame:
    # Any unit will do for the fit: what comes out has the unit of what went in.
    pose = head_pose(landmarks[None])
    return HeadFrame(pose.origin[0, :2], float(pose.angles[0, 2]), float(pose.scale[0]))
