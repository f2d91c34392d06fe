"""Speech whose every phoneme's time is known, from espeak-ng."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from datasets.puppet.errors import PuppetError

RATE = 16000
SILENCE = "SIL"

_SCRIPT = Path(__file__).with_name("espeak_process.py")
_PATIENCE = 60.0
_SHORTEST = 0.004
"""Seconds: what espeak reports shorter than this is a mark, not a sound; its time goes to the sound before it."""

# espeak-ng's English phonemes (phsource/ph_english*, without stress marks) in ARPAbet.
_ARPABET = {
    "0": "AA", "A:": "AA", "A@": "AA", "aa": "AE", "a": "AE", "a#": "AH", "V": "AH", "@": "AH", "@2": "AH", "@5": "UH",
    "@L": "L", "3": "ER", "3:": "ER", "E": "EH", "e@": "EH", "I": "IH", "I#": "IH", "I2": "IH", "i@": "IH", "i@3": "IH", "i": "IY",
    "i:": "IY", "O:": "AO", "O2": "AO", "O@": "AO", "o@": "AO", "U": "UH", "U@": "UH", "u:": "UW", "aI": "AY",
    "aI2": "AY", "aI3": "AY", "aI@": "AY", "aU": "AW", "aU@": "AW", "eI": "EY", "oU": "OW", "OI": "OY", ";": "Y",
    "p": "P", "b": "B", "m": "M", "f": "F", "v": "V", "T": "TH", "D": "DH", "t": "T", "t#": "T", "t2": "T", "d": "D",
    "n": "N", "l": "L", "s": "S", "z": "Z", "S": "SH", "Z": "ZH", "tS": "CH", "dZ": "JH", "k": "K", "g": "G", "N": "NG",
    "r": "R", "r-": "R", "w": "W", "w#": "W", "j": "Y", "h": "HH", "?": SILENCE, "_": SILENCE, "_:": SILENCE,
}  # fmt: skip


@dataclass(frozen=True)
class Voice:
    """An espeak-ng voice: its name with variant, speed in words a minute, pitch 0..99."""

    name: str
    speed: int = 170
    pitch: int = 50


@dataclass(frozen=True)
class Utterance:
    """Speech and its phonemes.

    Attributes:
        samples: float32 ``(S,)`` mono at 16 kHz in -1..1.
        symbols: ARPAbet without stress, ``SIL`` for silence; contiguous from 0 to the end.
        starts, ends: float64 ``(P,)`` seconds.
    """

    samples: NDArray[np.float32]
    symbols: tuple[str, ...]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]


def say(text: str, voice: Voice, lead: float = 0.2, tail: float = 0.25, frame: float = 1.0 / 30.0) -> Utterance:
    """Speak a text; the same text and voice give the same samples.

    Args:
        text: English. voice: who speaks.
        lead, tail: seconds of silence before and (at least) after the speech.
        frame: the whole lasts a whole number of these seconds.

    Raises:
        PuppetError: espeak-ng fails, or speaks a phoneme that has no ARPAbet symbol here.
    """
    rate, marks, samples = _spoken(text, voice)
    symbols, starts = _arpabet(marks, text)
    last = max((i for i, symbol in enumerate(symbols) if symbol != SILENCE), default=-1)
    if last < 0:
        raise PuppetError(f"espeak-ng said nothing for {text!r}")
    spoken_end = starts[last + 1] if last + 1 < len(starts) else len(samples) / rate
    frames = int(np.ceil((lead + spoken_end + tail) / frame - 1e-9))
    total = frames * frame
    factor = gcd(RATE, rate)
    sound = resample_poly(samples.astype(np.float64) / 32768.0, RATE // factor, rate // factor)
    padded = np.zeros(round(total * RATE))
    first = round(lead * RATE)
    room = min(len(sound), len(padded) - first)
    padded[first : first + room] = sound[:room]
    # The last samples fade, so that cutting the trailing pause cannot click.
    fade = min(80, room)
    padded[first + room - fade : first + room] *= np.linspace(1.0, 0.0, fade)
    edges = [0.0, *(lead + start for start in starts[: last + 1]), lead + spoken_end, total]
    names = [SILENCE, *symbols[: last + 1], SILENCE]
    return Utterance(padded.astype(np.float32), tuple(names), np.array(edges[:-1]), np.array(edges[1:]))


def _spoken(text: str, voice: Voice) -> tuple[int, list[tuple[str, int]], NDArray[np.int16]]:
    # -P keeps this folder off the child's import path.
    command = [sys.executable, "-P", str(_SCRIPT), voice.name, str(voice.speed), str(voice.pitch), text]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=True)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise PuppetError(f"espeak-ng could not say {text!r} with voice {voice.name!r}: {lines[-1]}") from error
    except subprocess.TimeoutExpired as error:
        raise PuppetError(f"espeak-ng did not finish {text!r} within {_PATIENCE:.0f} s") from error
    header, _, body = done.stdout.partition(b"\n")
    facts = json.loads(header)
    return int(facts["rate"]), [(name, at) for name, at in facts["phonemes"]], np.frombuffer(body, dtype="<i2")


def _arpabet(marks: list[tuple[str, int]], text: str) -> tuple[list[str], list[float]]:
    symbols: list[str] = []
    starts: list[float] = []
    for index, (mark, at) in enumerate(marks):
        name = mark.lstrip("',%=|")
        if name not in _ARPABET:
            raise PuppetError(
                f"espeak-ng's phoneme {mark!r} in {text!r} has no ARPAbet symbol in datasets.puppet.speech"
            )
        after = marks[index + 1][1] if index + 1 < len(marks) else at + 1000
        if (after - at) / 1000.0 < _SHORTEST and symbols:
            continue
        symbols.append(_ARPABET[name])
        starts.append(at / 1000.0)
    return symbols, starts
