"""The eyeballs: sclera and iris taken from the portrait, completed where lids hide them, seen through the lids."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.puppet.mouth import darken_line, parted
from datasets.puppet.topology import EYE_LOWER, EYE_UPPER, IRIS
from datasets.puppet.warp import coverage, window

_RINGS = 24
_REACH = 1.25
"""How far beyond the iris rim its sprite goes, in radii: the soft rim belongs to it."""

Points = NDArray[np.float64]
Image = NDArray[np.uint8]


def eyeballs(image: Image, rest: Points) -> list[Eyeball]:
    """Both eyes of a portrait; each fills in from the other what its own lids hide.

    Args:
        image: uint8 ``(H, W, 3)``. rest: its landmarks ``(478, 3)``.
    """
    views = [_View(image, rest, side) for side in (0, 1)]
    whites = np.concatenate([view.whites for view in views])
    if len(whites) < 8:
        whites = np.percentile(image.reshape(-1, 3), 75, axis=0)[None]
    light = whites.sum(axis=1)
    sclera = whites[light >= np.percentile(light, 35)].mean(axis=0)
    totals = sum(view.ring_weight for view in views)
    sums = sum(view.ring_colour for view in views)
    known = np.asarray(totals) > 0.3
    places = np.arange(_RINGS)
    if known.any():
        mean = np.asarray(sums)[known] / np.asarray(totals)[known, None]
        profile = np.stack([np.interp(places, places[known], mean[:, c]) for c in range(3)], axis=1)
    else:
        profile = np.full((_RINGS, 3), 0.3 * sclera)
    return [Eyeball(side, view, sclera, profile) for side, view in enumerate(views)]


class _View:
    """What the portrait shows of one eye: the iris' surroundings, which part of them is uncovered, the white pixels."""

    def __init__(self, image: Image, rest: Points, side: int) -> None:
        iris = rest[list(IRIS[side]), :2]
        self.radius = max(float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean()), 0.5)
        self.half = int(np.ceil(_REACH * self.radius)) + 1
        span = np.arange(-self.half, self.half + 1, dtype=np.float64)
        dx, dy = np.meshgrid(span, span)
        hole = np.concatenate([rest[list(EYE_UPPER[side]), :2], rest[list(EYE_LOWER[side]), :2][::-1]])
        seen = _inside(hole, image.shape)
        self.pixels = _sample(image, iris[0, 0] + dx, iris[0, 1] + dy)
        self.visible = _sample(seen, iris[0, 0] + dx, iris[0, 1] + dy)[..., 0]
        distance = np.hypot(dx, dy) / self.radius
        self.ring = np.clip((distance / _REACH * _RINGS).astype(int), 0, _RINGS - 1)
        weight = np.where(distance <= _REACH, self.visible, 0.0).ravel()
        self.ring_weight = np.bincount(self.ring.ravel(), weight, _RINGS)
        self.ring_colour = np.stack(
            [np.bincount(self.ring.ravel(), weight * self.pixels[..., c].ravel(), _RINGS) for c in range(3)], axis=1
        )
        rows, columns = np.nonzero(seen)
        outside = np.hypot(columns - iris[0, 0], rows - iris[0, 1]) > 1.15 * self.radius
        self.whites = image[rows[outside], columns[outside]].astype(np.float64)


class Eyeball:
    """One eye: a sclera and an iris that can be looked at through any lids."""

    def __init__(self, side: int, view: _View, sclera: Points, profile: Points) -> None:
        self._upper, self._lower, self._iris = list(EYE_UPPER[side]), list(EYE_LOWER[side]), list(IRIS[side])
        self._sclera, self._radius, self._half = sclera, view.radius, view.half
        shown = view.visible[..., None]
        self._sprite = (shown * view.pixels + (1.0 - shown) * profile[view.ring]).astype(np.float32)

    def paint(self, frame: Image, vertices: Points) -> None:
        """Paint into `frame` in place what is seen between the lids of `vertices`."""
        upper, lower = vertices[self._upper, :2], vertices[self._lower, :2]
        across = upper[-1] - upper[0]
        width = max(float(np.linalg.norm(across)), 1e-6)
        upper, lower, gap = parted(upper, lower, np.array([-across[1], across[0]]) / width)
        box = window(np.concatenate([upper, lower]), 2.0, frame.shape)
        if box is None:
            return
        left, top, right, bottom = box
        shut = float(np.clip(1.0 - gap.max() / (0.12 * width), 0.0, 1.0))
        darken_line(frame, (upper + lower) / 2, box, 1, 0.5 * shut)
        if gap.max() < 0.25:
            return
        alpha = coverage(np.concatenate([upper, lower[::-1]]), left, top, right - left, bottom - top)
        rows, columns = np.mgrid[top:bottom, left:right].astype(np.float64)
        along = ((columns - upper[0, 0]) * across[0] + (rows - upper[0, 1]) * across[1]) / width**2
        # An eyeball is round: darker towards its corners.
        ball = self._sclera * (1.0 - 0.4 * np.clip(2.0 * along - 1.0, -1, 1)[..., None] ** 2)
        iris = vertices[self._iris, :2]
        scale = max(float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean()) / self._radius, 1e-3)
        dx, dy = (columns - iris[0, 0]) / scale, (rows - iris[0, 1]) / scale
        x, y = (dx + self._half).astype(np.float32), (dy + self._half).astype(np.float32)
        sprite = cv2.remap(self._sprite, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mix = np.clip((1.12 - np.hypot(dx, dy) / self._radius) / 0.24, 0.0, 1.0)[..., None]
        ball = ball + mix * (sprite - ball)
        # The upper lid and its lashes shade what is under them.
        ceiling = np.interp(columns[0], upper[:, 0], upper[:, 1])[None]
        ball = ball * (0.55 + 0.45 * np.clip((rows - ceiling + 0.5) / (0.12 * width), 0.0, 1.0))[..., None]
        patch = frame[top:bottom, left:right]
        mixed = patch + alpha[..., None] * (ball - patch)
        patch[...] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _sample(image: Image, x: Points, y: Points) -> Points:
    picked = cv2.remap(
        image, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return picked.reshape(*x.shape, -1).astype(np.float64)


def _inside(polygon: Points, shape: tuple[int, ...]) -> Image:
    mask = np.zeros(shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon * 16).astype(np.int32)], (1,), cv2.LINE_8, 4)
    # The rim of the hole is lashes and lid, not eye.
    return np.asarray(cv2.erode(mask, np.ones((3, 3), np.uint8)), dtype=np.uint8) if mask.sum() > 60 else mask
