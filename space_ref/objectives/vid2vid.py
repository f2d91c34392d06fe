"""Training of face-vid2vid: two frames of one person; the source is animated to be the driving frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from space_ref.losses.adversarial import critic_hinge, feature_matching, generator_hinge
from space_ref.losses.discriminator import DiscriminatorConfig, MultiScaleDiscriminator
from space_ref.losses.equivariance import equivariance_loss, random_warp
from space_ref.losses.head_pose import head_pose_bins_loss, head_pose_loss
from space_ref.losses.keypoints import deformation_prior, keypoint_prior, landmark_guide, pair_guide
from space_ref.losses.regions import EYES, MOUTH, region_loss, region_pictures
from space_ref.objectives.base import Batch, Objective
from space_ref.vid2vid import FaceVid2Vid, HeadEstimate, Vid2VidConfig
from space_ref.vid2vid.transform import degrees


@dataclass(frozen=True)
class Vid2VidLossConfig:
    """Weights of the loss terms; a term of weight 0 is not computed.

    Defaults are those of arXiv 2011.15126, supplement; `feature_matching`, which it does not state, is the public
    reimplementation's. Terms below `deformation` are chosen here and off by default.

    Attributes:
        perceptual, adversarial, feature_matching, equivariance, keypoint_prior, head_pose, deformation: of the paper.
        head_pose_bins: cross-entropy of the pose bins, beside the L1 of the angles.
        pixel: L1 of the whole frame.
        mouth, eyes: L1 of boxes around them.
        details: perceptual distance of squares around mouth and eyes, `details_size` pixels wide each.
        guide: L1 between keypoints and the landmarks `guide_points`.
        guide_pairs: the same for the vectors between keypoints, near ones most.
        guide_points: one mesh point a keypoint.
        forcing: share of pairs that are drawn from the landmarks themselves in place of the keypoints, so that the
            generator need not wait for the detectors.
        keypoint_distance, keypoint_depth: of the keypoint prior. Guided keypoints lie where their landmarks lie, so
            beside `guide` the prior needs a smaller distance and depth 0, or weight 0.
        adversarial_start: training step from which the critic learns and counts.
        anchor_start: training step from which the flow is anchored (`GeneratorConfig.anchor`): before that the networks
            must find the motion by themselves, and what they paint is learned sooner.
        keypoint_steps: for so many steps at first nothing is drawn, and only the terms of keypoints and pose count: they
            cost a tenth, and a generator whose keypoints already follow the face learns much sooner what they mean.

    Raises:
        ValueError: a negative number, or a guide without points or points without a guide.
    """

    perceptual: float = 10.0
    adversarial: float = 1.0
    feature_matching: float = 10.0
    equivariance: float = 20.0
    keypoint_prior: float = 10.0
    head_pose: float = 20.0
    deformation: float = 5.0
    head_pose_bins: float = 0.0
    pixel: float = 0.0
    mouth: float = 0.0
    eyes: float = 0.0
    details: float = 0.0
    details_size: int = 64
    guide: float = 0.0
    guide_pairs: float = 0.0
    forcing: float = 0.0
    guide_points: tuple[int, ...] = ()
    keypoint_distance: float = 0.1
    keypoint_depth: float = 0.33
    adversarial_start: int = 0
    anchor_start: int = 0
    keypoint_steps: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("guide_points", "keypoint_depth") and value < 0:
                raise ValueError(f"Vid2VidLossConfig.{field.name} is {value}; use 0 (off) or a positive number")
        if bool(self.guide or self.guide_pairs or self.forcing) != bool(self.guide_points):
            raise ValueError("Vid2VidLossConfig: guide terms and guide_points go together; set both or none")
        if self.forcing > 1:
            raise ValueError(f"Vid2VidLossConfig.forcing is {self.forcing}; it is a share of 0 to 1")

    @property
    def has_critic(self) -> bool:
        return self.adversarial > 0 or self.feature_matching > 0


class Pair(NamedTuple):
    """Keypoints of B pairs of frames, each ``(B, K, 3)``; `heads` are of sources, then drivings: 2B."""

    canonical: Tensor
    source_keypoints: Tensor
    driving_keypoints: Tensor
    heads: HeadEstimate


KEYPOINT_TERMS = frozenset({"guide", "guide_pairs", "head_pose", "head_pose_bins", "deformation", "keypoint_prior"})
"""Loss terms that need no picture."""


class Vid2VidObjective(Objective):
    """face-vid2vid with the losses of its paper and a few of our own.

    Args:
        model: of the networks under training.
        losses: weights.
        perceptual: distance of two batches of images, such as `PerceptualLoss` with trained features.
        discriminator: of the critic.

    Raises:
        ValueError: the perceptual loss counts but is not given, or there is not one guide point a keypoint.
    """

    step: Tensor

    def __init__(
        self,
        model: Vid2VidConfig,
        losses: Vid2VidLossConfig,
        perceptual: nn.Module | None = None,
        discriminator: DiscriminatorConfig | None = None,
    ) -> None:
        super().__init__()
        if (losses.perceptual or losses.details) and perceptual is None:
            raise ValueError(
                "Vid2VidObjective: the perceptual loss has a weight but no network; pass one or set it to 0"
            )
        if losses.has_critic and discriminator is None:
            raise ValueError(
                "Vid2VidObjective: the adversarial losses have a weight but no discriminator; configure one"
            )
        if losses.guide_points and len(losses.guide_points) != model.num_kp:
            raise ValueError(
                f"Vid2VidObjective: guide_points has {len(losses.guide_points)} entries for {model.num_kp} keypoints; "
                f"name one mesh point a keypoint"
            )
        self.losses = losses
        self.model = _channels_last(FaceVid2Vid(model))
        self.perceptual = perceptual
        self.critic = MultiScaleDiscriminator(discriminator) if losses.has_critic and discriminator else None
        self.register_buffer("step", torch.zeros((), dtype=torch.long))

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"vid2vid": self.model}

    @property
    def critics(self) -> dict[str, nn.Module]:
        return {"discriminator": self.critic} if self.critic is not None else {}

    def generator_losses(self, batch: Batch, random: torch.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Weighted terms by the name of their weight, and `prediction` once the critic takes part.

        In training mode this counts a step; the critic counts those in which it could have taken part.
        """
        losses, driving, landmarks = self.losses, batch["driving"], batch["driving_landmarks"]
        # Where landmarks take the place of keypoints nobody asks the detectors.
        pair = cache(lambda: self._keypoints(batch["source"], driving))
        angles = torch.cat([batch["source_angles"], batch["driving_angles"]])
        drawing = int(self.step) >= losses.keypoint_steps
        if self.training:
            anchored = int(self.step) >= losses.anchor_start
            self.model.generator.anchor = self.model.config.generator.anchor if anchored else 0.0
        self.step += self.training
        prediction = self._draw(batch["source"], *self._drawn_from(batch, pair, random)) if drawing else driving
        values: dict[str, Callable[[], Tensor]] = {
            "perceptual": lambda: self._perceptual(prediction, driving),
            "equivariance": lambda: self._equivariance(driving, pair(), random),
            "keypoint_prior": lambda: keypoint_prior(
                pair().driving_keypoints, losses.keypoint_distance, losses.keypoint_depth
            ),
            "head_pose": lambda: head_pose_loss(_degrees(pair().heads), angles),
            "head_pose_bins": lambda: head_pose_bins_loss(_logits(pair().heads), angles),
            "deformation": lambda: deformation_prior(pair().heads.exp.chunk(2)[1]),
            "pixel": lambda: functional.l1_loss(prediction, driving),
            "mouth": lambda: region_loss(prediction, driving, landmarks, MOUTH),
            "eyes": lambda: region_loss(prediction, driving, landmarks, EYES),
            "details": lambda: self._details(prediction, driving, landmarks),
            "guide": lambda: landmark_guide(*self._guided(batch, pair())),
            "guide_pairs": lambda: pair_guide(*self._guided(batch, pair())),
        }
        counted = {name for name in values if getattr(losses, name) and (drawing or name in KEYPOINT_TERMS)}
        terms = {name: getattr(losses, name) * values[name]() for name in values if name in counted}
        if self.critic is None or not drawing:
            return terms, {}
        takes_part = int(self.critic.age) >= losses.adversarial_start
        self.critic.age += self.training
        if not takes_part:
            return terms, {}
        return {**terms, **self._adversarial(self.critic, prediction, driving)}, {"prediction": prediction}

    def critic_losses(self, batch: Batch, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The critic's hinge loss; nothing before `adversarial_start`."""
        if self.critic is None or "prediction" not in made:
            return {}
        real, fake = self.critic(batch["driving"]), self.critic(made["prediction"].detach())
        return {"critic": critic_hinge(real.scores, fake.scores)}

    @torch.no_grad()
    def sample(self, batch: Batch) -> dict[str, Tensor]:
        """`source`, `driving` and `prediction`, as at run time (the networks in evaluation mode)."""
        training = self.training
        self.eval()
        pair = cache(lambda: self._keypoints(batch["source"], batch["driving"]))
        prediction = self._draw(batch["source"], *self._drawn_from(batch, pair, torch.Generator()))
        self.train(training)
        return {"source": batch["source"], "driving": batch["driving"], "prediction": prediction}

    def _keypoints(self, source: Tensor, driving: Tensor) -> Pair:
        """The source's canonical keypoints serve both frames: they are one person."""
        heads = self.model.head(torch.cat([source, driving]))
        canonical = self.model.canonical(source)
        of_source, of_driving = self.model.keypoints(canonical.repeat(2, 1, 1), heads).chunk(2)
        return Pair(canonical, of_source, of_driving, heads)

    def _drawn_from(self, batch: Batch, pair: Callable[[], Pair], random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Keypoints of source and driving frame that the generator gets; see `Vid2VidLossConfig.forcing`."""
        # Where all are forced, landmarks are its keypoints at run time too.
        if not self.losses.forcing or (self.losses.forcing < 1 and not self.training):
            return pair().source_keypoints, pair().driving_keypoints
        points = list(self.losses.guide_points)
        known = batch["source_landmarks"][:, points], batch["driving_landmarks"][:, points]
        drawn = torch.rand(len(known[0]), generator=random, device=random.device).to(known[0].device)
        usable = torch.stack([part.isfinite().flatten(1).all(dim=1) for part in known]).all(dim=0)
        forced = ((drawn < self.losses.forcing) & usable)[:, None, None]
        if forced.all():
            return known
        found = pair().source_keypoints, pair().driving_keypoints
        source, driving = (torch.where(forced, k.nan_to_num(), f) for k, f in zip(known, found, strict=True))
        return source, driving

    def _draw(self, source: Tensor, source_keypoints: Tensor, driving_keypoints: Tensor) -> Tensor:
        feature = self.model.appearance(source)
        return self.model.render(feature, source_keypoints, driving_keypoints, source).prediction

    def _perceptual(self, prediction: Tensor, driving: Tensor) -> Tensor:
        assert self.perceptual is not None
        value: Tensor = self.perceptual(prediction, driving)
        return value

    def _details(self, prediction: Tensor, driving: Tensor, landmarks: Tensor) -> Tensor:
        made, true = (
            region_pictures(image, landmarks, (*MOUTH, *EYES), self.losses.details_size).flatten(0, 1)
            for image in (prediction, driving)
        )
        return self._perceptual(made, true)

    def _equivariance(self, driving: Tensor, pair: Pair, random: torch.Generator) -> Tensor:
        warp = random_warp(len(driving), random).to(driving.device)
        warped = self.model.keypoints(pair.canonical, self.model.head(warp.image(driving)))
        return equivariance_loss(pair.driving_keypoints, warped, warp)

    def _guided(self, batch: Batch, pair: Pair) -> tuple[Tensor, Tensor]:
        """Keypoints ``(2B, K, 3)`` and the landmarks that guide them."""
        landmarks = torch.cat([batch["source_landmarks"], batch["driving_landmarks"]])
        keypoints = torch.cat([pair.source_keypoints, pair.driving_keypoints])
        return keypoints, landmarks[:, list(self.losses.guide_points)]

    def _adversarial(self, critic: MultiScaleDiscriminator, prediction: Tensor, driving: Tensor) -> dict[str, Tensor]:
        losses, terms = self.losses, {}
        fake = critic(prediction)
        if losses.adversarial:
            terms["adversarial"] = losses.adversarial * generator_hinge(fake.scores)
        if losses.feature_matching:
            with torch.no_grad():
                real = critic(driving)
            terms["feature_matching"] = losses.feature_matching * feature_matching(real.layers, fake.layers)
        return terms


def _channels_last(model: FaceVid2Vid) -> FaceVid2Vid:
    """The same weights, laid out so that a CPU's convolutions are a tenth faster."""
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in model.parameters():
        if parameter.dim() in formats:
            parameter.data = parameter.data.contiguous(memory_format=formats[parameter.dim()])
    return model


def _logits(heads: HeadEstimate) -> Tensor:
    return torch.stack([heads.pitch, heads.yaw, heads.roll], dim=1)


def _degrees(heads: HeadEstimate) -> Tensor:
    return torch.stack([degrees(heads.pitch), degrees(heads.yaw), degrees(heads.roll)], dim=1)
