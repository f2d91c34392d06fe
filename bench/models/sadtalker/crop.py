"""Where SadTalker looks, a box around the face, and how what it draws comes back into the portrait."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from bench.models.eamm.crop import SIZE, Array, Paste, Picture

MODES = ("crop", "resize", "full")
"""As the script's ``--preprocess``: a box around the face, the whole picture, or the box under a network that knows its place."""

_LEFT_EYE, _RIGHT_EYE, _MOUTH = slice(36, 42), slice(42, 48), [48, 54]


class Box(NamedTuple):
    """Pixels of a picture; right and bottom are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    def matrix(self) -> Array:
        """From pixels of the picture to those of the box stretched to 256 x 256, ``(2, 3)``."""
        scale = SIZE / np.array(self.size)
        # Pixels are where their middles are.
        move = scale * (0.5 - np.array([self.left, self.top])) - 0.5
        return np.column_stack([np.diag(scale), move])


def box_of(mode: str, picture: Picture, points: Array) -> Box:
    """What of a picture is animated in a mode of `MODES`; `points` ``(68, 2)`` are those of its face, in pixels."""
    height, width = picture.shape[:2]
    return Box(0, 0, width, height) if mode == "resize" else face_box(points, width, height)


def face_box(points: Array, width: int, height: int) -> Box:
    """The upright box around the square that FFHQ was cropped by: twice as wide as eyes are apart, or 1.8 times the way from
    eyes to mouth each way, whichever is more; cut to the picture.

    The published code first shrinks pictures in which this square has 2048 pixels or more; here they are shrunk once, to 256.
    """
    eyes = points[_LEFT_EYE].mean(axis=0), points[_RIGHT_EYE].mean(axis=0)
    middle, mouth = (eyes[0] + eyes[1]) / 2, points[_MOUTH].mean(axis=0)
    across, down = eyes[1] - eyes[0], mouth - middle
    side = across + _turned(down)
    side *= max(2 * np.hypot(*across), 1.8 * np.hypot(*down)) / np.hypot(*side)
    reach = np.abs(side) + np.abs(_turned(side))
    centre = middle + 0.1 * down
    edges = np.concatenate([centre - reach, centre + reach])
    left, top, right, bottom = np.clip(np.floor(edges + 0.5).astype(int), 0, [width, height, width, height])
    return Box(int(left), int(top), int(right), int(bottom))


def _turned(way: Array) -> Array:
    """By a quarter against the clock, as seen: what points down then points right."""
    return np.array([way[1], -way[0]])


def cut(picture: Picture, box: Box) -> Picture:
    """The box, stretched to ``(256, 256, 3)``, bilinear as published."""
    return np.asarray(cv2.resize(picture[box.top : box.bottom, box.left : box.right], (SIZE, SIZE)), np.uint8)


def in_crop(points: Array, box: Box) -> Array:
    """Points ``(P, 2)`` of a picture in pixels of its crop."""
    matrix = box.matrix()
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def pasting(mode: str, portrait: Picture, box: Box) -> Callable[[Picture], Picture]:
    """How a drawn crop ``(256, 256, 3)`` becomes a frame of the portrait's size.

    ``resize`` stretches it. ``full`` blends it in by Poisson's equation, as the script does. ``crop``, of which the script
    shows the crop alone, fades it in over 16 pixels.
    """
    if mode == "crop":
        return Paste(portrait, box.matrix())
    size = box.size
    how = cv2.INTER_AREA if max(size) <= SIZE else cv2.INTER_CUBIC

    def stretched(crop: Picture) -> Picture:
        return np.asarray(cv2.resize(crop, size, interpolation=how if mode == "resize" else cv2.INTER_LINEAR), np.uint8)

    if mode == "resize":
        return stretched
    whole = np.full((*size[::-1], 3), 255, np.uint8)
    middle = ((box.left + box.right) // 2, (box.top + box.bottom) // 2)

    def cloned(crop: Picture) -> Picture:
        return np.asarray(cv2.seamlessClone(stretched(crop), portrait, whole, middle, cv2.NORMAL_CLONE), np.uint8)

    return cloned
