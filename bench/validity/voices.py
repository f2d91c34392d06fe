"""The lag of lips and sound, and the recognised phonemes, against the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.validity.known import Known
from bench.validity.markdown import markdown
from metrics.base import Bundle, Features, Labels, Unscorable
from metrics.sync import BILABIALS, MAX_LAG, lip_lag

SHIFTS = (-12, -8, -5, -3, -1, 0, 1, 3, 5, 8, 12)
PHONEME_TOLERANCE = 0.1


def offset_table(known: Sequence[Known]) -> str:
    """Lag that is found when the sound is moved by a known number of frames."""
    rows = []
    for shift in SHIFTS:
        found: list[float] = []
        for clip in known:
            if clip.features.audio is None:
                continue
            samples = round(shift / 25 * clip.features.audio_rate)
            moved = np.roll(clip.features.audio, samples)
            features = Features(clip.features.fps, clip.features.frames, clip.features.track, moved)
            try:
                found.append(lip_lag(Bundle(features, None, Labels())))
            except Unscorable:
                continue
        error = np.abs(np.array(found) - shift)
        rows.append(
            (
                f"{shift:+d}",
                f"{np.median(found):+.0f}",
                f"{100 * np.mean(error <= 1):.0f} %",
                f"{100 * np.mean(error <= 2):.0f} %",
                str(len(found)),
            )
        )
    head = ("sound moved by (frames of 40 ms)", "median lag found", "within 1", "within 2", "clips")
    return markdown(head, rows) + f"\nSearched within ±{MAX_LAG} frames; the sound is moved in a circle.\n"


def phoneme_table(known: Sequence[Known]) -> str:
    """How many true p, b and m the recogniser finds, and how many of its own are true."""
    hits = truths = right = claims = 0
    for clip in known:
        if clip.features.phonemes is None:
            continue
        true = [(a + b) / 2 for symbol, a, b in clip.phonemes if symbol.upper() in BILABIALS]
        said = [(p.start + p.end) / 2 for p in clip.features.phonemes if p.symbol in BILABIALS]
        truths += len(true)
        claims += len(said)
        hits += sum(any(abs(t - s) <= PHONEME_TOLERANCE for s in said) for t in true)
        right += sum(any(abs(t - s) <= PHONEME_TOLERANCE for t in true) for s in said)
    rows = [
        ("true p, b, m that were recognised", f"{hits} of {truths} ({100 * hits / max(truths, 1):.0f} %)"),
        ("recognised p, b, m that are true", f"{right} of {claims} ({100 * right / max(claims, 1):.0f} %)"),
    ]
    return markdown((f"within {1000 * PHONEME_TOLERANCE:.0f} ms", ""), rows)
