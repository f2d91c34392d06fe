"""Do the lips go with the sound? Three measures that need no trained network, so they are not LSE-C and LSE-D.

`lip_corr` asks how well the opening of the lips follows loudness, `lip_offset` at which shift it follows best,
`closure` whether the lips meet at p, b and m. All are made so that a mouth that does not move scores near 0, not well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import COSINE, Bundle, FaceTrack, Features, Metric, Phoneme, Status, Unscorable, weighted_mean
from metrics.envelope import ENVELOPE_PROTOCOL, loudness, need_audio
from metrics.features.regions import LIPS_INNER, LIPS_OUTER
from metrics.pairing import fill_gaps, usable_track
from metrics.rigid import RIGID_PROTOCOL, frontal

FLOOR = 0.01
"""Inter-ocular distances: 4 times the tracker's jitter on a noisy still picture, a fifth of what speech moves."""

CAP_PERCENTILE = 80
MIN_SECONDS = 1.0
LAG_FPS = 25
MAX_LAG = 15
MIN_OVERLAP = 25
BILABIALS = frozenset({"P", "B", "M"})
CLOSURE_REACH = 0.2
CLOSURE_SLACK = 0.08
SILENCE = "SIL"


def _opening(face: NDArray[np.float64], contour: Sequence[int]) -> NDArray[np.float64]:
    """Mean height of the middle five point pairs of a closed lip contour ``(T,)``; below 0 never on a real mouth."""
    points = np.array(contour)
    upper, lower = points[3:8], points[17:12:-1]
    height: NDArray[np.float64] = np.mean(face[:, lower, 1] - face[:, upper, 1], axis=1)
    return height


