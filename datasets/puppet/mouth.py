"""The inside of the mouth, painted: dark cavity, upper teeth fixed to the skull, lower teeth and tongue on the jaw."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.puppet.topology import INNER_LOWER, INNER_UPPER
from datasets.puppet.warp import coverage, window

_NOSE_TO_BITE = 0.5
"""From the base of the nose to the edge of the upper front teeth, in lengths of the nose (root to base)."""
_CHIN_TO_BITE = 0.86
"""From the tip of the chin up to the edge of the lower front teeth, in the same unit."""
_ARCH = 0.62
"""Half the width of the row of teeth that shows, in the same unit."""
_TEETH = 5.2
"""Teeth on each side of that half width."""
_CAVITY = np.array([52.0, 18.0, 18.0])
_TONGUE = np.array([168.0, 84.0, 82.0])
_ENAMEL = np.array([236.0, 228.0, 214.0])

Points = NDArray[np.float64]


class Mouth:
    """Paints the mouth of one portrait.

    Args:
        rest: ``(478, 3)`` landmarks of the portrait.
        light: RGB ``(3,)`` of the light on the face, 1 for white light on a well lit picture; tints every colour.
    """

    def __init__(self, rest: Points, light: NDArray[np.float64]) -> None:
        nose = rest[2] - rest[168]
        length = float(np.linalg.norm(nose))
        down = nose / length
        across = rest[263] - rest[33]
        across = across / np.linalg.norm(across)
        self.open_at_rest = bool(np.linalg.norm(rest[13] - rest[14]) > 0.06 * length)
        bite = rest[2] + down * length * _NOSE_TO_BITE
        bite[2] = rest[13, 2]
        self._upper = np.array([bite, bite + across * length * _ARCH, bite + down * length])
        self._lower_from_chin = -down * length * _CHIN_TO_BITE
        self._light = light

    def paint(self, frame: NDArray[np.uint8], vertices: Points, head: Points) -> None:
        """Paint into `frame` in place what is seen between the lips of `vertices`."""
        upper, lower = vertices[list(INNER_UPPER), :2], vertices[list(INNER_LOWER), :2]
        skull = np.column_stack([self._upper, np.ones(3)]) @ head
        origin, right, below = skull[0, :2], skull[1, :2] - skull[0, :2], skull[2, :2] - skull[0, :2]
        upper, lower, gap = parted(upper, lower, below / np.linalg.norm(below))
        scale = float(np.linalg.norm(below))
        box = window(np.concatenate([upper, lower]), 2.0, frame.shape)
        if box is None:
            return
        left, top, stop, bottom = box
        if self.open_at_rest:
            # A portrait that smiles has no dark line between its lips; without it, closed lips look like one.
            darken_line(frame, (upper + lower) / 2, box, max(1, round(scale / 60)), 0.55)
        if gap.max() < 0.25:
            return
        alpha = coverage(np.concatenate([upper, lower[::-1]]), left, top, stop - left, bottom - top)
        rows, columns = np.mgrid[top:bottom, left:stop].astype(np.float64)
        # u runs across the row of teeth (-1..1), v down from the upper bite, in nose lengths.
        basis = np.linalg.inv(np.column_stack([right, below]))
        offset = np.stack([columns - origin[0], rows - origin[1]], axis=-1)
        u, v = np.moveaxis(offset @ basis.T, -1, 0)
        lower_bite = vertices[152] + self._lower_from_chin @ head[:3]
        jaw_u, jaw_v = basis @ (lower_bite[:2] - origin)
        opening = float(gap.max()) / scale
        layer = self._colours(u, v, float(jaw_u), float(max(jaw_v, 0.02)), opening, 1.0 / scale)
        shade = _lip_shadow(rows, columns, upper, lower, 0.09 * scale)
        patch = frame[top:bottom, left:stop]
        mixed = patch + alpha[..., None] * (layer * shade[..., None] - patch)
        patch[...] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)

    def _colours(self, u: Points, v: Points, jaw_u: float, jaw_v: float, opening: float, pixel: float) -> Points:
        """RGB of the open mouth at arch coordinates, before the shadow of the lips."""
        depth = np.clip(1.0 - 0.55 * np.abs(u), 0.0, 1.0)
        colour = _CAVITY * (0.55 + 0.45 * depth)[..., None]
        tongue_top = jaw_v + 0.02 + 0.10 * (u - jaw_u) ** 2 - 0.05 * min(opening, 0.4)
        tongue = _ramp(v - tongue_top, 3 * pixel) * _ramp(0.75 - np.abs(u - jaw_u), 0.2)
        colour = colour + (tongue * 0.75 * np.clip(0.35 + 1.6 * (v - tongue_top), 0.3, 0.9))[..., None] * (
            _TONGUE - colour
        )
        lower_edge = jaw_v - 0.035 * (u - jaw_u) ** 2
        lower_teeth = _ramp(v - lower_edge, pixel) * _ramp(0.8 - np.abs(u - jaw_u), 0.15)
        colour = colour + (lower_teeth * 0.92)[..., None] * (_tooth(u - jaw_u, 0.62, 1.25) - colour)
        # The bite curves up towards the sides, as a dental arch does seen from in front.
        upper_edge = -0.055 * u**2 - 0.012 * np.cos(np.pi * _TEETH * u) * (np.abs(u) < 0.7)
        upper_teeth = _ramp(upper_edge - v, pixel) * _ramp(1.05 - np.abs(u), 0.15)
        colour = colour + upper_teeth[..., None] * (_tooth(u, 0.95, 1.0) - colour)
        return colour * self._light


def parted(upper: Points, lower: Points, down: Points) -> tuple[Points, Points, NDArray[np.float64]]:
    """Two facing edges ``(n, 2)`` and the gaps ``(n,)`` between them; where they cross, both go to the middle."""
    gap = (lower - upper) @ down
    crossed = (gap < 0)[:, None]
    middle = (upper + lower) / 2
    return np.where(crossed, middle, upper), np.where(crossed, middle, lower), np.maximum(gap, 0.0)


def _ramp(distance: Points, width: float) -> Points:
    """0 to 1 over `width` around distance 0."""
    return np.clip(distance / width + 0.5, 0.0, 1.0)


def _tooth(u: Points, brightness: float, density: float) -> Points:
    side = np.clip(1.0 - 0.75 * u**2, 0.15, 1.0)
    between = 1.0 - 0.16 * np.exp(-((np.sin(np.pi * _TEETH * density * u / 2.0) / 0.16) ** 2))
    return _ENAMEL * (brightness * side * between)[..., None]


def _lip_shadow(rows: Points, columns: Points, upper: Points, lower: Points, reach: float) -> Points:
    """The lips keep light out: darkest under the upper lip."""
    ceiling = np.interp(columns[0], upper[:, 0], upper[:, 1])[None]
    floor = np.interp(columns[0], lower[:, 0], lower[:, 1])[None]
    under = 0.75 + 0.25 * np.clip((rows - ceiling) / max(reach, 1.0), 0.0, 1.0)
    over = 0.8 + 0.2 * np.clip((floor - rows) / max(0.5 * reach, 1.0), 0.0, 1.0)
    return under * over


def darken_line(
    frame: NDArray[np.uint8], line: Points, box: tuple[int, int, int, int], thickness: int, strength: float
) -> None:
    """Darken a soft line ``(n, 2)`` in place: where two edges meet, little light comes out. `strength` is 0..1."""
    if strength <= 0.0:
        return
    left, top, right, bottom = box
    mask = np.zeros((bottom - top, right - left), dtype=np.uint8)
    cv2.polylines(mask, [np.rint((line - (left, top)) * 16).astype(np.int32)], False, (255,), thickness, cv2.LINE_AA, 4)
    weight = strength * cv2.GaussianBlur(mask, (0, 0), 0.6).astype(np.float64)[..., None] / 255.0
    patch = frame[top:bottom, left:right]
    patch[...] = np.rint(patch * (1.0 - weight)).astype(np.uint8)
