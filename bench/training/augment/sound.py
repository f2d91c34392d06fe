"""Random changes of speech: what a model trained on studio sound must learn to hear through. None moves it in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from bench.errors import BenchError

Samples = NDArray[np.float32]
QUIET = 1e-3
"""Root mean square below which a clip counts as silent: noise is measured against this level then."""


@dataclass(frozen=True)
class SoundAugment:
    """How far sound is changed. All 0 changes nothing.

    Attributes:
        gain: decibels either way.
        noise, filter, reverb: probabilities.
        snr: quietest and loudest noise as decibels of speech over noise, in any order.
        decay: longest time in seconds in which an echo falls by 60 dB.
    """

    gain: float = 9.0
    noise: float = 0.5
    snr: tuple[float, float] = (40.0, 5.0)
    filter: float = 0.3
    reverb: float = 0.2
    decay: float = 0.4

    def __post_init__(self) -> None:
        for name in ("noise", "filter", "reverb"):
            if not 0 <= getattr(self, name) <= 1:
                raise BenchError(f"augmentation: the probability {name} must lie in 0..1, found {getattr(self, name)}")


def alter(
    sound: Samples, rate: int, level: float, babble: Callable[[], Samples], settings: SoundAugment,
    random: np.random.Generator,
) -> Samples:  # fmt: skip
    """Speech in a room, in noise, over a line, louder or quieter.

    Args:
        sound: ``(S,)`` in -1..1. rate: samples a second.
        level: root mean square of the clip that it is cut from (the piece itself may be a pause).
        babble: gives ``(S,)`` of other people talking; called only where babble is drawn.
        settings: how far. random: of all choices.

    Returns:
        ``(S,)`` in -1..1, at the same time: filters have zero phase, echoes follow the direct sound.
    """
    if random.random() < settings.reverb:
        sound = _echoing(sound, rate, settings.decay, random)
    if random.random() < settings.noise:
        kind = random.integers(3)
        noise = babble() if kind == 2 else _coloured(len(sound), pink=kind == 1, random=random)
        strength = max(level, QUIET) * 10 ** (-random.uniform(min(settings.snr), max(settings.snr)) / 20)
        sound = sound + noise * np.float32(strength / max(_rms(noise), 1e-9))
    if random.random() < settings.filter:
        sound = _filtered(sound, rate, random)
    sound = sound * np.float32(10 ** (random.uniform(-settings.gain, settings.gain) / 20))
    return np.clip(sound, -1, 1).astype(np.float32)


def _rms(sound: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0


def _coloured(length: int, pink: bool, random: np.random.Generator) -> Samples:
    size = fft.next_fast_len(length, real=True)
    white = random.standard_normal(size, np.float32)
    if not pink:
        return white[:length]
    spectrum = fft.rfft(white)
    falling = 1 / np.sqrt(np.maximum(np.arange(len(spectrum), dtype=np.float32), 1))
    return np.asarray(fft.irfft(spectrum * falling, size)[:length], np.float32)


def _filtered(sound: Samples, rate: int, random: np.random.Generator) -> Samples:
    """One of: a tilt of the spectrum of up to 6 dB an octave, a low-pass, the band of a telephone line."""
    size = fft.next_fast_len(len(sound), real=True)
    hertz = np.maximum(fft.rfftfreq(size, 1 / rate), 1.0)
    kind = random.integers(3)
    if kind == 0:
        gain = np.clip((hertz / 1000) ** random.uniform(-1, 1), 0.05, 4.0)
    elif kind == 1:
        gain = 1 / np.sqrt(1 + (hertz / random.uniform(2500, 8000)) ** 8)
    else:
        gain = 1 / np.sqrt((1 + (300 / hertz) ** 8) * (1 + (hertz / 3400) ** 8))
    return np.asarray(fft.irfft(fft.rfft(sound, size) * gain.astype(np.float32), size)[: len(sound)], np.float32)


def _echoing(sound: Samples, rate: int, decay: float, random: np.random.Generator) -> Samples:
    seconds = random.uniform(0.1, 1.0) * decay
    length = max(2, round(seconds * rate))
    # 60 dB over `seconds`: exp(-6.9). The first 5 ms are left to the direct sound.
    tail = random.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail[: round(0.005 * rate)] = 0
    tail *= random.uniform(0.1, 0.5) / (float(np.linalg.norm(tail)) + 1e-9)
    tail[0] = 1
    size = fft.next_fast_len(len(sound) + length, real=True)
    echo = fft.irfft(fft.rfft(sound, size) * fft.rfft(tail.astype(np.float32), size), size)
    return np.asarray(echo[: len(sound)], np.float32)