def aperture(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Opening between the inner lips, head pose taken out, ``(T,)`` in inter-ocular distances; NaN without a face."""
    return _opening(frontal(landmarks), LIPS_INNER)


def lip_motion(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean of the openings of the inner and the outer lip contour, ``(T,)`` in inter-ocular distances.

    The outer contour is found more surely in small or dark mouths; on two real clips the mean finds the lag better
    than the inner opening alone.
    """
    face = frontal(landmarks)
    return (_opening(face, LIPS_INNER) + _opening(face, LIPS_OUTER)) / 2


def speech_motion(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """`lip_motion` without what is wider than its 80th percentile, ``(T,)``; NaN without a face.

    A mouth opens widest to breathe in, in silence, and a few such frames would outweigh all of speech. With the cap,
    76 % instead of 41 % of the 4 s pieces of a real clip with breaths agree on its lag within 2 frames; the cap was
    chosen on that clip and one other.
    """
    motion = lip_motion(landmarks)
    return np.minimum(motion, np.nanpercentile(motion, CAP_PERCENTILE))


def floored_correlation(lips: NDArray[np.float64], sound: NDArray[np.float64]) -> float:
    """Correlation whose lip variance has a floor: ``cov / (sd_sound * sqrt(var_lips + floor²))``, in -1..1.

    Pearson's r is scale-free: a frozen mouth, whose landmarks only jitter, would be undefined or pure chance. The
    floor leaves real speech (0.05 inter-ocular distances) almost untouched and takes jitter to 0.
    """
    deviation = float(np.std(sound))
    if deviation <= 0:
        return 0.0
    covariance = float(np.mean((lips - np.mean(lips)) * (sound - np.mean(sound))))
    return covariance / (deviation * float(np.sqrt(np.var(lips) + FLOOR**2)))


def _speaking(features: Features) -> tuple[FaceTrack, NDArray[np.float32]]:
    """Face track and sound of a video long enough to be judged."""
    audio, track = need_audio(features), usable_track(features)
    seconds = len(track) / track.fps
    if seconds < MIN_SECONDS:
        raise Unscorable(Status.TOO_SHORT, f"{seconds:.2f} s of video; at least {MIN_SECONDS:g} s are needed")
    heard = len(audio) / features.audio_rate
    if heard < 0.5 * seconds:
        raise Unscorable(Status.TOO_SHORT, f"{heard:.2f} s of sound for {seconds:.2f} s of video")
    return track, audio


def lip_correlation(bundle: Bundle) -> float:
    """Floored correlation of lip opening and loudness at the same time, over frames with a face and with sound."""
    track, audio = _speaking(bundle.generated)
    times = np.arange(len(track)) / track.fps
    used = track.present & (times <= len(audio) / bundle.generated.audio_rate)
    return floored_correlation(speech_motion(track.landmarks[used]), loudness(audio, times[used]))


def lag_curve(lips: NDArray[np.float64], fps: float, audio: NDArray[np.floating]) -> NDArray[np.float64]:
    """Floored correlation at each lag from -15 to +15 frames of 40 ms, ``(31,)``.

    At lag k the lips at time t are compared with the sound at t + k / 25 s, on the frames for which the sound exists
    (nothing is padded). So the curve peaks at k > 0 where the sound is later than the lips.

    Args:
        lips: ``(T,)`` lip opening at `fps`, without gaps; brought to 25 a second by linear interpolation.
    """
    seconds = min(len(lips) / fps, len(audio) / 16000)
    count = int(np.floor(seconds * LAG_FPS + 1e-6))
    times = np.arange(count) / LAG_FPS
    motion = np.interp(times, np.arange(len(lips)) / fps, lips)
    sound = loudness(audio, times)
    curve = np.zeros(2 * MAX_LAG + 1)
    for index, lag in enumerate(range(-MAX_LAG, MAX_LAG + 1)):
        first, last = max(0, -lag), min(count, count - lag)
        curve[index] = floored_correlation(motion[first:last], sound[first + lag : last + lag])
    return curve


def lip_lag(bundle: Bundle) -> float:
    """Lag of best correlation in frames of 40 ms, -15..15; positive where the sound comes later than the lips.

    Raises:
        Unscorable: ``too_short`` under 1.6 s (25 frames must overlap at the largest lag); ``undefined`` if the lips do
            not move or follow the sound at no lag, since then no lag is better than another.
    """
    track, audio = _speaking(bundle.generated)
    frames = int(min(len(track) / track.fps, len(audio) / bundle.generated.audio_rate) * LAG_FPS + 1e-6)
    if frames < MIN_OVERLAP + MAX_LAG:
        needed = (MIN_OVERLAP + MAX_LAG) / LAG_FPS
        raise Unscorable(Status.TOO_SHORT, f"{frames / LAG_FPS:.2f} s; a lag needs at least {needed:g} s")
    lips = fill_gaps(speech_motion(track.landmarks))
    if np.std(lips) < FLOOR:
        raise Unscorable(Status.UNDEFINED, f"the lips move by {np.std(lips):.4f} iod only: no lag can be told")
    curve = lag_curve(lips, track.fps, audio)
    if np.max(curve) <= 0:
        raise Unscorable(Status.UNDEFINED, "the lips follow the sound at no lag")
    # Among equal values the smallest shift wins, then the negative one, so that ties are decided the same everywhere.
    lags = np.arange(-MAX_LAG, MAX_LAG + 1)
    best = np.flatnonzero(curve == np.max(curve))
    return float(lags[best[np.argmin(np.abs(lags[best]))]])


def closure_depths(
    opening: NDArray[np.float64], fps: float, phonemes: Sequence[Phoneme], present: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """For each p, b and m, how much the lips close there against the surrounding 0.2 s: ``(k,)`` in -1..1.

    ``(around - at) / (max(around, at) + floor)``: 1 where open lips shut completely, 0 where they do not care (so for a
    frozen mouth), below 0 where they open. ``at`` is the mean opening over the phoneme and 80 ms before it, since lips
    shut before the sound is heard to stop; ``around`` is the mean over the 0.2 s on both sides without those frames.

    Args:
        opening: ``(T,)`` inner-lip opening without gaps. present: ``(T,)`` frames with a face; others are not used.
    """
    times = np.arange(len(opening)) / fps
    depths = []
    for phoneme in phonemes:
        if phoneme.symbol not in BILABIALS:
            continue
        inside = (times >= phoneme.start - CLOSURE_SLACK) & (times <= phoneme.end)
        near = (times >= phoneme.start - CLOSURE_REACH) & (times <= phoneme.end + CLOSURE_REACH) & ~inside
        inside, near = inside & present, near & present
        if not np.any(inside) or not np.any(near):
            continue
        at, around = (max(float(np.mean(opening[mask])), 0.0) for mask in (inside, near))
        depths.append((around - at) / (max(around, at) + FLOOR))
    return np.array(depths)


def closure(bundle: Bundle) -> float:
    """Mean of `closure_depths`."""
    track, _ = _speaking(bundle.generated)
    phonemes: Sequence[Phoneme] = bundle.generated.need("phonemes")
    if all(phoneme.symbol == SILENCE for phoneme in phonemes):
        raise Unscorable(Status.NO_SPEECH, "no speech sound was recognised")
    opening = fill_gaps(aperture(track.landmarks))
    depths = closure_depths(opening, track.fps, phonemes, track.present)
    if len(depths) == 0:
        raise Unscorable(Status.NOT_APPLICABLE, "no p, b or m was recognised in this clip")
    return float(np.mean(depths))


_SYNC: dict[str, Any] = {
    "group": "sync",
    "needs": ("track", "audio"),
    "source": "own definition; correlation of mouth opening and loudness is classical (Yehia et al. 1998)",
    "aggregate": weighted_mean,
}
_CORRELATION: dict[str, Any] = {
    **RIGID_PROTOCOL,
    **ENVELOPE_PROTOCOL,
    "lips": "mean opening of inner and outer lip contour, middle five pairs, pose taken out, inter-ocular units,"
    " capped at the clip's 80th percentile",
    "correlation": "cov / (sd_sound * sqrt(var_lips + 0.01²))",
}
_LAG: dict[str, Any] = {
    **_CORRELATION,
    "lags": "-15..15 frames of 40 ms, lips interpolated to 25 fps, overlapping part only, at least 25 frames",
    "undefined": "lips move less than 0.01, or no positive correlation",
}

METRICS: tuple[Metric, ...] = (
    Metric(
        name="lip_corr",
        bounds=COSINE,
        title="Lip corr.",
        unit="",
        better="higher",
        protocol=_CORRELATION,
        summary="How closely the lip opening follows loudness at the same time (-1..1); a frozen mouth gives 0.",
        per_clip=lip_correlation,
        **_SYNC,
    ),
    Metric(
        name="lip_offset",
        title="Lip |offset|",
        unit="frames",
        better="lower",
        protocol={**_LAG, "value": "absolute lag"},
        summary="By how many frames of 40 ms sound and lips are apart, whichever is late.",
        per_clip=lambda bundle: abs(lip_lag(bundle)),
        **_SYNC,
    ),
    Metric(
        name="lip_lag",
        title="Lip lag",
        unit="frames",
        better="none",
        protocol={**_LAG, "value": "signed lag, positive where the sound is later than the lips"},
        summary="Signed lag in frames of 40 ms, positive where the sound comes later than the lips.",
        per_clip=lip_lag,
        **_SYNC,
    ),
    Metric(
        name="closure",
        bounds=(-math.inf, 1.0),
        title="Closure",
        unit="",
        better="higher",
        protocol={
            **RIGID_PROTOCOL,
            "phonemes": "P, B, M as recognised in the generated video's sound",
            "depth": "(around - at) / (max of both + 0.01); at: phoneme and 0.08 s before; around: 0.2 s on both sides",
            "lips": "inner lip opening, middle five pairs, pose taken out, inter-ocular units",
        },
        summary="How far the lips close at p, b and m against just before and after (1 fully, 0 not at all).",
        per_clip=closure,
        **{**_SYNC, "needs": ("track", "audio", "phonemes"), "source": "own definition"},
    ),
)
