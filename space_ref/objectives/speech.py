"""Training of Speech2Landmarks: weighted position, velocity and lip gap against tracked landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from space_ref.losses.landmarks import (
    closure_loss,
    gap_loss,
    keep,
    lip_gap,
    point_weights,
    position_loss,
    velocity_loss,
)
from space_ref.objectives.base import Batch, Objective
from space_ref.speech2landmarks import Speech2Landmarks, Speech2LandmarksConfig


@dataclass(frozen=True, kw_only=True)
class SpeechNoise:
    """Disturbance of the speech in training, in standard deviations of each coefficient.

    Attributes:
        frame: noise of each frame.
        voice: an offset for a whole sequence: what another voice, microphone or room adds to a cepstrum.
    """

    frame: float = 0.1
    voice: float = 0.3

    def __post_init__(self) -> None:
        not_below_zero(self, "frame", "voice")

    def disturb(self, mfcc: Tensor, std: Tensor, random: torch.Generator) -> Tensor:
        """mfcc ``(B, T, 40)`` with noise; `std` ``(40,)`` of the training data."""
        frames = torch.randn(mfcc.shape, generator=random, device=random.device).to(mfcc)
        voices = torch.randn(len(mfcc), 1, mfcc.shape[2], generator=random, device=random.device).to(mfcc)
        return mfcc + std * (self.frame * frames + self.voice * voices)


@dataclass(frozen=True, kw_only=True)
class SpeechObjectiveConfig:
    """Attributes:

    network: the network.
    mouth: indices of the mouth's points in the subset.
    upper_lip, lower_lip: indices of inner lip points, pair by pair.
    mouth_weight: weight of a mouth point; any other has 1.
    position, velocity, gap, closure: weights of the terms; `closure` is chosen here and off by default.
    noise: disturbance of the speech.
    """

    network: Speech2LandmarksConfig
    mouth: tuple[int, ...]
    upper_lip: tuple[int, ...]
    lower_lip: tuple[int, ...]
    mouth_weight: float = 4.0
    position: float = 1.0
    velocity: float = 2.0
    gap: float = 1.0
    closure: float = 0.0
    noise: SpeechNoise = field(default_factory=SpeechNoise)

    def __post_init__(self) -> None:
        not_below_zero(self, "mouth_weight", "position", "velocity", "gap", "closure")
        if not self.upper_lip or len(self.upper_lip) != len(self.lower_lip):
            raise ValueError(
                f"SpeechObjectiveConfig has {len(self.upper_lip)} upper and {len(self.lower_lip)} lower lip points: "
                "give as many of each, at least one"
            )
        for index in (*self.mouth, *self.upper_lip, *self.lower_lip):
            if not 0 <= index < self.network.points:
                raise ValueError(
                    f"SpeechObjectiveConfig names point {index}: give indices from 0 to {self.network.points - 1}"
                )


class SpeechObjective(Objective):
    """Batch: ``mfcc``, ``portrait``, ``landmarks``, ``emotion``, ``present``."""

    weights: Tensor

    def __init__(self, config: SpeechObjectiveConfig) -> None:
        super().__init__()
        self.config = config
        self.network = Speech2Landmarks(config.network)
        weights = point_weights(config.network.points, config.mouth, config.mouth_weight)
        self.register_buffer("weights", weights, persistent=False)

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"speech2landmarks": self.network}

    def calibrate(self, batch: Batch) -> None:
        """Take scales from a batch, as large as memory allows, once before training."""
        present = batch["present"]
        portraits = batch["portrait"][:, None].expand_as(batch["landmarks"])
        self.network.fit_statistics(batch["mfcc"][present], portraits[present], batch["landmarks"][present])

    def generator_losses(self, batch: Batch, random: torch.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        config, true, present = self.config, batch["landmarks"], batch["present"]
        mfcc = config.noise.disturb(batch["mfcc"], self.network.audio.std, random)
        made = self.network(mfcc, batch["portrait"], batch["emotion"])
        losses = {
            "position": config.position * position_loss(made, true, present, self.weights),
            "velocity": config.velocity * velocity_loss(made, true, present, self.weights),
            "gap": config.gap * gap_loss(made, true, present, config.upper_lip, config.lower_lip),
        }
        if config.closure:
            lips = config.upper_lip, config.lower_lip
            losses["closure"] = config.closure * closure_loss(made, true, present, *lips)
        return losses, {}

    @torch.no_grad()
    def sample(self, batch: Batch) -> dict[str, Tensor]:
        """``lip_gap`` ``(B, T, 2)``: predicted and true, mean over pairs; ``made`` and ``true`` landmarks
        ``(B, T, P, 3)``. True ones are NaN where no face was tracked."""
        with evaluating(self):
            made = self.network(batch["mfcc"], batch["portrait"], batch["emotion"])
        true = keep(batch["landmarks"], batch["present"])
        gaps = [lip_gap(x, self.config.upper_lip, self.config.lower_lip).mean(dim=-1) for x in (made, true)]
        absent = ~batch["present"]
        return {
            "lip_gap": torch.stack([gaps[0], gaps[1].masked_fill(absent, torch.nan)], dim=-1),
            "made": made,
            "true": true.masked_fill(absent[..., None, None], torch.nan),
        }


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Inside, `module` is in evaluation mode; after, in the mode it was in."""
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)


def not_below_zero(config: object, *names: str) -> None:
    """Raise ValueError where a field of `names` is below 0."""
    for name in names:
        if getattr(config, name) < 0:
            raise ValueError(f"{type(config).__name__}.{name} is {getattr(config, name)}: give 0 or more")
