"""The trunk of all sequence networks: frames in, features out, causal but for a stated look-ahead.

Per-frame encoder, convolutions over time, then LSTM layers with FiLM before each. It reads a whole sequence at once or
chunk by chunk; both give the same numbers. Beyond either end of the sequence its encoded edge frame is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from space_ref.film import Film, over_time

Memory = tuple[tuple[Tensor, Tensor], ...]


@dataclass(frozen=True, kw_only=True)
class SequenceConfig:
    """What all sequence networks share; a network's own configuration extends it.

    Attributes:
        mfcc: coefficients of a frame of speech.
        hidden: channels of the trunk.
        layers: LSTM layers.
        convolutions: convolutions over time, which divide `lookback` and `lookahead` among them.
        lookback, lookahead: frames before and after a frame that the convolutions see; `lookahead` is the delay.
        dropout: share of the features dropped while training.
    """

    mfcc: int = 40
    hidden: int = 512
    layers: int = 2
    convolutions: int = 2
    lookback: int = 4
    lookahead: int = 4
    dropout: float = 0.1

    def __post_init__(self) -> None:
        self.at_least(1, "mfcc", "hidden", "layers", "convolutions")
        self.at_least(0, "lookback", "lookahead")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"{type(self).__name__}.dropout is {self.dropout}: give 0 or more, below 1")

    def at_least(self, least: int, *names: str) -> None:
        """Raise ValueError where a field of `names` is below `least`."""
        for name in names:
            if getattr(self, name) < least:
                raise ValueError(f"{type(self).__name__}.{name} is {getattr(self, name)}: give at least {least}")


class Standardize(nn.Module):
    """``(x - mean) / std`` with statistics of the training data, kept in the state dict; at first the identity."""

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Take `mean` and `std`, each ``(C,)``; ValueError if they are not finite or a `std` is not above 0."""
        for name, values in (("mean", mean), ("std", std)):
            if values.shape != (self.channels,) or not bool(torch.isfinite(values).all()):
                raise ValueError(f"{name} has shape {tuple(values.shape)}: give {self.channels} finite values")
        if not bool((std > 0).all()):
            raise ValueError(f"std is {float(std.min()):g} in channel {int(std.argmin())}: give values above 0")
        self.mean.copy_(mean)
        self.std.copy_(std)

    def fit(self, samples: Tensor, floor: float = 0.1, least: float = 1e-4) -> None:
        """Take the statistics of `samples` ``(N, C)``.

        No `std` falls below `floor` times the root mean square over channels nor below `least`, so that a channel
        that hardly moves in training is not blown up later.
        """
        std = samples.std(dim=0, unbiased=False)
        rms = float(std.square().mean().sqrt())
        self.set_statistics(samples.mean(dim=0), std.clamp(min=max(floor * rms, least)))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class TimeConvolution(nn.Module):
    """Depthwise, then pointwise convolution added to its input: ``(B, T, C)`` -> ``(B, T - back - ahead, C)``."""

    def __init__(self, channels: int, back: int, ahead: int) -> None:
        super().__init__()
        self.back, self.ahead = back, ahead
        self.depthwise = nn.Conv1d(channels, channels, back + 1 + ahead, groups=channels)
        self.pointwise = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        centre = x[:, self.back : x.shape[1] - self.ahead]
        out: Tensor = centre + self.pointwise(functional.gelu(mixed))
        return out


