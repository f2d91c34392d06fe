"""Which sounds are spoken when: pocketsphinx's English model, words first, then their phonemes aligned to the sound.

Decoding words under a language model and aligning their phonemes finds more bilabials than a bare phoneme loop (the
figures are in ``docs/viseme.md``). Recognised words may be wrong; what the lips do is mostly right, because a wrong
word is one that sounds alike.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from metrics.base import Phoneme

SILENCE = "SIL"
BILABIALS = frozenset({"B", "M", "P"})
_VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW"
_CONSONANTS = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH"
ARPABET = (*_VOWELS.split(), *_CONSONANTS.split())
"""The 39 symbols that the acoustic model knows, without `SILENCE` and its noises."""

RATE = 16000
_PARAMETERS: Mapping[str, Any] = {"cmn": "batch", "bestpath": False, "fwdflat": True, "maxhmmpf": 2000, "maxwpf": 8}
_LEVEL = 0.08
_FLOOR = 0.003
_DITHER = 0.001
_FRAME = 0.01
_DELAY = 0.02
_SHORTEST = 0.15
_LONGEST = 30.0

PROTOCOL: Mapping[str, Any] = {
    "recogniser": f"pocketsphinx {version('pocketsphinx')}",
    "model": "en-us acoustic model, en-us.lm.bin, cmudict-en-us.dict; phonemes aligned to the decoded words",
    "parameters": dict(_PARAMETERS),
    "rate": RATE,
    "level": f"RMS of the loud half of 25 ms blocks brought to {_LEVEL} of full scale",
    "silent_below": _FLOOR,
    "dither": f"white noise of RMS {_DITHER}, seed 0",
    "delay": _DELAY,
    "shortest": _SHORTEST,
    "longest": _LONGEST,
}

_lock = threading.Lock()


def recognise(audio: NDArray[np.float32], rate: int = RATE) -> list[Phoneme]:
    """The phonemes of an utterance, in order, without gaps, from 0 to its end.

    The result depends on the sound alone: neither its loudness nor what was recognised before changes it.

    Args:
        audio: ``(S,)`` float, mono, in -1..1.
        rate: samples per second; other rates than 16 kHz are resampled.

    Returns:
        Symbols of `ARPABET` or `SILENCE`, times in seconds on a grid of 10 ms. Empty for empty audio; one `SILENCE`
        for sound that is too quiet (no 25 ms block reaches -50 dB of full scale) or too short to hold a sound.

    Raises:
        ValueError: the audio is not one-dimensional, or holds NaN or infinity, or the rate is not positive.
    """
    samples = np.asarray(audio, dtype=np.float64)
    if samples.ndim != 1 or not np.isfinite(samples).all() or rate <= 0:
        raise ValueError(f"audio: expected finite samples (S,) and a positive rate, got {samples.shape} at {rate} Hz")
    if rate != RATE:
        common = gcd(RATE, rate)
        samples = resample_poly(samples, RATE // common, rate // common)
    seconds = len(samples) / RATE
    if not len(samples):
        return []
    gain = _gain(samples)
    if gain == 0.0 or seconds < _SHORTEST:
        return [Phoneme(SILENCE, 0.0, seconds)]
    # Digital silence has no spectrum: without some noise its frames spoil the mean that normalises all others.
    noise = _DITHER * np.random.default_rng(0).standard_normal(len(samples))
    pcm = np.rint(np.clip(samples * gain + noise, -1.0, 1.0) * 32767).astype("<i2")
    found = [
        (symbol, start + first / RATE, end + first / RATE)
        for first, last in _pieces(samples)
        for symbol, start, end in _decode(pcm[first:last])
    ]
    return _contiguous(found, seconds)


def _blocks(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """RMS of 25 ms blocks, the last one shorter, ``(ceil(S / 400),)``."""
    size = RATE // 40
    starts = np.arange(0, len(samples), size)
    counts = np.diff(np.append(starts, len(samples)))
    return np.sqrt(np.add.reduceat(samples**2, starts) / counts)


def _gain(samples: NDArray[np.float64]) -> float:
    """Factor that brings speech to the level that the model was trained at; 0 for silence."""
    blocks = _blocks(samples)
    if blocks.max() < _FLOOR:
        return 0.0
    loud = blocks[blocks >= 0.25 * np.percentile(blocks, 95)]
    return float(_LEVEL / max(np.sqrt(np.mean(loud**2)), 1e-6))


def _pieces(samples: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Long recordings in pieces of at most `_LONGEST`, cut where it is quietest, so that memory stays bounded."""
    first, longest = 0, int(_LONGEST * RATE)
    while len(samples) - first > longest:
        search = first + longest * 2 // 3
        blocks = _blocks(samples[search : first + longest])
        calm = np.convolve(blocks, np.ones(8), mode="same")
        cut = search + int(np.argmin(calm)) * (RATE // 40)
        yield first, cut
        first = cut
    yield first, len(samples)


@cache
def _decoder() -> Any:
    """Loading takes a third of a second, so one decoder serves the process; `_decode` leaves nothing behind in it."""
    import pocketsphinx

    model = Path(pocketsphinx.get_model_path()) / "en-us"
    return pocketsphinx.Decoder(
        pocketsphinx.Config(
            hmm=str(model / "en-us"),
            lm=str(model / "en-us.lm.bin"),
            dict=str(model / "cmudict-en-us.dict"),
            loglevel="FATAL",
            **_PARAMETERS,
        )
    )


def _decode(pcm: NDArray[np.int16]) -> list[tuple[str, float, float]]:
    """Phonemes of one piece as (symbol, start, end) in seconds from its beginning."""
    sound = pcm.tobytes()
    with _lock:
        decoder = _decoder()
        decoder.activate_search()
        _utterance(decoder, sound)
        words = [(segment.word, segment.start_frame, segment.end_frame + 1) for segment in decoder.seg() or ()]
        if decoder.hyp() is None or not words:
            return []
        try:
            decoder.set_alignment()
            _utterance(decoder, sound)
            aligned = decoder.get_alignment().phones()
            phones = [(phone.name, phone.start, phone.start + phone.duration) for phone in aligned]
        except RuntimeError:
            # The beams of the alignment can lose the path that the words were found on; the words still have times.
            phones = [phone for word in words for phone in _spread(decoder, *word)]
        finally:
            decoder.activate_search()
    return [(_symbol(name), start * _FRAME, end * _FRAME) for name, start, end in phones]


def _utterance(decoder: Any, sound: bytes) -> None:
    # The feature extraction remembers the last utterance; made anew it gives the bits of a fresh decoder.
    decoder.reinit_feat()
    decoder.start_utt()
    # All at once, so that the utterance's own mean normalises it.
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()


def _spread(decoder: Any, word: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """The dictionary's phonemes of a word, evenly over its time (10 ms frames)."""
    symbols = (decoder.lookup_word(word) or SILENCE).split()
    edges = np.linspace(start, end, len(symbols) + 1).round().astype(int)
    return [(symbol, int(a), int(b)) for symbol, a, b in zip(symbols, edges[:-1], edges[1:], strict=True)]


def _symbol(name: str) -> str:
    return name if name in ARPABET else SILENCE


def _contiguous(found: Sequence[tuple[str, float, float]], seconds: float) -> list[Phoneme]:
    """Shifted by the recogniser's delay, silence in the gaps and at both ends, neighbouring silences joined."""
    phonemes: list[Phoneme] = []

    def add(symbol: str, start: float, end: float) -> None:
        if end - start < _FRAME / 2:
            return
        if symbol == SILENCE and phonemes and phonemes[-1].symbol == SILENCE:
            phonemes[-1] = Phoneme(SILENCE, phonemes[-1].start, end)
        else:
            phonemes.append(Phoneme(symbol, start, end))

    time = 0.0
    for symbol, start, end in found:
        start, end = (min(round(edge + _DELAY, 4), seconds) for edge in (start, end))
        add(SILENCE, time, max(time, start))
        add(symbol, max(time, start), end)
        time = max(time, end)
    add(SILENCE, time, seconds)
    if phonemes:
        phonemes[-1] = Phoneme(phonemes[-1].symbol, phonemes[-1].start, seconds)
    return phonemes
