"""Head pose from speech (SPACE): a generator of motion that differs with noise, and its critic.

A pose is ``pitch, yaw, roll`` in degrees and a translation ``x, y, z`` relative to the first frame in normalized units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from space_ref.sequence import SequenceConfig, SequenceTrunk, Standardize, TrunkState

POSE = 6


@dataclass(frozen=True)
class PoseGeneratorConfig(SequenceConfig):
    """Attributes beyond `SequenceConfig`:

    noise: length Z of the noise vector.
    periods: shortest and longest period, in frames, of the oscillations that the noise sets in phase.
    reach: how far the pose may go from the initial one, in standard deviations of the training data.
    """

    noise: int = 16
    periods: tuple[float, float] = (20.0, 400.0)
    reach: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_least(1, "noise")
        if not 2 <= self.periods[0] < self.periods[1]:
            raise ValueError(f"PoseGeneratorConfig.periods is {self.periods}: give 2 frames or more, rising")
        if self.reach <= 0:
            raise ValueError(f"PoseGeneratorConfig.reach is {self.reach}: give a number above 0")


@dataclass(frozen=True)
class PoseState:
    """State of a stream: what it began with, the frames read, the first raw output ``(B, 1, 6)`` and the trunk's."""

    initial: Tensor
    noise: Tensor
    frames: int
    origin: Tensor | None
    trunk: TrunkState


