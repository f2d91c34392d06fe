"""CPBD: the share of edges at which blur would not be noticed (Narvekar and Karam, IEEE TIP 2011). 0 blurred, 1 sharp.

Written from the paper. Where the paper leaves a choice (how edges are found), it is that of the field's usual Python package,
`cpbd` on PyPI, whose numbers these are; the package itself no longer runs with current SciPy and takes a second a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import sobel
from skimage.feature import canny

from metrics.base import FloatArray
from metrics.features.base import Weightless

BLOCK = 64
EDGE_SHARE = 0.002
"""A block counts where more of its pixels are edges."""
LOW_CONTRAST, WIDTHS = 50, (5, 3)
"""Edge widths at which blur is just noticed, in pixels: up to that contrast of the block, and above it."""
BETA = 3.6
NOTICED = 63
"""Per cent of observers who notice blur of just that width, ``1 - 1/e``."""
REACH = 100
"""Pixels to each side over which an edge is followed."""


def cpbd(grey: NDArray[np.floating]) -> float:
    """Of a grey picture ``(H, W)`` in 0..255: 0..1, higher is sharper; NaN without an edge in any block of 64 × 64."""
    picture = np.asarray(grey, dtype=np.float64)
    height, width = (size // BLOCK * BLOCK for size in picture.shape)
    pixels, edges, lengths = (_blocks(a[:height, :width]) for a in (picture, canny(picture), edge_widths(picture)))
    contrast = np.ptp(pixels, axis=1).astype(int)
    noticed_from = np.where(contrast <= LOW_CONTRAST, *WIDTHS)[:, None]
    measured = (lengths > 0) & (np.count_nonzero(edges, axis=1) > EDGE_SHARE * BLOCK**2)[:, None]
    noticing = 100 * (1 - np.exp(-((lengths / noticed_from) ** BETA)))[measured]
    return float(np.mean(np.rint(noticing) <= NOTICED)) if len(noticing) else float("nan")


def edge_widths(picture: NDArray[np.float64]) -> NDArray[np.int64]:
    """Width in pixels of each vertical edge, along its row from one extremum of the grey level to the next (Marziliano et al.,
    ICIP 2002); 0 elsewhere. ``(H, W)``."""
    down, along = np.gradient(picture)
    # A gradient straight up or down counts as rising, as in the package.
    turn = np.rint(np.where(along == 0, 0.0, np.degrees(np.arctan2(down, along))) / 45)
    climbs, falls = _run_lengths(picture), _run_lengths(-picture)
    widths = np.where(turn == 0, climbs, np.where(np.abs(turn) == 4, falls, 0))
    widths[~_edges(picture)] = 0
    return widths if np.any(turn) else np.zeros_like(widths)


def _run_lengths(picture: NDArray[np.float64]) -> NDArray[np.int64]:
    """How far around each pixel the row goes on falling to the left and climbing to the right, ``(H, W)``; 0 on the border."""
    steps = np.diff(picture, axis=1) > 0
    closed = np.zeros((len(picture), 1), dtype=bool)
    left = _run(np.concatenate([closed, steps], axis=1))
    right = _run(np.concatenate([steps, closed], axis=1)[:, ::-1])[:, ::-1]
    widths = np.zeros(picture.shape, dtype=np.int64)
    widths[1:-1, 1:-1] = np.minimum(left, REACH)[1:-1, :-2] + np.minimum(right, REACH)[1:-1, 2:] + 2
    return widths


def _run(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each place of each row, how many true flags end there."""
    places = np.arange(flags.shape[1])
    run: NDArray[np.int64] = places - np.maximum.accumulate(np.where(flags, -1, places), axis=1)
    return run


def _edges(picture: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Ridges of the squared horizontal Sobel gradient, over a threshold."""
    strength = np.square(sobel(picture, axis=1) / 8)
    # The package compares squares with a root, after GNU Octave.
    strength[strength <= 2 * np.sqrt(np.mean(strength))] = 0
    padded = np.pad(strength, 1)
    ridges = [
        (strength > padded[1 + a : a + 1 + len(strength), 1 + b : b + 1 + strength.shape[1]])
        & (strength > padded[1 - a : len(strength) + 1 - a, 1 - b : strength.shape[1] + 1 - b])
        for a, b in ((0, 1), (1, 0))
    ]
    return np.asarray(ridges[0] | ridges[1])


def _blocks(picture: NDArray[Any]) -> NDArray[Any]:
    """``(H, W)`` of whole blocks -> ``(blocks, 4096)``."""
    tall, wide = (size // BLOCK for size in picture.shape)
    return picture.reshape(tall, BLOCK, wide, BLOCK).swapaxes(1, 2).reshape(tall * wide, BLOCK * BLOCK)


class Cpbd(Weightless):
    """`FrameNetwork`: CPBD of the whole frame, once a second. Needs no face."""

    name = "cpbd"
    per_second = 1.0
    needs_face = False

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "definition": "CPBD, blocks 64, beta 3.6, widths 5 and 3, edges as the package cpbd 1.0.7 finds them; cv2's grey",
            "scikit-image": version("scikit-image"),
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], landmarks: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        """Grey levels ``(H, W)`` uint8.

        Raises:
            ValueError: the frame is smaller than one block.
        """
        if min(frame.shape[:2]) < BLOCK:
            raise ValueError(
                f"a frame of {frame.shape[1]}x{frame.shape[0]} is smaller than CPBD's block of {BLOCK} pixels"
            )
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), dtype=np.uint8)

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, H, W)`` uint8 -> ``(B, 1)`` float32, NaN for a frame without edges."""
        return np.array([[cpbd(grey)] for grey in batch], dtype=np.float32).reshape(-1, 1)
