"""Pitch of speech by RAPT: candidates from normalized cross-correlation, the best path through them by dynamic programming.

The public recipe calls SPTK's ``rapt``, which no wheel carries. This follows the paper behind it (Talkin, "A Robust Algorithm
for Pitch Tracking", 1995) with its constants, and SPTK where that differs and can be seen from outside: noise against
periodic silence, and no pitch under 112 Hz, though 100 Hz are asked for. How near the two are is in docs/baselines.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import signal

from bench.config import AUDIO_RATE

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 100.0, 600.0
"""Hz. The public recipe takes every speaker for a woman."""
HOP = 256

_WINDOW = 120
"""Samples that are correlated: 7.5 ms."""
_CANDIDATES = 19
_CANDIDATE_SHARE = 0.3
"""Peaks of the correlation below this share of the highest one are no candidates."""
_NOISE = 50.0
"""Deviation of the noise that is laid over 16-bit samples, so that what is very quiet does not look periodic."""
_DECIMATION = 6
"""Peaks are looked for at a sixth of the rate, which holds four times the highest pitch."""
_EDGE = 3
"""Lags at the end of that search that cannot be peaks. They are why low voices have no pitch."""
_NEAR = 3
"""Lags on either side of such a peak that are looked at in full."""
_LAG_WEIGHT, _PITCH_WEIGHT = 0.3, 0.02
_SWITCH, _SWITCH_SPECTRUM, _SWITCH_LEVEL = 0.005, 0.5, 0.5
"""Cost of starting or ending voice, and what a changing spectrum and level take off it or add."""
_OCTAVE = 0.35
"""Cost of doubling or halving the pitch."""
_ORDER, _PREEMPHASIS = 18, 0.4
_STRETCH, _APART = 480, 320
"""Samples whose spectra are compared, and how far they lie apart: 30 and 20 ms."""
_BLOCK = 256
"""Frames that are worked on together; bounds memory."""


def log_pitch(speech: Floats) -> Floats:
    """Natural logarithm of the pitch in Hz, one value each 256 samples, NaN where there is no voice.

    Args:
        speech: ``(S,)`` at 16 kHz, -1..1.

    Returns:
        ``(ceil(S / 256),)``; the same sound gives the same bits.
    """
    noise = np.random.RandomState(0).standard_normal(len(speech))
    samples = speech * 32768 + _NOISE * noise
    frames = -(-len(samples) // HOP)
    shortest, longest = int(AUDIO_RATE / HIGHEST), int(AUDIO_RATE / LOWEST)
    padded = np.pad(samples, (0, HOP * frames + longest + _WINDOW - len(samples)))
    near = _near_peaks(padded, frames, shortest, longest)
    starts = HOP * np.arange(frames)
    correlation = np.where(near, _correlations(padded, starts, _WINDOW, np.arange(shortest, longest + 1)), 0.0)
    spectrum, level = _changes(samples, frames)
    return _best_path([_candidates(row, shortest) for row in correlation], spectrum, level, longest)


def _correlations(samples: Floats, starts: NDArray[np.int64], size: int, lags: NDArray[np.int64]) -> Floats:
    """Normalized cross-correlation ``(frames, lags)`` of `size` samples at each start with those `lags` later."""
    rows = sliding_window_view(samples, size + int(lags[-1]))
    made = []
    for first in range(0, len(starts), _BLOCK):
        block = rows[starts[first : first + _BLOCK]]
        block = block - block[:, :size].mean(axis=1, keepdims=True)
        shifted = sliding_window_view(block, size, axis=1)[:, lags]
        product = np.einsum("fw,flw->fl", block[:, :size], shifted)
        energy = np.einsum("flw,flw->fl", shifted, shifted)
        own = np.square(block[:, :size]).sum(axis=1, keepdims=True)
        made.append(product / np.sqrt(np.maximum(own * energy, 1.0)))
    return np.concatenate(made)


def _near_peaks(samples: Floats, frames: int, shortest: int, longest: int) -> NDArray[np.bool_]:
    """``(frames, lags)``: which lags lie near a peak of the low-passed, decimated sound."""
    taps = signal.firwin(81, 1 / _DECIMATION, window="hann")
    low = signal.fftconvolve(samples, taps, mode="same")[::_DECIMATION]
    lags = shortest // _DECIMATION + np.arange(1 + (longest - shortest + 1) // _DECIMATION)
    size = 1 + _WINDOW // _DECIMATION
    low = np.pad(low, (0, size + int(lags[-1])))
    rough = _correlations(low, HOP * np.arange(frames) // _DECIMATION, size, lags)
    near = np.zeros((frames, longest - shortest + 1), dtype=np.bool_)
    for marks, row in zip(near, rough[:, : len(lags) - _EDGE + 1], strict=True):
        for place in _peaks(row, _CANDIDATE_SHARE * row.max()):
            lag = round((lags[place] + _parabola(row, place)[0]) * _DECIMATION) - shortest
            marks[max(lag - _NEAR, 0) : lag + _NEAR + 1] = True
    return near


def _peaks(row: Floats, least: float) -> NDArray[np.int64]:
    inner = row[1:-1]
    return 1 + np.flatnonzero((inner > row[:-2]) & (inner >= row[2:]) & (inner > least))


def _parabola(row: Floats, peak: Any) -> tuple[Any, Any]:
    """Where between the samples a peak is, relative to its highest sample, and how high."""
    left, middle, right = row[peak - 1], row[peak], row[peak + 1]
    offset = 0.5 * (left - right) / (left - 2 * middle + right)
    return offset, middle - 0.25 * (left - right) * offset


def _candidates(correlation: Floats, shortest: int) -> tuple[Floats, Floats]:
    """Lags in samples, between samples too, and heights of the peaks of one frame, highest first."""
    peaks = _peaks(correlation, _CANDIDATE_SHARE * correlation.max())
    peaks = peaks[np.argsort(-correlation[peaks], kind="stable")][:_CANDIDATES]
    offset, height = _parabola(correlation, peaks)
    return shortest + peaks + offset, height


def _changes(samples: Floats, frames: int) -> tuple[Floats, Floats]:
    """How steady the spectrum is at each frame (large where it is), and by how much the level rises there."""
    emphasized = np.append(samples[:1], samples[1:] - _PREEMPHASIS * samples[:-1])
    reach = (_STRETCH + _APART) // 2
    padded = np.pad(emphasized, (reach, reach + HOP * frames))
    window = np.hanning(_STRETCH + 2)[1:-1]
    pairs = sliding_window_view(padded, _STRETCH + _APART)[: frames * HOP : HOP]
    steady, level = [], []
    for first in range(0, frames, _BLOCK):
        pair = pairs[first : first + _BLOCK]
        past, now = (_autocorrelation(part * window) for part in (pair[:, :_STRETCH], pair[:, _APART:]))
        steady.append(0.2 / np.maximum(_itakura(past, now) - 0.8, 0.2))
        level.append(np.sqrt(now[:, 0] / _STRETCH + 1.0) / np.sqrt(past[:, 0] / _STRETCH + 1.0))
    return np.concatenate(steady), np.concatenate(level)


def _autocorrelation(pieces: Floats) -> Floats:
    """``(frames, order + 1)``, zero lag first."""
    spectrum = np.fft.rfft(pieces, 2 * _STRETCH)
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2)[:, : _ORDER + 1])


def _itakura(past: Floats, now: Floats) -> Floats:
    """Itakura's distance: error of predicting the present by the past's filter over that by its own, 1 where equal."""
    own, other = _predictor(now), _predictor(past)
    table = np.abs(np.subtract.outer(np.arange(_ORDER + 1), np.arange(_ORDER + 1)))
    matrix = (now + 1e-3 * np.eye(1, _ORDER + 1))[:, table]
    error, least = (np.einsum("fi,fij,fj->f", filters, matrix, filters) for filters in (other, own))
    return np.asarray(error / np.maximum(least, 1e-9))


def _predictor(autocorrelation: Floats) -> Floats:
    """Linear prediction filters ``(frames, order + 1)``, which begin with 1."""
    table = np.abs(np.subtract.outer(np.arange(_ORDER), np.arange(_ORDER)))
    # A floor of -30 dB keeps filters of pure tones and of silence defined.
    floor = (1e-3 * autocorrelation[:, :1] + 1e-3) * np.eye(1, _ORDER + 1)
    steady = autocorrelation + floor
    solved = np.linalg.solve(steady[:, table], steady[:, 1:, None])[..., 0]
    return np.concatenate([np.ones((len(solved), 1)), -solved], axis=1)


def _best_path(candidates: list[tuple[Floats, Floats]], steady: Floats, level: Floats, longest: int) -> Floats:
    """The cheapest choice of a candidate or of no voice for every frame, as log pitch; NaN for no voice."""
    weight = _PITCH_WEIGHT * AUDIO_RATE / HOP
    costs, chosen, lags = np.zeros(1), [], [np.array([np.nan])]
    for frame, (lag, height) in enumerate(candidates):
        voiced = 1 - height * (1 - _LAG_WEIGHT * lag / longest)
        local = np.append(voiced, height.max(initial=0.0))
        change = _SWITCH + _SWITCH_SPECTRUM * steady[frame]
        step = np.zeros((len(local), len(costs)))
        ratio = np.log(lag[:, None] / lags[-1][None, :-1])
        octave = _OCTAVE + np.minimum(np.abs(ratio - np.log(2)), np.abs(ratio + np.log(2)))
        step[:-1, :-1] = weight * np.minimum(np.abs(ratio), octave)
        step[:-1, -1] = change + _SWITCH_LEVEL / level[frame]
        step[-1, :-1] = change + _SWITCH_LEVEL * level[frame]
        total = step + costs
        chosen.append(total.argmin(axis=1))
        costs = local + total.min(axis=1)
        lags.append(np.append(lag, np.nan))
    best, path = int(costs.argmin()), []
    for lag, back in zip(lags[:0:-1], chosen[::-1], strict=True):
        path.append(lag[best])
        best = back[best]
    return np.log(AUDIO_RATE / np.array(path[::-1]))
