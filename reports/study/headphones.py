"""The sounds of the headphone check: noise with and without a pitch that exists only between two ears.

Huggins pitch: the same noise on both ears, but in a narrow band one ear's is turned by half a period. Neither ear alone holds a tone, and
loudspeakers mix the two away; over stereo headphones a faint tone is heard in the middle of the head (Milne et al. 2020,
"An online headphone screening test based on dichotic pitch", Behavior Research Methods 53).
"""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

RATE = 22050
SECONDS = 1.2
CENTRE, WIDTH = 600.0, 0.06
"""Of the turned band: hertz, and its reach to either side as a share of it."""
LOUDNESS, FADE = 0.07, 0.05
"""Root mean square of the noise (full scale is 1), and seconds of fading in and out."""


def noise(pitch: bool, seed: int) -> NDArray[np.float32]:
    """White noise for two ears, ``(S, 2)`` float32 in -1..1 at `RATE`. pitch: with Huggins' pitch at `CENTRE`."""
    count = round(SECONDS * RATE)
    left = np.random.default_rng(seed).standard_normal(count)
    right = left
    if pitch:
        spectrum = np.fft.rfft(left)
        hertz = np.fft.rfftfreq(count, 1 / RATE)
        spectrum[np.abs(hertz - CENTRE) <= WIDTH * CENTRE] *= -1
        right = np.fft.irfft(spectrum, count)
    both = np.stack([left, right], axis=1) * LOUDNESS
    edge = round(FADE * RATE)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
    both[:edge] *= ramp[:, None]
    both[-edge:] *= ramp[::-1, None]
    return np.clip(both, -1, 1).astype(np.float32)


def wav(sound: NDArray[np.float32]) -> bytes:
    """A WAV file of 16 bits. sound: ``(S, channels)`` in -1..1 at `RATE`."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())
    return out.getvalue()


def sounds() -> dict[str, bytes]:
    """The files of the check by name: two noises without the pitch, and one with it."""
    return {
        "noise-a.wav": wav(noise(False, 1)),
        "noise-b.wav": wav(noise(False, 2)),
        "noise-c.wav": wav(noise(True, 3)),
    }
