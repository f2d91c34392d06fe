"""LSE-C, LSE-D and AV offset: how near SyncNet's embeddings of lips and sound are, at each shift between them.

Windows, distances and scores are those of ``SyncNetInstance.evaluate`` of github.com/joonson/syncnet_python (MIT), which the
evaluation of Wav2Lip (Prajwal et al. 2020) took over and named. Which pixels the network sees is another matter: the
protocols of `metrics.features.syncnet_protocol`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from python_speech_features import mfcc as speech_mfcc

from metrics.base import Bundle, FloatArray, Metric, Status, Unscorable, weighted_mean
from metrics.envelope import need_audio
from metrics.features.syncnet_layout import COLUMNS, EMBEDDING, RATE, SAMPLES_PER_FRAME, WINDOW, LipTrack, unpacked
from metrics.features.syncnet_protocol import PROTOCOLS, SyncProtocol

COLUMNS_PER_FRAME = 4
REACH = 15
"""Frames by which lips and sound are shifted against each other, both ways."""
EPSILON = 1e-6
"""Added to each difference before it is squared, as torch's pairwise distance does."""


Embed = Callable[[NDArray[np.floating]], FloatArray]


@dataclass(frozen=True)
class SyncScore:
    """What the distances of one clip say.

    Attributes:
        lse_d: mean distance at the best shift, 0 and up; lower is better.
        lse_c: median of the mean distances of all shifts less the smallest, 0 and up; higher is better.
        offset: in frames of 40 ms, -15..15; positive where the sound comes before the lips.
    """

    lse_d: float
    lse_c: float
    offset: int


def sound_columns(audio: NDArray[np.floating] | NDArray[np.int16]) -> NDArray[np.float64]:
    """MFCC of speech, ``(13, C)``, 100 columns a second: 25 ms rectangular windows, 26 filters, energy first.

    Args:
        audio: ``(S,)`` mono at 16 kHz, int16, or float in -1..1, which is rounded to the same integers: the logarithm of
            energy depends on the scale.

    Raises:
        ValueError: another shape. Unscorable: ``no_audio`` without samples, ``undefined`` where they are not finite.
    """
    if audio.ndim != 1:
        raise ValueError(f"expected mono sound (S,), got {audio.shape}")
    if len(audio) == 0:
        raise Unscorable(Status.NO_AUDIO, "the sound is empty; SyncNet needs at least 0.4 s")
    samples = audio.astype(np.float64)
    if not np.all(np.isfinite(samples)):
        raise Unscorable(Status.UNDEFINED, "the sound holds samples that are not numbers")
    if np.issubdtype(audio.dtype, np.floating):
        samples = np.clip(np.rint(samples * 32768), -32768, 32767)
    columns: NDArray[np.float64] = speech_mfcc(samples, RATE).T
    return columns


