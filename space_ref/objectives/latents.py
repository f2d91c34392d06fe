"""Training of Landmarks2Latents: L1 of keypoints and their velocities, from tracked landmarks made a little worse."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from space_ref.landmarks2latents import Landmarks2Latents, Landmarks2LatentsConfig
from space_ref.losses.landmarks import hold_missing, position_loss, velocity_loss
from space_ref.objectives.base import Batch, Objective
from space_ref.objectives.speech import SpeechNoise, evaluating, not_below_zero


@dataclass(frozen=True, kw_only=True)
class LatentsObjectiveConfig:
    """Attributes:

    network: the network.
    position, velocity: weights of the terms.
    ridge: strength of the linear term's prior, see `Landmarks2Latents.fit_statistics`. What a face does is small beside
        what its head does, and a prior that is small beside the head's motion can still hold the brows still.
    landmark_noise: noise of the posed landmarks, in frame units: those that Speech2Landmarks makes are not the truth.
    noise: disturbance of the speech.
    """

    network: Landmarks2LatentsConfig
    position: float = 1.0
    velocity: float = 1.0
    ridge: float = 1e-4
    landmark_noise: float = 0.002
    noise: SpeechNoise = field(default_factory=SpeechNoise)

    def __post_init__(self) -> None:
        not_below_zero(self, "position", "velocity", "landmark_noise")
        if not self.ridge > 0:
            raise ValueError(
                f"{type(self).__name__}.ridge is {self.ridge}: give more than 0, or there may be no solution"
            )


class LatentsObjective(Objective):
    """Batch: ``mfcc``, ``emotion``, ``portrait_posed``, ``posed``, ``portrait_keypoints``, ``keypoints``, ``present``."""

    def __init__(self, config: LatentsObjectiveConfig) -> None:
        super().__init__()
        self.config = config
        self.network = Landmarks2Latents(config.network)

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"landmarks2latents": self.network}

    def calibrate(self, batch: Batch) -> None:
        """Take scales and the linear term from a batch, as large as memory allows, once before training."""
        present, posed, keypoints = batch["present"], batch["posed"], batch["keypoints"]
        self.network.fit_statistics(
            batch["mfcc"][present],
            posed[present],
            batch["portrait_posed"][:, None].expand_as(posed)[present],
            keypoints[present],
            batch["portrait_keypoints"][:, None].expand_as(keypoints)[present],
            self.config.ridge,
        )

    def generator_losses(self, batch: Batch, random: torch.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        config, true, present = self.config, batch["keypoints"], batch["present"]
        mfcc, posed = batch["mfcc"], batch["posed"]
        if self.network.audio is not None:
            mfcc = config.noise.disturb(mfcc, self.network.audio.std, random)
        noise = torch.randn(posed.shape, generator=random, device=random.device).to(posed)
        made = self._predict(batch, posed + config.landmark_noise * noise, mfcc)
        losses = {
            "position": config.position * position_loss(made, true, present),
            "velocity": config.velocity * velocity_loss(made, true, present),
        }
        return losses, {}

    @torch.no_grad()
    def sample(self, batch: Batch) -> dict[str, Tensor]:
        """Curves ``(B, T, K * 3)``: keypoints ``made`` and ``true``, NaN where absent."""
        with evaluating(self):
            made = self._predict(batch, batch["posed"], batch["mfcc"])
        true = batch["keypoints"].masked_fill(~batch["present"][..., None, None], torch.nan)
        return {"made": made.flatten(2), "true": true.flatten(2)}

    def _predict(self, batch: Batch, posed: Tensor, mfcc: Tensor) -> Tensor:
        # A frame without a face has no landmarks to read, and the LSTM must not read NaN.
        held = hold_missing(posed, batch["present"], batch["portrait_posed"])
        made: Tensor = self.network(held, batch["portrait_posed"], batch["portrait_keypoints"], mfcc, batch["emotion"])
        return made
