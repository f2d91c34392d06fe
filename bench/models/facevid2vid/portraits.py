"""One portrait, drawn by face-vid2vid as the frames of a video say: under published weights, and under SPACE's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.space.run import make_source
from metrics.features.face_mesh import FaceTracker
from space_ref.landmarks import frame_units
from space_ref.model import Space
from space_ref.vid2vid import FaceVid2Vid, HeadEstimate

Picture = NDArray[np.uint8]


class Portrait(Protocol):
    """A portrait that can be drawn.

    Attributes:
        keypoints: ``(1, K, 3)`` its own, x, y, z in [-1, 1].
    """

    keypoints: Tensor

    def follow(self, frames: Sequence[Picture]) -> Tensor:
        """Keypoints ``(B, K, 3)`` of this portrait that does what the next frames of the video show."""
        ...

    def draw(self, keypoints: Tensor) -> NDArray[np.uint8]:
        """``(B, S, S, 3)`` RGB for keypoints ``(B, K, 3)``."""
        ...


class Published:
    """Canonical keypoints of the portrait; head pose and expression by the estimator, of every frame.

    Args:
        beta: turn heads as the first published weights learned it. The public demo keeps that arithmetic as a comment: what its
            estimator calls roll, pitch and yaw goes about the axes x, y and z.
    """

    def __init__(self, networks: FaceVid2Vid, picture: Picture, beta: bool) -> None:
        self._networks, self._beta = networks, beta
        self._source = self._tensor([picture])
        self.encode()
        self._canonical = networks.canonical(self._source)
        self.keypoints = self._posed(networks.head(self._source))

    def encode(self) -> None:
        """Work out the portrait's looks, which no frame changes."""
        self._feature = self._networks.appearance(self._source)

    def follow(self, frames: Sequence[Picture]) -> Tensor:
        return self._posed(self._networks.head(self._tensor(frames)))

    def draw(self, keypoints: Tensor) -> NDArray[np.uint8]:
        return to_pictures(self._networks.render(self._feature, self.keypoints, keypoints).prediction)

    def _posed(self, head: HeadEstimate) -> Tensor:
        return self._networks.keypoints(self._canonical, beta_head(head) if self._beta else head)

    def _tensor(self, frames: Sequence[Picture]) -> Tensor:
        side = self._networks.config.image_size
        stack = np.stack([resized(frame, side) for frame in frames])
        device = next(self._networks.parameters()).device
        return torch.from_numpy(stack).to(device).permute(0, 3, 1, 2).float() / 255


class Own:
    """SPACE's generator. Where its keypoints are points of the face mesh they are those of the tracked frame itself.

    Args:
        landmarks: ``(478, 3)`` of the portrait. tracker: in the midst of the video whose frames are followed.
    """

    def __init__(self, space: Space, picture: Picture, landmarks: NDArray[np.float32], tracker: FaceTracker) -> None:
        self._space, self._tracker = space, tracker
        self._source = make_source(space, picture, landmarks)
        self.keypoints = self._last = self._source.keypoints
        self._points = list(space.config.keypoint_points)

    def follow(self, frames: Sequence[Picture]) -> Tensor:
        """As `Portrait`; a frame without a face holds the keypoints before it, at the start the portrait's own."""
        return torch.cat([self._next(frame) for frame in frames])

    def draw(self, keypoints: Tensor) -> NDArray[np.uint8]:
        return to_pictures(self._space.render(self._source, keypoints))

    def _next(self, frame: Picture) -> Tensor:
        landmarks = self._tracker.step(frame)
        if landmarks is not None:
            points = frame_units(torch.from_numpy(landmarks), frame.shape[0])[None].to(self.keypoints)
            self._last = points[:, self._points]
        return self._last


def beta_head(head: HeadEstimate) -> HeadEstimate:
    """The estimate, so named that `space_ref.vid2vid.transform` turns by roll about x, pitch about y, yaw about z."""
    return head._replace(pitch=head.roll, yaw=head.pitch, roll=head.yaw)


def resized(picture: Picture, side: int) -> Picture:
    """A square picture with `side` pixels a side: area filter down, cubic up."""
    if len(picture) == side:
        return picture
    how = cv2.INTER_AREA if len(picture) > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (side, side), interpolation=how), np.uint8)


def to_pictures(made: Tensor) -> NDArray[np.uint8]:
    """``(B, 3, S, S)`` in 0..1 -> ``(B, S, S, 3)``, rounded."""
    pixels = made.float().mul(255).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).cpu().numpy())