class RecurrentLayer(nn.Module):
    """``x + LSTM(FiLM(norm(x)))``: one LSTM layer under a condition."""

    def __init__(self, channels: int, conditions: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.film = Film(channels, conditions)
        self.lstm = nn.LSTM(channels, channels, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, condition: Tensor, memory: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        out, memory = self.lstm(self.film(self.norm(x), condition), memory)
        return x + self.dropout(out), memory


@dataclass(frozen=True)
class TrunkState:
    """What a stream carries from chunk to chunk; its size does not grow.

    Attributes:
        features: ``(B, n, hidden)`` encoded frames: the look-back, then those that wait for their look-ahead.
        conditions: ``(B, m, E)`` of the frames that wait.
        memory: hidden and cell state ``(1, B, hidden)`` of each LSTM layer.
    """

    features: Tensor
    conditions: Tensor
    memory: Memory = field(repr=False)


class SequenceTrunk(nn.Module):
    """Frames ``(B, T, inputs)`` under a condition ``(B, E)`` or ``(B, T, E)`` -> features ``(B, T, hidden)``."""

    def __init__(self, inputs: int, conditions: int, config: SequenceConfig) -> None:
        super().__init__()
        self.inputs, self.conditions, self.config = inputs, conditions, config
        hidden, count = config.hidden, config.convolutions
        self.encoder = nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(config.dropout))
        shares = zip(_split(config.lookback, count), _split(config.lookahead, count), strict=True)
        self.convolutions = nn.Sequential(*(TimeConvolution(hidden, back, ahead) for back, ahead in shares))
        self.recurrent = nn.ModuleList(RecurrentLayer(hidden, conditions, config.dropout) for _ in range(config.layers))
        self.norm = nn.LayerNorm(hidden)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """The whole sequence at once.

        Raises:
            ValueError: `x` has other channels than `inputs`, or `condition` neither form.
        """
        encoded = self._encode(x)
        if not x.shape[1]:
            return encoded
        padded = _repeat_edges(encoded, self.config.lookback, self.config.lookahead)
        out, _ = self._run(padded, over_time(condition, x.shape[1]), self.start(len(x)).memory)
        return out

    def start(self, batch: int) -> TrunkState:
        """State before the first frame of `batch` streams."""
        like, hidden = self.norm.weight, self.config.hidden
        memory = tuple(
            (like.new_zeros(1, batch, hidden), like.new_zeros(1, batch, hidden)) for _ in range(self.config.layers)
        )
        return TrunkState(like.new_zeros(batch, 0, hidden), like.new_zeros(batch, 0, self.conditions), memory)

    def step(self, x: Tensor, condition: Tensor, state: TrunkState) -> tuple[Tensor, TrunkState]:
        """Features of all frames whose look-ahead is here, given the next frames.

        Args:
            x: ``(B, n, inputs)``, n of 0 or more. condition: ``(B, E)`` or ``(B, n, E)``, of these frames.
        """
        encoded = self._encode(x)
        if encoded.shape[1] and not state.features.shape[1]:
            encoded = _repeat_edges(encoded, self.config.lookback, 0)
        conditions = torch.cat([state.conditions, over_time(condition, x.shape[1])], dim=1)
        return self._advance(torch.cat([state.features, encoded], dim=1), conditions, state.memory)

    def finish(self, state: TrunkState) -> Tensor:
        """Features of the frames that still wait: ``(B, m, hidden)``, m up to `lookahead`."""
        if not state.conditions.shape[1]:
            return state.features[:, :0]
        features = _repeat_edges(state.features, 0, self.config.lookahead)
        return self._advance(features, state.conditions, state.memory)[0]

    def _encode(self, x: Tensor) -> Tensor:
        if x.ndim != 3 or x.shape[2] != self.inputs:
            raise ValueError(f"the input has shape {tuple(x.shape)}: give (B, T, {self.inputs})")
        encoded: Tensor = self.encoder(x)
        return encoded

    def _advance(self, features: Tensor, conditions: Tensor, memory: Memory) -> tuple[Tensor, TrunkState]:
        ready = max(features.shape[1] - self.config.lookback - self.config.lookahead, 0)
        if not ready:
            return features[:, :0], TrunkState(features, conditions, memory)
        out, memory = self._run(features, conditions[:, :ready], memory)
        # Copies, not views: a view would keep the whole chunk in memory.
        return out, TrunkState(features[:, ready:].clone(), conditions[:, ready:].clone(), memory)

    def _run(self, features: Tensor, condition: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        x, carried = self.convolutions(features), []
        for layer, before in zip(self.recurrent, memory, strict=True):
            x, after = layer(x, condition, before)
            carried.append(after)
        return self.norm(x), tuple(carried)


def _repeat_edges(x: Tensor, before: int, after: int) -> Tensor:
    return torch.cat([x[:, :1].expand(-1, before, -1), x, x[:, -1:].expand(-1, after, -1)], dim=1)


def _split(total: int, parts: int) -> list[int]:
    return [total // parts + (k < total % parts) for k in range(parts)]
