"""Training of the pose generator: a critic judges the motion; statistics, diversity and a little truth steady it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.func import functional_call

from space_ref.losses.landmarks import hold_missing
from space_ref.losses.pose import (
    critic_loss,
    diversity_loss,
    generator_loss,
    gradient_penalty,
    motion_statistics_loss,
    reconstruction_loss,
    whereabouts_loss,
)
from space_ref.objectives.base import Batch, Objective
from space_ref.objectives.speech import SpeechNoise, evaluating, not_below_zero
from space_ref.pose import PoseCritic, PoseCriticConfig, PoseGenerator, PoseGeneratorConfig


@dataclass(frozen=True, kw_only=True)
class PoseObjectiveConfig:
    """Attributes:

    network, critic: the networks.
    adversarial, reconstruction, statistics, whereabouts, diversity: weights of the generator's terms.
    margin: how many standard deviations two motions for the same speech shall be apart.
    penalty: weight of the critic's gradient penalty.
    noise: disturbance of the speech.
    """

    network: PoseGeneratorConfig = field(default_factory=PoseGeneratorConfig)
    critic: PoseCriticConfig = field(default_factory=PoseCriticConfig)
    adversarial: float = 1.0
    reconstruction: float = 0.2
    statistics: float = 1.0
    whereabouts: float = 1.0
    diversity: float = 1.0
    margin: float = 0.5
    penalty: float = 0.1
    noise: SpeechNoise = field(default_factory=SpeechNoise)

    def __post_init__(self) -> None:
        not_below_zero(
            self, "adversarial", "reconstruction", "statistics", "whereabouts", "diversity", "margin", "penalty"
        )
        if self.network.mfcc != self.critic.mfcc:
            raise ValueError(
                f"PoseObjectiveConfig: the generator takes {self.network.mfcc} coefficients, the critic "
                f"{self.critic.mfcc}: give both the same"
            )


class PoseObjective(Objective):
    """Batch: ``mfcc``, ``pose``, ``initial``, ``present``."""

    def __init__(self, config: PoseObjectiveConfig) -> None:
        super().__init__()
        self.config = config
        self.network = PoseGenerator(config.network)
        self.critic = PoseCritic(config.critic)

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"pose": self.network}

    @property
    def critics(self) -> dict[str, nn.Module]:
        return {"pose_critic": self.critic}

    def calibrate(self, batch: Batch) -> None:
        """Take scales from a batch, as large as memory allows, once before training."""
        mfcc, pose, present = batch["mfcc"], batch["pose"], batch["present"]
        velocity = pose.diff(dim=1)[present[:, 1:] & present[:, :-1]]
        self.network.fit_statistics(mfcc[present], pose[present])
        self.critic.fit_statistics(mfcc[present], pose[present], velocity)

    def generator_losses(self, batch: Batch, random: torch.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        config, true, present, scale = self.config, batch["pose"], batch["present"], self.network.pose.std
        mfcc = config.noise.disturb(batch["mfcc"], self.network.audio.std, random)
        first, second = self._motions(mfcc, batch["initial"], random)
        # Detached weights: the critic must not gather gradients from this step.
        frozen = {name: weight.detach() for name, weight in self.critic.named_parameters()}
        verdicts = functional_call(self.critic, frozen, (first, mfcc))
        losses = {
            "adversarial": config.adversarial * generator_loss(verdicts, self.critic.patches(present)),
            "reconstruction": config.reconstruction * reconstruction_loss(first, true, present, scale),
            "statistics": config.statistics * motion_statistics_loss(first, true, present, scale),
            "whereabouts": config.whereabouts * whereabouts_loss(first, true, present, batch["initial"]),
            "diversity": config.diversity * diversity_loss(first, second, scale, config.margin),
        }
        return losses, {"pose": first, "mfcc": mfcc}

    def critic_losses(self, batch: Batch, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
        patches = self.critic.patches(batch["present"])
        mfcc = made["mfcc"].detach()
        real = hold_missing(batch["pose"], batch["present"], batch["initial"]).detach().requires_grad_()
        verdicts = self.critic(real, mfcc)
        penalty = gradient_penalty(real, verdicts, patches, self.network.pose.std)
        return {
            "critic": critic_loss(verdicts, self.critic(made["pose"].detach(), mfcc), patches),
            "penalty": self.config.penalty * penalty,
        }

    @torch.no_grad()
    def sample(self, batch: Batch) -> dict[str, Tensor]:
        """Curves ``(B, T, 6)``: ``made`` and ``other`` for two fixed noises, and ``true``, NaN where absent."""
        random = torch.Generator().manual_seed(0)
        with evaluating(self):
            first, second = self._motions(batch["mfcc"], batch["initial"], random)
        return {
            "made": first,
            "other": second,
            "true": batch["pose"].masked_fill(~batch["present"][..., None], torch.nan),
        }

    def _motions(self, mfcc: Tensor, initial: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Two motions ``(B, T, 6)`` for the same speech, by two noises; in one pass, which is faster."""
        noise = torch.randn(2 * len(mfcc), self.config.network.noise, generator=random, device=random.device)
        poses: Tensor = self.network(mfcc.repeat(2, 1, 1), initial.repeat(2, 1), noise.to(mfcc))
        return poses[: len(mfcc)], poses[len(mfcc) :]
