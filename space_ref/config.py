"""The whole model in one place: every size and switch of SPACE."""

from __future__ import annotations

from dataclasses import dataclass, field

from space_ref.audio import MfccConfig
from space_ref.landmarks import SUBSET
from space_ref.landmarks2latents import Landmarks2LatentsConfig
from space_ref.pose import PoseGeneratorConfig
from space_ref.speech2landmarks import Speech2LandmarksConfig
from space_ref.vid2vid.config import Vid2VidConfig


@dataclass(frozen=True, kw_only=True)
class SpaceConfig:
    """Sizes and switches of all networks. Defaults are those of the paper as far as they are known (docs/space.md).

    Attributes:
        fps: frames a second that the sequence networks were made for.
        normalize: take the head pose out of the landmarks before Speech2Landmarks (False is the paper's ablation:
            the network then moves the head itself, and no other pose can be given).
        keypoint_points: mesh landmarks that *are* the latent keypoints, one each, for a generator that was trained on
            them (`Vid2VidLossConfig.forcing` 1); empty, as in the paper: face-vid2vid's own detectors find them.
        audio: features of speech; streamed, so without `top_db`.
        speech, pose, latents, vid2vid: the networks.

    Raises:
        ValueError: parts that do not fit each other.
    """

    fps: float = 30.0
    normalize: bool = True
    keypoint_points: tuple[int, ...] = ()
    audio: MfccConfig = field(default_factory=lambda: MfccConfig(top_db=None))
    speech: Speech2LandmarksConfig = field(default_factory=lambda: Speech2LandmarksConfig(points=len(SUBSET)))
    pose: PoseGeneratorConfig = field(default_factory=PoseGeneratorConfig)
    latents: Landmarks2LatentsConfig = field(
        default_factory=lambda: Landmarks2LatentsConfig(points=len(SUBSET), keypoints=20)
    )
    vid2vid: Vid2VidConfig = field(default_factory=lambda: Vid2VidConfig(num_kp=20))

    def __post_init__(self) -> None:
        wanted = (
            ("audio.fps", self.audio.fps, self.fps),
            ("audio.top_db", self.audio.top_db, None),
            ("speech.mfcc", self.speech.mfcc, self.audio.count),
            ("pose.mfcc", self.pose.mfcc, self.audio.count),
            ("latents.mfcc", self.latents.mfcc, self.audio.count),
            ("speech.points", self.speech.points, len(SUBSET)),
            ("latents.points", self.latents.points, len(SUBSET)),
            ("latents.emotions", self.latents.emotions, self.speech.emotions),
            ("latents.keypoints", self.latents.keypoints, self.vid2vid.num_kp),
        )
        if self.keypoint_points and len(self.keypoint_points) != self.vid2vid.num_kp:
            raise ValueError(
                f"keypoint_points has {len(self.keypoint_points)} entries for {self.vid2vid.num_kp} keypoints"
            )
        for name, found, expected in wanted:
            if found != expected:
                raise ValueError(f"{name} is {found!r} and must be {expected!r} to fit the rest of the model")
