"""What MakeItTalk hears: speech at one loudness, as a mel spectrogram at 62.5 frames a second, said again in one voice."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor
from torch.nn import functional

from bench.config import AUDIO_RATE
from bench.models.makeittalk.autovc import PITCHES, AutoVC
from bench.models.makeittalk.content import MELS
from bench.models.makeittalk.pitch import HOP, log_pitch
from space_ref.audio import mel_filters

FPS = AUDIO_RATE / HOP
"""Spectrogram frames and landmark frames a second: 62.5."""
LOUDNESS = -20.0
"""dB of full scale to which speech is brought."""
CHUNK = 4096
"""Frames that are said in the other voice at once; each chunk is padded to a multiple of `PADDING`."""
PADDING = 32
_FFT = 1024
_LOWEST, _HIGHEST = 90.0, 7600.0
_FLOOR = 1e-5
_BLOCK = 512
"""Frames that are transformed together; bounds memory."""
_CUTOFF = 30.0

Floats = NDArray[np.float64]


def sixteen_bit(speech: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples of -1..1 as the WAV file holds them from which the recipe reads."""
    return np.clip(np.rint(np.asarray(speech, np.float64) * 32768), -32768, 32767).astype(np.int16)


def at_loudness(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Speech ``(S,)`` brought to -20 dB as pydub does: whole root mean square, gained samples rounded down and cut off.

    Silence stays silence, where pydub multiplies zeros by infinity.
    """
    level = math.isqrt(int(np.square(samples, dtype=np.int64).sum()) // len(samples)) if len(samples) else 0
    if level == 0:
        return samples
    gain = 10 ** ((LOUDNESS - 20 * math.log10(level / 32768)) / 20)
    return np.clip(np.floor(samples * gain), -32768, 32767).astype(np.int16)


def cleaned(samples: NDArray[np.int16]) -> Floats:
    """Speech ``(S,)`` without rumble and with the recipe's own faint noise, -1..1; one sample longer where 256 divides S."""
    sound = samples / 32768
    if len(sound) % HOP == 0:
        sound = np.append(sound, 1e-6)
    numerator, denominator = signal.butter(5, _CUTOFF / (AUDIO_RATE / 2), btype="highpass")
    noise = np.random.RandomState(0).rand(len(sound)) - 0.5
    return np.asarray(signal.filtfilt(numerator, denominator, sound) * 0.95 + noise * 1e-6)


def mel_levels(sound: Floats) -> Floats:
    """Mel spectrogram ``(1 + S // 256, 80)`` in units of 100 dB, about 0..1; the sound is mirrored at both ends."""
    padded = functional.pad(torch.from_numpy(sound)[None], (_FFT // 2, _FFT // 2), mode="reflect")[0]
    window = torch.hann_window(_FFT, dtype=torch.float64)
    filters = mel_filters(AUDIO_RATE, _FFT, MELS, _LOWEST, _HIGHEST)
    made = []
    for frames in padded.unfold(0, _FFT, HOP).split(_BLOCK):
        magnitude = torch.fft.rfft(frames * window).abs()
        made.append(20 * torch.log10((magnitude @ filters).clamp(min=_FLOOR)) - 16)
    return np.asarray(((torch.cat(made) + 100) / 100).numpy())


def pitch_classes(log_hertz: Floats) -> NDArray[np.int64]:
    """Class of the pitch ``(T,)``: 0 where there is no voice (NaN), else 1..256 over four deviations either way of its mean."""
    voiced = np.isfinite(log_hertz)
    classes = np.zeros(len(log_hertz), np.int64)
    if voiced.any():
        heard = log_hertz[voiced]
        # One voiced frame, or all alike, has no deviation: it is the mean itself.
        scaled = (heard - heard.mean()) / max(float(heard.std()), 1e-9) / 4
        classes[voiced] = 1 + np.round((np.clip(scaled, -1, 1) + 1) / 2 * (PITCHES - 2)).astype(np.int64)
    return classes


def heard(samples: NDArray[np.int16]) -> tuple[Floats, NDArray[np.int64]]:
    """Spectrogram ``(T, 80)`` and pitch classes ``(T,)`` of speech at the recipe's loudness, at 62.5 frames a second."""
    sound = cleaned(samples)
    mel = mel_levels(sound)
    return mel, pitch_classes(log_pitch(sound))


@torch.no_grad()
def said_by(network: AutoVC, mel: Floats, pitch: NDArray[np.int64], voice: Tensor, other: Tensor) -> Tensor:
    """The spectrogram of the same words in another voice, ``(T, 80)``.

    Args:
        mel, pitch: of `heard`. voice, other: embeddings ``(256,)`` of the speaker and of the other voice.
    """
    like = next(network.parameters())
    made = []
    for first in range(0, len(mel), CHUNK):
        part = torch.from_numpy(mel[first : first + CHUNK]).to(like)
        classes = functional.one_hot(torch.from_numpy(pitch[first : first + CHUNK]), PITCHES).to(like)
        missing = -len(part) % PADDING
        # Padding has no pitch class at all, not the unvoiced one.
        padded, one_hot = (functional.pad(each, (0, 0, 0, missing))[None] for each in (part, classes))
        converted = network(padded, voice.to(like)[None], other.to(like)[None], one_hot)[1]
        made.append(converted[0, : len(part)])
    return torch.cat(made)
