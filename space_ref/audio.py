"""Mel-frequency cepstral coefficients: what the networks hear, one column a video frame.

The numbers are those of ``librosa.feature.mfcc`` (librosa 0.11; centred windows, zeros beyond both ends, periodic Hann
window, Slaney mel filters, power in decibels, orthonormal DCT-II), computed in one call and in float64 whatever comes
in. Sound arrives at the configured rate: nothing is resampled here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

POWER_FLOOR = 1e-10


@dataclass(frozen=True)
class MfccConfig:
    """How sound becomes columns. The defaults are those of SPACE: 40 coefficients, 1024 samples at 22.05 kHz, 30 fps.

    Attributes:
        rate: samples a second.
        fps: columns a second. Column ``t`` is centred at sample ``round(t * rate / fps)``; where ``rate / fps`` is a
            whole number this is librosa with that ``hop_length``.
        count: coefficients a column.
        window: samples a column looks at; even.
        mels: mel bands between 0 Hz and half the rate.
        top_db: the quietest band lies at most so many decibels under the loudest one of the whole clip; None lets it
            fall to -100 dB, which is the only choice that can be streamed.

    Raises:
        ValueError: a value is out of range.
    """

    rate: int = 22050
    fps: float = 30.0
    count: int = 40
    window: int = 1024
    mels: int = 128
    top_db: float | None = 80.0

    def __post_init__(self) -> None:
        if self.rate <= 2000:
            raise ValueError(f"rate: expected more than 2000 samples a second, got {self.rate}")
        if not 0 < self.fps <= self.rate:
            raise ValueError(f"fps: expected more than 0 and at most the rate ({self.rate}), got {self.fps}")
        if self.window < 2 or self.window % 2:
            raise ValueError(f"window: expected an even number of samples, got {self.window}")
        if not 0 < self.count <= self.mels:
            raise ValueError(f"count: expected 1 to {self.mels} coefficients (as many as mel bands), got {self.count}")
        if self.top_db is not None and not self.top_db >= 0:
            raise ValueError(f"top_db: expected None or at least 0 dB, got {self.top_db}")

    def columns(self, samples: int) -> int:
        """How many columns a clip of so many samples has: those whose centres lie at or before its end."""
        last = int(samples * self.fps / self.rate)
        while round((last + 1) * self.rate / self.fps) <= samples:
            last += 1
        while round(last * self.rate / self.fps) > samples:
            last -= 1
        return last + 1


def mfcc(samples: Tensor, config: MfccConfig, frames: int | None = None) -> Tensor:
    """The columns of whole clips. For sound without end, or hours of it, use `MfccStream`.

    Args:
        samples: ``(S,)`` or ``(B, S)`` floats in -1..1 at ``config.rate``.
        config: see `MfccConfig`. With ``top_db``, each clip of a batch has its own loudest band.
        frames: exactly so many columns; beyond the end of the sound there is silence. None: ``config.columns(S)``.

    Returns:
        ``(T, count)`` or ``(B, T, count)``, in the type of `samples`. Equal to librosa's on the same samples in float64
        within 1e-4, before the result is rounded to a narrower type.

    Raises:
        ValueError: another shape, whole numbers, or samples that are not finite.
    """
    _check(samples, dims=(1, 2))
    total = config.columns(samples.shape[-1]) if frames is None else frames
    if total < 0:
        raise ValueError(f"frames: expected at least 0, got {total}")
    half = config.window // 2
    centres = _centres(0, total, config)
    end = int(centres[-1]) + half if total else 0
    sound = samples.double() if samples.dim() == 2 else samples.double()[None]
    padded = torch.nn.functional.pad(sound, (half, max(end - sound.shape[-1], 0)))
    columns = _columns(padded, centres, config).to(samples.dtype)
    return columns[0] if samples.dim() == 1 else columns


class MfccStream:
    """`mfcc` of sound that arrives in pieces. Memory does not grow with the length of the sound.

    A column is complete once the second half of its window is heard: it comes ``window / 2`` samples (23 ms) late. All
    columns together are those of `mfcc` on the whole sound within 1e-5, however it was cut.

    Raises:
        ValueError: ``config.top_db`` is set: it depends on the whole clip.
    """

    def __init__(self, config: MfccConfig) -> None:
        if config.top_db is not None:
            raise ValueError(f"top_db {config.top_db} needs the whole clip: stream with top_db=None, or use mfcc")
        self.config = config
        self._half = config.window // 2
        self._kept: Tensor | None = None
        self._start = -self._half
        self._received = 0
        self._emitted = 0
        self._finished = False

    def push(self, samples: Tensor) -> Tensor:
        """The columns ``(n, count)`` that these ``(S,)`` samples complete; n may be 0.

        Raises:
            ValueError: another shape, whole numbers, samples that are not finite, or a stream that is finished.
        """
        _check(samples, dims=(1,))
        if self._finished:
            raise ValueError("this stream is finished: start a new one for other sound")
        before = samples.new_zeros(self._half) if self._kept is None else self._kept
        self._kept = torch.cat([before, samples])
        self._received += len(samples)
        heard = self._received - self._half
        return self._emit(self.config.columns(heard) if heard >= 0 else 0)

    def finish(self, frames: int | None = None) -> Tensor:
        """The columns ``(n, count)`` that are left when the sound has ended.

        Args:
            frames: how many columns the whole sound shall have; None: as many as `mfcc` gives.

        Raises:
            ValueError: the stream is finished already, or more than `frames` columns have been given out.
        """
        if self._finished:
            raise ValueError("this stream is finished already")
        total = self.config.columns(self._received) if frames is None else frames
        if total < self._emitted:
            raise ValueError(f"frames: {self._emitted} columns have been given out, more than the {total} asked for")
        self._finished = True
        kept = torch.zeros(self._half) if self._kept is None else self._kept
        end = round((total - 1) * self.config.rate / self.config.fps) + self._half
        missing = max(end - self._start - len(kept), 0)
        self._kept = torch.nn.functional.pad(kept, (0, missing))
        return self._emit(total)

    def _emit(self, total: int) -> Tensor:
        assert self._kept is not None
        centres = _centres(self._emitted, max(total - self._emitted, 0), self.config) - self._start - self._half
        columns = _columns(self._kept.double()[None], centres, self.config)[0].to(self._kept.dtype)
        self._emitted += len(columns)
        following = round(self._emitted * self.config.rate / self.config.fps) - self._half
        spent = min(following - self._start, len(self._kept))
        # A copy, so that the spent samples are freed.
        self._kept = self._kept[spent:].clone()
        self._start += spent
        return columns


def _check(samples: Tensor, dims: tuple[int, ...]) -> None:
    if samples.dim() not in dims:
        wanted = " or ".join({1: "(S,)", 2: "(B, S)"}[k] for k in dims)
        raise ValueError(f"samples: expected shape {wanted}, got {tuple(samples.shape)}")
    if not samples.is_floating_point():
        raise ValueError(f"samples: expected floats in -1..1, got {samples.dtype}: divide whole numbers by their range")
    if not torch.isfinite(samples).all():
        raise ValueError("samples: some are NaN or infinite: repair the sound first")


def _centres(first: int, count: int, config: MfccConfig) -> Tensor:
    """``(count,)`` sample numbers. Halves go to the even neighbour, as in Python's own `round`."""
    number = torch.arange(first, first + count, dtype=torch.float64)
    return torch.round(number * config.rate / config.fps).long()