def window_count(frames: int, samples: int) -> int:
    """Pairs of windows that a clip gives: ``min(frames, samples // 640) - 5``, at least 0.

    One pair fewer than would fit, as the original counts.
    """
    return max(0, min(frames, samples // SAMPLES_PER_FRAME) - WINDOW)


def sound_windows(columns: NDArray[np.floating], count: int) -> NDArray[np.floating]:
    """Window f holds the columns 4 f to 4 f + 19, beside the frames f to f + 4: a view ``(count, 13, 20)``.

    Raises:
        ValueError: there are fewer than ``4 * count + 16`` columns.
    """
    if count == 0:
        return np.empty((0, len(columns), COLUMNS))
    needed = COLUMNS_PER_FRAME * (count - 1) + COLUMNS
    if columns.shape[1] < needed:
        raise ValueError(f"{count} windows need {needed} MFCC columns, found {columns.shape[1]}")
    every = np.lib.stride_tricks.sliding_window_view(columns, COLUMNS, axis=1)
    return every[:, : needed - COLUMNS + 1 : COLUMNS_PER_FRAME].transpose(1, 0, 2)


def shift_distances(lips: FloatArray, sound: FloatArray, reach: int = REACH) -> NDArray[np.float64]:
    """Distance of each lip window from the sound at each shift, ``(N, 2 reach + 1)``.

    Column j compares lip window i with sound window ``i + j - reach``; beyond the ends the sound's embedding is zero.

    Args:
        lips, sound: ``(N, D)`` embeddings of the same number of windows.

    Raises:
        ValueError: shapes differ.
    """
    if lips.shape != sound.shape or lips.ndim != 2:
        raise ValueError(f"lips and sound must have one shape (N, D), got {lips.shape} and {sound.shape}")
    lip = lips.astype(np.float64) + EPSILON
    padded = np.pad(sound.astype(np.float64), ((reach, reach), (0, 0)))
    # One shift at a time: all at once would hold 31 copies of the clip.
    columns = [np.linalg.norm(lip - padded[shift : shift + len(lip)], axis=1) for shift in range(2 * reach + 1)]
    return np.stack(columns, axis=1)


def sync_score(distances: NDArray[np.float64]) -> SyncScore:
    """LSE-D, LSE-C and offset of the distances ``(N, 31)`` of one clip.

    Of equal minima the first counts. The median is the middle value, the lower of two.

    Raises:
        Unscorable: ``too_short`` without windows; ``undefined`` where distances are not finite.
    """
    if len(distances) == 0:
        raise Unscorable(
            Status.TOO_SHORT, "no window of lips and sound; at least 6 frames and 0.24 s of sound are needed"
        )
    if not np.all(np.isfinite(distances)):
        raise Unscorable(Status.UNDEFINED, "SyncNet's embeddings hold values that are not numbers")
    mean = distances.mean(axis=0)
    best = int(np.argmin(mean))
    median = float(np.sort(mean)[(len(mean) - 1) // 2])
    return SyncScore(float(mean[best]), median - float(mean[best]), distances.shape[1] // 2 - best)


def compare(lips: FloatArray, sound: FloatArray, reach: int = REACH) -> SyncScore:
    """Score of one clip from the embeddings of all its windows.

    Args:
        lips: ``(frames - 4, 1024)`` of `SyncEmbedder.lips`. sound: ``(samples // 640 - 5, 1024)``.

    Raises:
        Unscorable: as `sync_score`.
    """
    count = max(0, min(len(lips) - 1, len(sound)))
    if count == 0:
        raise Unscorable(
            Status.TOO_SHORT,
            f"{len(lips)} lip windows and {len(sound)} sound windows beside them; SyncNet needs at least 2 and 1"
            " (6 frames at 25 a second, 0.24 s of sound)",
        )
    return sync_score(shift_distances(lips[:count], sound[:count], reach))


def clip_score(
    tracks: Sequence[LipTrack], audio: NDArray[np.floating], embed: Embed, protocol: SyncProtocol
) -> SyncScore:
    """Score of one clip: of its longest track, or the mean over tracks (then the offset is the longest track's).

    Args:
        tracks: at least one. audio: ``(S,)`` mono at 16 kHz, sample 0 at the first frame.
        embed: MFCC windows ``(N, 13, 20)`` -> ``(N, 1024)`` (`SyncEmbedder.sound`).

    Raises:
        Unscorable: ``too_short`` if lips or sound hold no window together, ``undefined``, ``no_audio``.
    """
    ordered = sorted(tracks, key=lambda track: -len(track.embeddings))
    chosen = ordered if protocol.several == "mean" else ordered[:1]
    whole = sound_embeddings(audio, embed) if protocol.sound == "whole" else None
    scores = []
    for track in chosen:
        if whole is not None:
            sound = whole[track.first :]
        else:
            frames = len(track.embeddings) + WINDOW - 1
            begin, end = (SAMPLES_PER_FRAME * frame for frame in (track.first, track.first + frames))
            sound = sound_embeddings(audio[begin:end], embed)
        scores.append(compare(track.embeddings, sound))
    lse_d, lse_c = (float(np.mean([getattr(score, name) for score in scores])) for name in ("lse_d", "lse_c"))
    return SyncScore(lse_d, lse_c, scores[0].offset)


def sound_embeddings(audio: NDArray[np.floating], embed: Embed) -> FloatArray:
    """Embeddings of all sound windows that a clip may use, ``(samples // 640 - 5, 1024)``; no row where that is below 1."""
    count = window_count(len(audio) // SAMPLES_PER_FRAME, len(audio))
    if count == 0:
        return np.empty((0, EMBEDDING), np.float32)
    return embed(sound_windows(sound_columns(audio), count))


LIPS, SOUND = "sync_lips", "sync_sound"
"""Features of the protocol `lse`: `syncnet_clip.packed` by pictures, `sound_embeddings` by sound."""


def legacy_feature(protocol: SyncProtocol) -> str:
    """Feature of a protocol that cuts sound and pictures together: one row ``(1, 3)`` of `as_row`."""
    return "sync_" + protocol.name.removeprefix("lse-").replace("-", "_")


def as_row(score: SyncScore) -> NDArray[np.float32]:
    """LSE-D, LSE-C and offset as ``(1, 3)``, for the feature cache."""
    return np.array([[score.lse_d, score.lse_c, score.offset]], dtype=np.float32)


def _score(bundle: Bundle) -> SyncScore:
    """Under `lse`: of the longest stretch of the face, against the same stretch of the sound."""
    features = bundle.generated
    need_audio(features)
    tracks = unpacked(features.need(LIPS), features.sampled_at[LIPS])
    longest = max(tracks, key=lambda track: len(track.embeddings))
    return compare(longest.embeddings, features.need(SOUND)[longest.first :])


def _legacy_score(bundle: Bundle, feature: str) -> SyncScore:
    need_audio(bundle.generated)
    lse_d, lse_c, offset = (float(value) for value in bundle.generated.need(feature)[0])
    return SyncScore(lse_d, lse_c, round(offset))


def _family(protocol: SyncProtocol) -> tuple[Metric, ...]:
    ours = protocol.name == "lse"
    suffix = "" if ours else legacy_feature(protocol).removeprefix("sync")
    label = "" if ours else f" ({protocol.name.removeprefix('lse-')})"
    feature = legacy_feature(protocol)
    score: Callable[[Bundle], SyncScore] = _score if ours else lambda bundle: _legacy_score(bundle, feature)
    common: dict[str, Any] = {
        "group": "sync",
        "needs": ("audio", LIPS, SOUND) if ours else ("audio", feature),
        "weights": ("syncnet_v2", "sfd_face") if protocol.faces == "s3fd" else ("syncnet_v2",),
        "protocol": protocol.describe(),
        "source": "Chung & Zisserman 2016 (SyncNet); Prajwal et al. 2020 (LSE)",
        "aggregate": weighted_mean,
    }
    return (
        Metric(
            name=f"lse_c{suffix}",
            bounds=(0.0, math.inf),
            title=f"LSE-C{label}",
            unit="",
            better="higher",
            summary="SyncNet's confidence that sound and lips belong together, at the shift where they fit best.",
            per_clip=lambda bundle: score(bundle).lse_c,
            **common,
        ),
        Metric(
            name=f"lse_d{suffix}",
            title=f"LSE-D{label}",
            unit="",
            better="lower",
            summary="SyncNet's distance between sound and lips, at the shift where they fit best.",
            per_clip=lambda bundle: score(bundle).lse_d,
            **common,
        ),
        Metric(
            name=f"av_offset{suffix}",
            title=f"AV offset{label}",
            unit="frames",
            better="none",
            summary="SyncNet's offset in frames of 40 ms, positive where the sound comes before the lips.",
            per_clip=lambda bundle: float(score(bundle).offset),
            **common,
        ),
    )


METRICS: tuple[Metric, ...] = tuple(metric for protocol in PROTOCOLS.values() for metric in _family(protocol))
