"""Landmarks2Latents (SPACE, stage 2): posed landmarks, speech and an emotion move the latent keypoints of a portrait."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from space_ref.sequence import SequenceConfig, SequenceTrunk, Standardize, TrunkState

# Portraits differ at least this much, whatever a small training set says.
PORTRAIT_SPREAD = 0.02


@dataclass(frozen=True)
class Landmarks2LatentsConfig(SequenceConfig):
    """Attributes beyond `SequenceConfig`:

    points: landmarks P of a face. keypoints: latent keypoints K.
    emotions: length of the emotion vector.
    use_audio, use_landmarks: the inputs; without one it is the paper's ablation, and the network has no such input.
    linear: add a linear map of landmark displacements to keypoint displacements, to which the LSTM adds the rest. Head
        motion is nearly linear, so that little data suffices for it.
    portrait_code: numbers that tell the trunk what the portrait looks like.
    """

    points: int
    keypoints: int
    emotions: int = 8
    use_audio: bool = True
    use_landmarks: bool = True
    linear: bool = True
    portrait_code: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_least(1, "points", "keypoints", "emotions", "portrait_code")
        if not (self.use_audio or self.use_landmarks):
            raise ValueError("Landmarks2LatentsConfig has neither audio nor landmarks: set use_audio or use_landmarks")


@dataclass(frozen=True)
class LatentsState:
    """State of a stream.

    Attributes:
        keypoints: ``(B, K, 3)`` of the portrait. portrait: ``(B, P, 3)`` its landmarks, None without landmarks.
        code: ``(B, 1, portrait_code)``. linear: ``(B, m, K * 3)`` linear terms of the frames that wait.
        trunk: the trunk's state.
    """

    keypoints: Tensor
    portrait: Tensor | None
    code: Tensor
    linear: Tensor
    trunk: TrunkState


class Landmarks2Latents(nn.Module):
    """Keypoints = portrait's keypoints + linear term + what the LSTM adds. Untrained, they stand still.

    Landmarks in frame units, keypoints in [-1, 1] image coordinates.
    """

    motion_scale: Tensor

    def __init__(self, config: Landmarks2LatentsConfig) -> None:
        super().__init__()
        self.config = config
        landmarks, keypoints = config.points * 3, config.keypoints * 3
        self.audio = Standardize(config.mfcc) if config.use_audio else None
        self.displacement = Standardize(landmarks) if config.use_landmarks else None
        self.linear = nn.Linear(landmarks, keypoints, bias=False) if config.use_landmarks and config.linear else None
        portrait = keypoints + landmarks * config.use_landmarks
        self.portrait = Standardize(portrait)
        self.encoder = nn.Linear(portrait, config.portrait_code)
        inputs = config.mfcc * config.use_audio + landmarks * config.use_landmarks + config.portrait_code
        self.trunk = SequenceTrunk(inputs, config.emotions, config)
        self.head = nn.Linear(config.hidden, keypoints)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        if self.linear is not None:
            nn.init.zeros_(self.linear.weight)
        self.register_buffer("motion_scale", torch.ones(keypoints))

    def fit_statistics(
        self,
        mfcc: Tensor,
        posed: Tensor,
        portrait_posed: Tensor,
        keypoints: Tensor,
        portrait_keypoints: Tensor,
        ridge: float,
    ) -> None:
        """Take scales from N training frames, and the linear term by ridge regression, once before training.

        Args:
            mfcc: ``(N, 40)``. posed, portrait_posed: ``(N, P, 3)``. keypoints, portrait_keypoints: ``(N, K, 3)``; row
                by row a frame and the portrait it belongs to.
            ridge: strength of the regression's prior, as a share of the mean variance of a displacement.
        """
        motion = Standardize(self.config.keypoints * 3)
        motion.fit((keypoints - portrait_keypoints).flatten(1))
        self.motion_scale.copy_(motion.std)
        portraits = self._portrait(portrait_keypoints, portrait_posed)
        self.portrait.fit(portraits, floor=1.0, least=PORTRAIT_SPREAD)
        if self.audio is not None:
            self.audio.fit(mfcc, floor=0.0)
        if self.displacement is not None:
            displacement = (posed - portrait_posed).flatten(1)
            self.displacement.fit(displacement)
            # No displacement must stay no displacement.
            self.displacement.mean.zero_()
            if self.linear is not None:
                target = (keypoints - portrait_keypoints).flatten(1) / self.motion_scale
                weight = _ridge(self.displacement(displacement), target, ridge)
                self.linear.weight.data.copy_(weight.T)

    def forward(
        self,
        posed: Tensor | None,
        portrait_posed: Tensor | None,
        portrait_keypoints: Tensor,
        mfcc: Tensor | None,
        emotion: Tensor,
    ) -> Tensor:
        """Keypoints ``(B, T, K, 3)`` of a whole sequence.

        Args:
            posed: ``(B, T, P, 3)``. portrait_posed: ``(B, P, 3)``. Neither is read without landmarks.
            portrait_keypoints: ``(B, K, 3)``.
            mfcc: ``(B, T, 40)``; not read without audio.
            emotion: ``(B, 8)`` or ``(B, T, 8)`` intensities.

        Raises:
            ValueError: An input that the network uses is None.
        """
        code = self._code(portrait_keypoints, portrait_posed)
        inputs, linear = self._inputs(posed, portrait_posed, mfcc, code)
        return self._keypoints(portrait_keypoints, self.trunk(inputs, emotion), linear)

    def start(self, portrait_keypoints: Tensor, portrait_posed: Tensor | None) -> LatentsState:
        """State of a stream for each portrait."""
        code = self._code(portrait_keypoints, portrait_posed)
        linear = portrait_keypoints.new_zeros(len(code), 0, self.config.keypoints * 3)
        return LatentsState(portrait_keypoints, portrait_posed, code, linear, self.trunk.start(len(code)))

    def step(
        self, posed: Tensor | None, mfcc: Tensor | None, emotion: Tensor, state: LatentsState
    ) -> tuple[Tensor, LatentsState]:
        """Keypoints that the next frames make available; they come `lookahead` frames late. Inputs as in `forward`."""
        inputs, linear = self._inputs(posed, state.portrait, mfcc, state.code)
        linear = torch.cat([state.linear, linear], dim=1)
        features, trunk = self.trunk.step(inputs, emotion, state.trunk)
        ready = features.shape[1]
        made = self._keypoints(state.keypoints, features, linear[:, :ready])
        return made, LatentsState(state.keypoints, state.portrait, state.code, linear[:, ready:].clone(), trunk)

    def finish(self, state: LatentsState) -> Tensor:
        """Keypoints ``(B, m, K, 3)`` of the frames that still wait."""
        return self._keypoints(state.keypoints, self.trunk.finish(state.trunk), state.linear)

    def _portrait(self, keypoints: Tensor, posed: Tensor | None) -> Tensor:
        if not self.config.use_landmarks:
            return keypoints.flatten(1)
        return torch.cat([keypoints.flatten(1), _needed("portrait_posed", posed).flatten(1)], dim=1)

    def _code(self, keypoints: Tensor, posed: Tensor | None) -> Tensor:
        code: Tensor = self.encoder(self.portrait(self._portrait(keypoints, posed)))[:, None]
        return code

    def _inputs(
        self, posed: Tensor | None, portrait: Tensor | None, mfcc: Tensor | None, code: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Input of the trunk ``(B, T, C)`` and the linear term ``(B, T, K * 3)``."""
        parts, linear = [], None
        if self.audio is not None:
            parts.append(self.audio(_needed("mfcc", mfcc)))
        if self.displacement is not None:
            moved = _needed("posed", posed) - _needed("portrait_posed", portrait)[:, None]
            parts.append(self.displacement(moved.flatten(2)))
            linear = None if self.linear is None else self.linear(parts[-1])
        inputs = torch.cat([*parts, code.expand(-1, parts[0].shape[1], -1)], dim=-1)
        if linear is None:
            linear = inputs.new_zeros(*inputs.shape[:2], self.config.keypoints * 3)
        return inputs, linear

    def _keypoints(self, portrait: Tensor, features: Tensor, linear: Tensor) -> Tensor:
        motion: Tensor = (linear + self.head(features)) * self.motion_scale
        return portrait[:, None] + motion.unflatten(-1, (self.config.keypoints, 3))


def _needed(name: str, value: Tensor | None) -> Tensor:
    if value is None:
        raise ValueError(f"{name} is None, but the network was configured to use it: pass it")
    return value


def _ridge(inputs: Tensor, targets: Tensor, strength: float) -> Tensor:
    """Weights ``(C, D)`` of the least squares ``inputs @ weights = targets`` with a prior of 0."""
    x, y = inputs.double(), targets.double()
    gram = x.T @ x
    prior = strength * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    return torch.linalg.solve(gram + prior, x.T @ y)