class PoseGenerator(nn.Module):
    """Pose sequences: the first frame equals the initial pose, all stay within `reach` of it.

    Each noise entry also sets the phase of a slow oscillation that the trunk reads beside the speech: the head then
    has something to move by where the speech is silent, and something else for other noise.
    """

    periods: Tensor

    def __init__(self, config: PoseGeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.audio = Standardize(config.mfcc)
        self.pose = Standardize(POSE)
        self.trunk = SequenceTrunk(config.mfcc + 2 * config.noise, POSE + config.noise, config)
        self.head = nn.Linear(config.hidden, POSE)
        shortest, longest = (math.log(period) for period in config.periods)
        periods = torch.linspace(shortest, longest, config.noise, dtype=torch.float64).exp()
        self.register_buffer("periods", periods, persistent=False)

    def fit_statistics(self, mfcc: Tensor, pose: Tensor) -> None:
        """Take means and scales from training frames: mfcc ``(N, 40)``, pose ``(N, 6)``."""
        self.audio.fit(mfcc, floor=0.0)
        self.pose.fit(pose, floor=0.0)

    def forward(self, mfcc: Tensor, initial: Tensor, noise: Tensor) -> Tensor:
        """Poses ``(B, T, 6)`` from mfcc ``(B, T, 40)``, initial pose ``(B, 6)`` and standard normal noise ``(B, Z)``."""
        features = self.trunk(self._inputs(mfcc, noise, 0), self._condition(initial, noise))
        raw = self.head(features)
        return self._pose(initial, raw, raw[:, :1])

    def start(self, initial: Tensor, noise: Tensor) -> PoseState:
        """State of a stream for each row of `initial` ``(B, 6)`` and `noise` ``(B, Z)``."""
        return PoseState(initial, noise, 0, None, self.trunk.start(len(initial)))

    def step(self, mfcc: Tensor, state: PoseState) -> tuple[Tensor, PoseState]:
        """Poses that the next frames ``(B, n, 40)`` make available; they come `lookahead` frames late."""
        inputs = self._inputs(mfcc, state.noise, state.frames)
        features, trunk = self.trunk.step(inputs, self._condition(state.initial, state.noise), state.trunk)
        poses, origin = self._continue(features, state)
        return poses, PoseState(state.initial, state.noise, state.frames + mfcc.shape[1], origin, trunk)

    def finish(self, state: PoseState) -> Tensor:
        """Poses ``(B, m, 6)`` of the frames that still wait."""
        return self._continue(self.trunk.finish(state.trunk), state)[0]

    def _continue(self, features: Tensor, state: PoseState) -> tuple[Tensor, Tensor | None]:
        raw = self.head(features)
        origin = state.origin
        if origin is None and raw.shape[1]:
            origin = raw[:, :1].clone()
        return (raw, None) if origin is None else (self._pose(state.initial, raw, origin), origin)

    def _inputs(self, mfcc: Tensor, noise: Tensor, first: int) -> Tensor:
        if noise.shape[1:] != (self.config.noise,):
            raise ValueError(f"noise has shape {tuple(noise.shape)}: give (B, {self.config.noise})")
        # erf makes a uniform phase of normal noise. Double precision: frame numbers grow without end.
        phase = math.pi * torch.erf(noise / math.sqrt(2)).double()
        frames = torch.arange(first, first + mfcc.shape[1], device=mfcc.device, dtype=torch.float64)
        angle = 2 * math.pi * frames[:, None] / self.periods.double() + phase[:, None]
        return torch.cat([self.audio(mfcc), angle.sin().to(mfcc.dtype), angle.cos().to(mfcc.dtype)], dim=-1)

    def _condition(self, initial: Tensor, noise: Tensor) -> Tensor:
        return torch.cat([self.pose(initial), noise], dim=-1)

    def _pose(self, initial: Tensor, raw: Tensor, origin: Tensor) -> Tensor:
        reach = self.config.reach
        return initial[:, None] + self.pose.std * reach * torch.tanh((raw - origin) / reach)


@dataclass(frozen=True)
class PoseCriticConfig:
    """Attributes:

    mfcc: coefficients of a frame of speech.
    hidden: channels of the critic.
    layers: convolutions; each but the first halves the rate.
    """

    mfcc: int = 40
    hidden: int = 128
    layers: int = 4

    def __post_init__(self) -> None:
        for name in ("mfcc", "hidden", "layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"PoseCriticConfig.{name} is {getattr(self, name)}: give at least 1")


class PoseCritic(nn.Module):
    """Patch critic of poses, their velocities and the speech: one number for each stretch of a sequence of any length.

    It sees velocities since jitter hides in positions.
    """

    KERNEL = 5

    def __init__(self, config: PoseCriticConfig) -> None:
        super().__init__()
        self.audio, self.pose, self.velocity = Standardize(config.mfcc), Standardize(POSE), Standardize(POSE)
        channels = [2 * POSE + config.mfcc] + [config.hidden] * config.layers
        self.strides = [1] + [2] * (config.layers - 1)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels[k], channels[k + 1], self.KERNEL, stride, self.KERNEL // 2)
            for k, stride in enumerate(self.strides)
        )
        self.head = nn.Conv1d(config.hidden, 1, 1)

    def fit_statistics(self, mfcc: Tensor, pose: Tensor, velocity: Tensor) -> None:
        """Take means and scales from training frames: mfcc ``(N, 40)``, pose ``(N, 6)``, velocity ``(M, 6)``."""
        for standard, samples in ((self.audio, mfcc), (self.pose, pose), (self.velocity, velocity)):
            standard.fit(samples, floor=0.0)

    def forward(self, pose: Tensor, mfcc: Tensor) -> Tensor:
        """Pose ``(B, T, 6)`` and mfcc ``(B, T, 40)`` -> verdicts ``(B, T')``, high for real motion."""
        still = torch.zeros_like(pose[:, :1])
        velocity = torch.cat([still, pose.diff(dim=1)], dim=1)
        x = torch.cat([self.pose(pose), self.velocity(velocity), self.audio(mfcc)], dim=-1).transpose(1, 2)
        for convolution in self.convolutions:
            x = functional.leaky_relu(convolution(x), 0.2)
        out: Tensor = self.head(x)[:, 0]
        return out

    def patches(self, present: Tensor) -> Tensor:
        """Which verdicts ``(B, T')`` rest on present frames only: present ``(B, T)`` bool -> bool."""
        # A velocity also rests on the frame before.
        missing = ~present
        missing = missing | functional.pad(missing[:, :-1], (1, 0))
        x = missing[:, None].float()
        for stride in self.strides:
            x = functional.max_pool1d(x, self.KERNEL, stride, self.KERNEL // 2)
        return x[:, 0] == 0