def _columns(padded: Tensor, centres: Tensor, config: MfccConfig) -> Tensor:
    """``(B, S)`` float64 -> ``(B, T, count)``; the window of a column starts at its number in `centres`."""
    if not len(padded) or not len(centres):
        # Some FFT libraries refuse a transform of nothing.
        return padded.new_zeros(len(padded), len(centres), config.count)
    hann, filters, cosines = (table.to(padded.device) for table in _tables(config))
    index = (centres[:, None] + torch.arange(config.window)).to(padded.device)
    spectrum = torch.fft.rfft(padded[:, index] * hann)
    power = (spectrum.real.square() + spectrum.imag.square()) @ filters
    level = 10 * torch.log10(power.clamp(min=POWER_FLOOR))
    if config.top_db is not None:
        level = torch.maximum(level, level.amax(dim=(1, 2), keepdim=True) - config.top_db)
    return level @ cosines


@lru_cache(maxsize=8)
def _tables(config: MfccConfig) -> tuple[Tensor, Tensor, Tensor]:
    """Window ``(window,)``, mel filters ``(window / 2 + 1, mels)`` and cosines ``(mels, count)``, float64."""
    hann = torch.hann_window(config.window, periodic=True, dtype=torch.float64)
    return hann, mel_filters(config.rate, config.window, config.mels), _cosines(config)


def mel_filters(rate: int, window: int, mels: int, low: float = 0.0, high: float | None = None) -> Tensor:
    """Triangles of equal area on the mel scale of Slaney's Auditory Toolbox (1998): linear to 1 kHz, then log.

    Args:
        rate: samples a second. window: samples of the Fourier transform. mels: bands.
        low, high: Hz between which the bands lie, 1 kHz between them; by default all that the rate can hold.

    Returns:
        ``(window / 2 + 1, mels)`` float64, as ``librosa.filters.mel`` (transposed) with its default scale and norm.
    """
    highest = 15 + 27 * math.log((rate / 2 if high is None else high) / 1000) / math.log(6.4)
    scale = torch.linspace(low * 3 / 200, highest, mels + 2, dtype=torch.float64)
    edges = torch.where(scale < 15, scale * 200 / 3, 1000 * torch.exp((scale - 15) * math.log(6.4) / 27))
    bins = torch.linspace(0, rate / 2, window // 2 + 1, dtype=torch.float64)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0) * 2 / (edges[2:] - edges[:-2])


def _cosines(config: MfccConfig) -> Tensor:
    """The orthonormal DCT-II, cut to the first `count` coefficients."""
    place = (torch.arange(config.mels, dtype=torch.float64)[:, None] + 0.5) / config.mels
    table = torch.cos(math.pi * place * torch.arange(config.count)) * math.sqrt(2 / config.mels)
    table[:, 0] /= math.sqrt(2)
    return table
