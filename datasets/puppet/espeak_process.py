"""Speaks one text and writes what was spoken to standard output. Run as a script, one process an utterance.

espeak-ng keeps state from one utterance to the next (the phase of its voice, its random noise), even through its own
termination, so the same text sounds different each time. A fresh process always says it the same way.

Usage: ``espeak_process.py VOICE WORDS_PER_MINUTE PITCH TEXT``. Output: one line of JSON, then 16-bit samples.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

import espeakng_loader

_RETRIEVAL = 1
_PHONEME_EVENTS = 0x0001
_DONT_EXIT = 0x8000
_RATE, _PITCH = 1, 3
_UTF8_TO_THE_END = 0x1001
_PHONEME = 7


class _Event(ctypes.Structure):
    """`espeak_EVENT` of espeak-ng's ``speak_lib.h``."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


def speak(voice: str, words_per_minute: int, pitch: int, text: str) -> tuple[int, list[tuple[str, int]], bytes]:
    """Sample rate, phonemes (espeak's mnemonic, start in milliseconds), and the samples as signed 16-bit bytes.

    Raises:
        RuntimeError: the library or its data are missing, or there is no such voice.
    """
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_RETRIEVAL, 0, data, _PHONEME_EVENTS | _DONT_EXIT)
    if rate <= 0:
        raise RuntimeError(f"espeak-ng could not start with the data in {data.decode()}")
    # Seeded by the clock otherwise: voices with breath in them would sound different every second.
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    pieces: list[bytes] = []
    phonemes: list[tuple[str, int]] = []

    def collect(samples: Any, count: int, events: Any) -> int:
        if samples and count:
            pieces.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while events[index].type:
            if events[index].type == _PHONEME:
                phonemes.append((events[index].id.decode("utf-8", "replace"), events[index].audio_position))
            index += 1
        return 0

    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
    callback = prototype(collect)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()):
        raise RuntimeError(f"espeak-ng has no voice {voice!r}")
    library.espeak_SetParameter(_RATE, words_per_minute, 0)
    library.espeak_SetParameter(_PITCH, pitch, 0)
    spoken = text.encode()
    library.espeak_Synth(spoken, len(spoken) + 1, 0, 0, 0, _UTF8_TO_THE_END, None, None)
    library.espeak_Synchronize()
    return rate, phonemes, b"".join(pieces)


if __name__ == "__main__":
    _voice, _speed, _tone, _text = sys.argv[1:5]
    _rate, _phonemes, _samples = speak(_voice, int(_speed), int(_tone), _text)
    _header = json.dumps({"rate": _rate, "phonemes": _phonemes}).encode()
    sys.stdout.buffer.write(_header + b"\n" + _samples)
