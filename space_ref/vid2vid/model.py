"""face-vid2vid as a whole: what a caller encodes once of a portrait, and what it does for each frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from space_ref.vid2vid.config import Vid2VidConfig
from space_ref.vid2vid.generator import Generator, Rendered, ResGenerator, SPADEGenerator
from space_ref.vid2vid.head_pose import HeadEstimate, HEEstimator
from space_ref.vid2vid.inference import freeze
from space_ref.vid2vid.keypoints import KPDetector
from space_ref.vid2vid.transform import transform_keypoints


class FaceVid2Vid(nn.Module):
    """The three networks under their published names, so that a checkpoint's three state dicts load into them as they are.

    Images are ``(B, 3, S, S)`` in 0..1, keypoints ``(B, K, 3)`` x, y, z in [-1, 1].
    """

    def __init__(self, config: Vid2VidConfig) -> None:
        super().__init__()
        self.config = config
        spade = config.generator.decoder == "spade"
        self.generator: Generator = SPADEGenerator(config) if spade else ResGenerator(config)
        self.kp_detector = KPDetector(config)
        self.he_estimator = HEEstimator(config)

    def for_inference(self) -> FaceVid2Vid:
        """A frozen copy that gives the same outputs, faster; it cannot be trained, and its tensors have other names."""
        with torch.device("meta"):
            copy = FaceVid2Vid(self.config)
        copy.load_state_dict({name: value.clone() for name, value in self.state_dict().items()}, assign=True)
        return freeze(copy)

    def appearance(self, image: Tensor) -> Tensor:
        """Feature volume ``(B, C, D, h, w)`` of a portrait: all that `render` knows of its looks."""
        return self.generator.appearance(image)

    def canonical(self, image: Tensor) -> Tensor:
        """Canonical keypoints of a portrait."""
        return self.kp_detector(image)

    def head(self, image: Tensor) -> HeadEstimate:
        """Head pose and expression."""
        return self.he_estimator(image)

    def keypoints(self, canonical: Tensor, head: HeadEstimate) -> Tensor:
        """Canonical keypoints ``(1 or B, K, 3)`` with the pose and expression of B pictures: ``(B, K, 3)``."""
        return transform_keypoints(canonical, head)

    def render(self, feature: Tensor, kp_source: Tensor, kp_driving: Tensor, source: Tensor | None = None) -> Rendered:
        """Frames of B driving keypoints; feature, kp_source and source may have batch 1. See `Generator.render`."""
        return self.generator.render(feature, kp_source, kp_driving, source)
