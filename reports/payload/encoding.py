"""How the page's data travels: JSON that cannot close its element, columns of codes, and compressed chunks of numbers."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from reports.wording import number, text

DROPPED_BITS = 6
"""Of the 23 of a float32's fraction: what is left is five digits, and compresses by a quarter more."""


def as_json(value: Any) -> Markup:
    """JSON that may stand inside a script element: no text in it can close the element."""
    dumped = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        dumped = dumped.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(dumped)


class Chunks:
    """Compressed numbers beside the JSON, each in an element of its own, unpacked when a view asks for it."""

    def __init__(self) -> None:
        self.elements: list[tuple[str, Markup]] = []

    def add(self, raw: bytes) -> str:
        """Id of the element whose text is the base64 of the gzip of these bytes."""
        name = f"chunk-{len(self.elements)}"
        # Without a time inside, the same numbers are the same bytes. Base64 has no letter of markup.
        packed = base64.b64encode(gzip.compress(raw, compresslevel=6, mtime=0))
        self.elements.append((name, Markup(packed.decode("ascii"))))
        return name


def float_bytes(values: NDArray[np.float64]) -> bytes:
    """Little-endian float32 of five digits, in C order; NaN for what is not finite or too large."""
    with np.errstate(over="ignore"):  # Becomes infinite, and NaN in the last line.
        bits = np.asarray(values, np.float64).astype("<f4").view("<u4")
    half, kept = np.uint32(1 << (DROPPED_BITS - 1)), np.uint32(0xFFFFFFFF ^ ((1 << DROPPED_BITS) - 1))
    rounded_off = ((bits + half) & kept).view("<f4")
    return np.where(np.isfinite(values) & np.isfinite(rounded_off), rounded_off, np.float32(np.nan)).tobytes()


def rounded(values: Iterable[Any], digits: int = 5) -> list[float | None]:
    """Numbers for JSON with so many significant digits; None for what is not finite."""
    return [None if (known := number(value)) is None else float(f"{known:.{digits}g}") for value in values]


def coded(values: pd.Series[Any]) -> dict[str, Any]:
    """A column of few different texts: ``values`` in order of appearance and one of their ``codes`` a row, -1 for none."""
    words = [text(value) or None for value in values]
    codes, known = pd.factorize(np.array(words, dtype=object))
    return {"values": known.tolist(), "codes": codes.tolist()}
