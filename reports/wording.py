"""Words for machine names: why there is no value, and numbers as people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

STATUS: Mapping[str, str] = {
    "ok": "scored",
    "no_face": "no face found",
    "decode_error": "the video could not be decoded",
    "too_short": "too short to measure",
    "no_audio": "no sound",
    "no_video": "no picture",
    "no_speech": "no speech in the sound",
    "no_reference": "no reference clip to compare with",
    "not_generated": "the model made no video",
    "unfit_video": "the video has another length or frame rate than its case",
    "weights_missing": "weights are not installed",
    "undefined": "undefined for these cases",
    "error": "failed unexpectedly",
    "not_applicable": "not asked of these cases",
    "not_measured": "not measured",
}

ARROWS: Mapping[str, str] = {"lower": "↓", "higher": "↑", "none": ""}


def why(status: str, note: str = "") -> str:
    """A reason as one phrase: the note where there is one, the status in words otherwise."""
    words = STATUS.get(status, status.replace("_", " "))
    return f"{words}: {note}" if note else words


def number(value: Any) -> float | None:
    """The value as a finite float, or None for anything that is not one (None, NaN, NA, infinite)."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def text(value: Any) -> str:
    """The value as text; empty for None, NaN and NA."""
    return "" if value is None or value is pd.NA or value != value else str(value)


def decimals(values: Iterable[float]) -> int:
    """How many decimals show three significant digits of the median magnitude; 0..6."""
    sizes = sorted(abs(value) for value in values if value)
    if not sizes:
        return 2
    # A distance of something from itself is zero but for rounding; it must not ask for decimals.
    sizes = [size for size in sizes if size > 1e-6 * sizes[-1]]
    return min(6, max(0, 2 - math.floor(math.log10(sizes[len(sizes) // 2]))))


def fixed(value: float, places: int) -> str:
    """Fixed decimals with a real minus sign; never ``-0.00``."""
    shown = f"{value:.{places}f}"
    if float(shown) == 0:
        shown = shown.removeprefix("-")
    return shown.replace("-", "−")


def slug(name: str) -> str:
    """The name as a part of a file name: no separators, no dots, never empty."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "_"
