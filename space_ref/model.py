"""SPACE as a whole: the four networks, and a portrait made ready for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn import functional

from space_ref.config import SpaceConfig
from space_ref.landmarks import HeadPose, Normalizer, frame_units, select
from space_ref.landmarks2latents import Landmarks2Latents
from space_ref.pose import PoseGenerator
from space_ref.speech2landmarks import Speech2Landmarks
from space_ref.vid2vid import FaceVid2Vid

EMOTIONS = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
"""Order of the emotion vector."""


@dataclass(frozen=True, eq=False)
class Source:
    """A portrait as the networks see it: computed once, used for every frame.

    Attributes:
        picture: ``(1, 3, H, W)`` in 0..1, at the resolution of the output.
        feature: ``(1, C, D, h, w)`` appearance volume. keypoints: ``(1, K, 3)`` latent keypoints of the portrait.
        normalized: ``(1, P, 3)`` landmarks. pose: head pose of the portrait, one frame.
        posed: ``(1, P, 3)`` landmarks in frame units.
    """

    picture: Tensor
    feature: Tensor
    keypoints: Tensor
    normalized: Tensor
    pose: HeadPose
    posed: Tensor


class Space(nn.Module):
    """All stages: Speech2Landmarks, the pose generator, Landmarks2Latents and face-vid2vid.

    Args:
        config: sizes and switches.
        reference: ``(478, 3)`` the neutral face that head pose is measured against.
    """

    def __init__(self, config: SpaceConfig, reference: Tensor) -> None:
        super().__init__()
        self.config = config
        self.normalizer = Normalizer(reference)
        self.speech = Speech2Landmarks(config.speech)
        self.pose = PoseGenerator(config.pose)
        self.latents = Landmarks2Latents(config.latents)
        self.vid2vid = FaceVid2Vid(config.vid2vid)

    @torch.inference_mode()
    def source(self, picture: Tensor, landmarks: Tensor) -> Source:
        """Make a portrait ready.

        Args:
            picture: ``(3, S, S)`` in 0..1, square. landmarks: ``(478, 3)`` in its pixels.

        Raises:
            ValueError: the picture is not square, or the landmarks are not finite.
        """
        if picture.dim() != 3 or picture.shape[0] != 3 or picture.shape[1] != picture.shape[2]:
            raise ValueError(f"the portrait has shape {tuple(picture.shape)}: give a square RGB picture (3, S, S)")
        if not bool(torch.isfinite(landmarks).all()):
            raise ValueError("the portrait's landmarks are not finite: there is no face to animate")
        points = frame_units(landmarks, picture.shape[-1])[None].to(picture)
        pose = self.normalizer.fit(points)
        if not self.config.normalize:
            pose = pose.fixed(1)
        posed = select(points)
        seen = resized(picture[None], self.config.vid2vid.image_size)
        return Source(
            picture=picture[None],
            feature=self.vid2vid.appearance(seen),
            keypoints=self._keypoints(seen, points),
            normalized=self.normalizer.normalize(posed, pose),
            pose=pose,
            posed=posed,
        )

    def _keypoints(self, picture: Tensor, points: Tensor) -> Tensor:
        if self.config.keypoint_points:
            return points[:, list(self.config.keypoint_points)]
        return self.vid2vid.keypoints(self.vid2vid.canonical(picture), self.vid2vid.head(picture))

    @torch.inference_mode()
    def render(self, source: Source, keypoints: Tensor) -> Tensor:
        """Frames ``(T, 3, S, S)`` in 0..1 for latent keypoints ``(T, K, 3)``.

        S is the source's side where the generator lays its picture over it (`GeneratorConfig.composite`), else the
        side that the generator makes.
        """
        made = self.vid2vid.render(source.feature, source.keypoints, keypoints, source=source.picture)
        return made.prediction.clamp(0, 1)


def join(sources: Sequence[Source]) -> Source:
    """Several portraits of one size as one batch, for frames of several cases in one call of `Space.render`."""
    poses = [source.pose for source in sources]
    parts = {
        field.name: torch.cat([getattr(source, field.name) for source in sources])
        for field in fields(Source)
        if field.name != "pose"
    }
    pose = HeadPose(*(torch.cat([getattr(p, f.name) for p in poses]) for f in fields(HeadPose)))
    return Source(pose=pose, **parts)


def resized(pictures: Tensor, side: int) -> Tensor:
    """``(B, 3, S, S)`` at another side; down by area, so that nothing aliases."""
    if pictures.shape[-1] == side:
        return pictures
    return functional.interpolate(pictures, (side, side), mode="bilinear", antialias=True, align_corners=False)
