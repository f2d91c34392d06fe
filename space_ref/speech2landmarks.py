"""Speech2Landmarks (SPACE, stage 1): speech and an emotion move the normalized landmarks of a portrait."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from space_ref.sequence import SequenceConfig, SequenceTrunk, Standardize, TrunkState

# Faces differ at least this much, whatever a small training set says.
PORTRAIT_SPREAD = 0.02


@dataclass(frozen=True)
class Speech2LandmarksConfig(SequenceConfig):
    """Attributes beyond `SequenceConfig`:

    points: landmarks P of a face.
    emotions: length of the emotion vector.
    rank: how many shapes the motion is a mixture of.
    portrait_code: numbers that tell the trunk what the portrait looks like; few, so that it cannot know faces by heart.
    """

    points: int
    emotions: int = 8
    rank: int = 64
    portrait_code: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_least(1, "points", "emotions", "rank", "portrait_code")


@dataclass(frozen=True)
class SpeechState:
    """State of a stream: the portrait ``(B, P, 3)``, its code ``(B, 1, portrait_code)`` and the trunk's state."""

    portrait: Tensor
    code: Tensor
    trunk: TrunkState


class Speech2Landmarks(nn.Module):
    """Landmarks = portrait + motion. Untrained, the portrait stands still.

    Landmarks are normalized: head pose taken out, one inter-ocular distance is 1.
    """

    motion_scale: Tensor

    def __init__(self, config: Speech2LandmarksConfig) -> None:
        super().__init__()
        self.config = config
        self.audio = Standardize(config.mfcc)
        self.portrait = Standardize(config.points * 3)
        self.encoder = nn.Linear(config.points * 3, config.portrait_code)
        self.trunk = SequenceTrunk(config.mfcc + config.portrait_code, config.emotions, config)
        self.mixture = nn.Linear(config.hidden, config.rank)
        self.shapes = nn.Linear(config.rank, config.points * 3)
        nn.init.zeros_(self.mixture.weight)
        nn.init.zeros_(self.mixture.bias)
        nn.init.zeros_(self.shapes.bias)
        self.register_buffer("motion_scale", torch.ones(config.points * 3))

    def fit_statistics(self, mfcc: Tensor, portraits: Tensor, landmarks: Tensor) -> None:
        """Take scales from training data, once before training.

        Args:
            mfcc: ``(N, 40)`` frames. portraits: ``(N, P, 3)``. landmarks: ``(N, P, 3)`` frames, each of the portrait
                in its row.
        """
        self.audio.fit(mfcc, floor=0.0)
        self.portrait.fit(portraits.flatten(1), floor=1.0, least=PORTRAIT_SPREAD)
        motion = Standardize(self.config.points * 3)
        moved = (landmarks - portraits).flatten(1)
        motion.fit(moved)
        self.motion_scale.copy_(motion.std)
        self._begin_with_components(moved / motion.std)

    @torch.no_grad()
    def _begin_with_components(self, motion: Tensor) -> None:
        """Let the shapes begin as principal components of the motion ``(N, 3 P)`` about none at all.

        Shapes that begin at zero and must be found together with what mixes them can stay without a direction for
        good: two emotions with the same lips and opposite brows kept one mean brow through 9,000 steps.
        """
        variances, components = torch.linalg.eigh(motion.mT @ motion / len(motion))
        count = min(self.config.rank, len(variances))
        # `eigh` sorts upwards. Scaled so that mixtures of about 1 are motions as they occur.
        found = components[:, -count:] * variances[-count:].clamp_min(0).sqrt()
        self.shapes.weight[:, :count] = found.flip(1)

    def forward(self, mfcc: Tensor, portrait: Tensor, emotion: Tensor) -> Tensor:
        """Landmarks ``(B, T, P, 3)`` of a whole sequence.

        Args:
            mfcc: ``(B, T, 40)``. portrait: ``(B, P, 3)``. emotion: ``(B, 8)`` or ``(B, T, 8)`` intensities.
        """
        features = self.trunk(self._inputs(mfcc, self._code(portrait)), emotion)
        return self._landmarks(portrait, features)

    def start(self, portrait: Tensor) -> SpeechState:
        """State of a stream for each portrait of ``(B, P, 3)``."""
        return SpeechState(portrait, self._code(portrait), self.trunk.start(len(portrait)))

    def step(self, mfcc: Tensor, emotion: Tensor, state: SpeechState) -> tuple[Tensor, SpeechState]:
        """Landmarks that the next frames ``(B, n, 40)`` make available; they come `lookahead` frames late."""
        features, trunk = self.trunk.step(self._inputs(mfcc, state.code), emotion, state.trunk)
        return self._landmarks(state.portrait, features), SpeechState(state.portrait, state.code, trunk)

    def finish(self, state: SpeechState) -> Tensor:
        """Landmarks ``(B, m, P, 3)`` of the frames that still wait."""
        return self._landmarks(state.portrait, self.trunk.finish(state.trunk))

    def _code(self, portrait: Tensor) -> Tensor:
        if portrait.shape[1:] != (self.config.points, 3):
            raise ValueError(f"portrait has shape {tuple(portrait.shape)}: give (B, {self.config.points}, 3)")
        code: Tensor = self.encoder(self.portrait(portrait.flatten(1)))[:, None]
        return code

    def _inputs(self, mfcc: Tensor, code: Tensor) -> Tensor:
        return torch.cat([self.audio(mfcc), code.expand(-1, mfcc.shape[1], -1)], dim=-1)

    def _landmarks(self, portrait: Tensor, features: Tensor) -> Tensor:
        motion: Tensor = self.shapes(self.mixture(features)) * self.motion_scale
        return portrait[:, None] + motion.unflatten(-1, (self.config.points, 3))
