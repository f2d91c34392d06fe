"""Smooth random warps of a face: new face shapes from few people, fixed to the head so that it stays one person."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CELLS = 6
"""Knots of the field along a side: bumps about as wide as an eye or a mouth."""
SIDE = 64
"""Samples of the field along a side."""
REACH = 2.2
"""Half the side of the warped square in inter-ocular distances: the head with its hair."""
LARGEST = 0.2
"""Inter-ocular distances: beyond, neighbouring knots could fold the picture over."""
ASYMMETRY = 0.4
"""Share of the field that differs between the halves of the face: real faces are nearly symmetric."""
ROUNDS = 8
"""Of the fixed-point search for where a point goes."""


@dataclass(frozen=True)
class HeadFrame:
    """Where the head is in one picture, in frame units: centre ``(2,)``, roll in degrees, inter-ocular distance."""

    centre: NDArray[np.float64]
    roll: float
    size: float


class Warp:
    """A displacement field in the coordinates of the head, zero at the rim of its square and beyond.

    Args:
        strength: standard deviation of the knots' displacement in inter-ocular distances; 0.1 changes a face a lot.
        random: source of the field.
    """

    def __init__(self, strength: float, random: np.random.Generator) -> None:
        knots = random.normal(0, strength, (CELLS, CELLS, 2))
        other = knots[:, ::-1] * [-1, 1]
        knots = np.clip((1 + ASYMMETRY) / 2 * knots + (1 - ASYMMETRY) / 2 * other, -LARGEST, LARGEST)
        field = np.array(cv2.resize(knots.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))
        rise = np.minimum(1, np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]) / (SIDE / CELLS))
        self._field = (field * rise[:, None, None] * rise[:, None]).astype(np.float32)

    def source_of(self, points: NDArray[np.float32], head: HeadFrame) -> NDArray[np.float32]:
        """Where the warped picture takes its points ``(H, W, 2)`` from, in frame units."""
        angle, size = np.radians(head.roll), REACH * head.size
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        inward = turn.T / size * (SIDE / 2)
        into = np.column_stack([inward, (SIDE - 1) / 2 - inward @ head.centre]).astype(np.float32)
        across, down = cv2.split(cv2.transform(points, into))
        # The field is zero at its rim, so that repeating the rim means no shift beyond it.
        shift = cv2.remap(self._field, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(points + cv2.transform(shift, (turn * head.size).astype(np.float32)), np.float32)

    def target_of(self, points: NDArray[np.float32], head: HeadFrame) -> NDArray[np.float32]:
        """Where points ``(N, 2)`` of the original go, in frame units: the inverse of `source_of`."""
        moved = points
        for _ in range(ROUNDS):
            moved = moved - (self.source_of(moved[None], head)[0] - points)
        return moved
