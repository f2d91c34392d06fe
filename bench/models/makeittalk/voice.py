"""Who speaks: Resemblyzer's speaker encoder, and the sound that it listens to.

Equal to the package Resemblyzer 0.1.4 (Apache-2.0), whose wheel ships the weights, beside librosa 0.11. The package itself is not
used: its voice activity detector comes as source code only (webrtcvad-wheels is the same in a wheel).
"""

from __future__ import annotations

import numpy as np
import torch
import webrtcvad
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from bench.config import AUDIO_RATE
from space_ref.audio import mel_filters

Floats = NDArray[np.float32]

MELS, SIZE = 40, 256
MINUTE = 60 * AUDIO_RATE
"""MakeItTalk embeds whole minutes and averages them; what is over is heard only in sound under a minute."""
_WINDOW, _HOP = 400, 160
_FRAMES, _STEP = 160, 50
"""Spectrogram frames of a partial utterance (1.6 s), and from one to the next (two a second)."""
_COVERAGE = 0.75
"""Least share of the last partial utterance that must be sound."""
_LEAST_LEVEL = -30.0
"""dB of full scale; quieter speech is made so loud."""
_VAD_WINDOW, _VAD_MODE = 480, 3
_VAD_AVERAGE, _VAD_SILENCE = 8, 6
"""Windows of 30 ms that are averaged, and that may be silent in a row."""


class VoiceEncoder(nn.Module):
    """Embeddings of partial utterances; tensor names are those of Resemblyzer."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(MELS, SIZE, num_layers=3, batch_first=True)
        self.linear = nn.Linear(SIZE, SIZE)

    def forward(self, mels: Tensor) -> Tensor:
        """``(N, T, 40)`` power in mel bands -> ``(N, 256)``, no number negative, length 1 (or all zeros)."""
        hidden = self.lstm(mels)[1][0]
        return functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1)

    @torch.no_grad()
    def embed(self, speech: Floats) -> Floats:
        """The voice ``(256,)`` of speech ``(S,)`` at 16 kHz, -1..1, as MakeItTalk's recipe asks for it."""
        heard = without_silence(at_least_loud(speech))
        minutes = [heard[k * MINUTE : (k + 1) * MINUTE] for k in range(max(1, len(heard) // MINUTE))]
        return np.mean([self._utterance(minute) for minute in minutes], axis=0, dtype=np.float32)

    def _utterance(self, speech: Floats) -> Floats:
        starts = partial_starts(len(speech))
        end = (starts[-1] + _FRAMES) * _HOP
        mel = mel_power(np.pad(speech, (0, max(0, end - len(speech)))))
        parts = torch.from_numpy(np.stack([mel[start : start + _FRAMES] for start in starts]))
        mean = self(parts.to(self.linear.weight)).mean(dim=0)
        return np.asarray(functional.normalize(mean, dim=0).float().cpu().numpy())


def at_least_loud(speech: Floats) -> Floats:
    """Speech ``(S,)`` as it is, or raised to -30 dB where it is quieter; silence stays silence."""
    power = float(np.square(speech, dtype=np.float64).mean()) if len(speech) else 0.0
    gain = _LEAST_LEVEL - 10 * np.log10(power) if power > 0 else 0.0
    return speech if gain <= 0 else speech * np.float32(10 ** (gain / 20))


def without_silence(speech: Floats) -> Floats:
    """What is left of speech ``(S,)`` when long silences are cut out; the end is cut to whole windows of 30 ms."""
    count = len(speech) // _VAD_WINDOW
    windows = speech[: count * _VAD_WINDOW].reshape(count, _VAD_WINDOW)
    pcm = np.round(np.clip(windows, -1, 1) * 32767).astype("<i2")
    detector = webrtcvad.Vad(_VAD_MODE)
    voiced = [detector.is_speech(window.tobytes(), AUDIO_RATE) for window in pcm]
    before = (_VAD_AVERAGE - 1) // 2
    padded = np.concatenate([np.zeros(before), voiced, np.zeros(_VAD_AVERAGE - 1 - before)])
    # Halves count as silence: they are rounded to the even number.
    kept = np.round(np.convolve(padded, np.ones(_VAD_AVERAGE), mode="valid")[:count] / _VAD_AVERAGE) > 0
    kept = ndimage.binary_dilation(kept, np.ones(_VAD_SILENCE + 1))
    return np.ascontiguousarray(windows[kept].reshape(-1))


def partial_starts(samples: int) -> list[int]:
    """First spectrogram frames of the partial utterances of so many samples; there is always one."""
    frames = -(-(samples + 1) // _HOP)
    starts = list(range(0, max(1, frames - _FRAMES + _STEP + 1), _STEP))
    covered = (samples - starts[-1] * _HOP) / (_FRAMES * _HOP)
    return starts[:-1] if covered < _COVERAGE and len(starts) > 1 else starts


def mel_power(speech: Floats) -> Floats:
    """Power in 40 mel bands ``(1 + S // 160, 40)``, no logarithm; zeros beyond both ends."""
    sound = torch.from_numpy(np.asarray(speech, np.float64))
    window = torch.hann_window(_WINDOW, dtype=torch.float64)
    spectrum = torch.stft(sound, _WINDOW, _HOP, window=window, center=True, pad_mode="constant", return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    return np.asarray((power.T @ mel_filters(AUDIO_RATE, _WINDOW, MELS)).float().numpy())
