"""Whether the videos of one case say the same: side by side only one of them can be heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench import parallel
from bench.config import AUDIO_RATE
from bench.errors import BenchError
from bench.progress import bar
from bench.study.candidates import Candidate
from datasets.media import MediaError, read_audio, sound_sha256

ALIKE = 0.9
"""Least correlation of loudness over time. Encoded twice it is above 0.99; 40 ms later it is below."""

_WINDOW = AUDIO_RATE // 50
_SILENT = 1e-4


def check_heard(cases: Sequence[Candidate], workers: int) -> None:
    """Hold the sounds of every case's videos against that of its clip.

    Raises:
        BenchError: one differs; says whose, and what to do.
    """
    with bar("hear videos", len(cases)) as step:
        for case, model in parallel.run(_differs, [case for case in cases if case.sound], workers, threads=True):
            if model:
                raise BenchError(
                    f"the video of {model} for case {case.case} of {case.cases} has another sound than the clip, and side by side "
                    "only one sound is played: take --layout sequential, or leave the model out"
                )
            step()


def _differs(case: Candidate) -> str:
    """The first model whose sound is another, or nothing."""
    try:
        wanted, own = sound_sha256(case.clip), None
        for model, video in case.videos.items():
            if sound_sha256(video) == wanted:
                continue
            own = _loudness(read_audio(case.clip, AUDIO_RATE)) if own is None else own
            if not alike(own, _loudness(read_audio(video, AUDIO_RATE))):
                return model
    except MediaError as error:
        raise BenchError(f"case {case.case} of {case.cases}: {error}") from error
    return ""


def alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether two courses of loudness, ``(T,)`` each, belong to one sound; the longer is cut."""
    length = min(len(one), len(other))
    one, other = one[:length], other[:length]
    if one.max(initial=0.0) < _SILENT or other.max(initial=0.0) < _SILENT:
        return bool(one.max(initial=0.0) < _SILENT and other.max(initial=0.0) < _SILENT)
    # A steady tone has no course that could correlate.
    return np.allclose(one, other, rtol=0.1) or bool(np.corrcoef(one, other)[0, 1] >= ALIKE)


def _loudness(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """Root mean square of every 20 ms."""
    whole = sound[: len(sound) // _WINDOW * _WINDOW].astype(np.float64).reshape(-1, _WINDOW)
    return np.asarray(np.sqrt((whole**2).mean(axis=1)))
