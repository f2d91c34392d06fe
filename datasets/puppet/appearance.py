"""How somebody looks beyond the mesh: the colours of skin, hair and surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.puppet.topology import OUTER_LOWER, OUTER_UPPER, OVAL

FloatImage = NDArray[np.float32]


@dataclass(frozen=True)
class Appearance:
    """Departures from the portrait's own colours, in CIELAB units (lightness is 0..100).

    Attributes:
        skin, hair, background: what is added to (L, a, b) there; lightness is scaled rather than shifted, so that
            shadows stay shadows.
        mirror: whether the picture is seen in a mirror.
    """

    skin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    hair: tuple[float, float, float] = (0.0, 0.0, 0.0)
    background: tuple[float, float, float] = (0.0, 0.0, 0.0)
    mirror: bool = False


def recolour(image: NDArray[np.uint8], landmarks: NDArray[np.float64], appearance: Appearance) -> NDArray[np.uint8]:
    """The portrait ``(H, W, 3)`` in other colours; `landmarks` ``(478, 3)`` in its pixels. It is not mirrored."""
    lab = np.asarray(cv2.cvtColor(image.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB), dtype=np.float32)
    skin, hair, background = _masks(lab, landmarks)
    for mask, change in ((skin, appearance.skin), (hair, appearance.hair), (background, appearance.background)):
        light, red, yellow = change
        lightness = lab[..., 0]
        # A gain around black for darker, around white for lighter: neither end is clipped.
        changed = lightness * (1 + light / 65.0) if light < 0 else 100 - (100 - lightness) * (1 - light / 65.0)
        lab[..., 0] = lightness + mask * (changed - lightness)
        lab[..., 1] += mask * red
        lab[..., 2] += mask * yellow
    _powder_lips(lab, landmarks)
    rgb = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return np.asarray(np.rint(np.clip(rgb, 0.0, 1.0) * 255.0), dtype=np.uint8)


def _powder_lips(lab: FloatImage, landmarks: NDArray[np.float64]) -> None:
    """Take the gloss off the lips, in place: stretched by a moving mesh, a highlight passes for a tooth."""
    loop = landmarks[[*OUTER_UPPER, *OUTER_LOWER[::-1]], :2]
    lips = _filled(loop, lab.shape)
    if not lips.any():
        return
    usual = np.median(lab[lips > 0], axis=0)
    soft = _soft(lips, 0.02 * float(np.ptp(loop[:, 0])))
    excess = np.maximum(lab[..., 0] - usual[0], 0.0)
    lab[..., 0] -= 0.7 * soft * excess
    lab[..., 1] += soft * np.clip(0.3 * excess, 0.0, 8.0)


def _masks(lab: FloatImage, landmarks: NDArray[np.float64]) -> tuple[FloatImage, FloatImage, FloatImage]:
    """Soft masks in 0..1 of skin, hair and what is behind the person; they do not overlap."""
    outline = landmarks[list(OVAL), :2]
    centre = outline.mean(axis=0)
    size = float(np.ptp(outline[:, 1]))
    face = _filled(outline, lab.shape)
    head = _soft(_filled(centre + (outline - centre) * (1.55, 1.5), lab.shape), 0.05 * size)
    spots = np.clip(np.rint(landmarks[[50, 205, 280, 425, 151, 9], :2]).astype(int), 0, np.array(lab.shape[1::-1]) - 1)
    tone = np.median(lab[spots[:, 1], spots[:, 0]], axis=0)
    colour = np.hypot(lab[..., 1] - tone[1], lab[..., 2] - tone[2])
    alike = np.exp(-((colour / 16.0) ** 2)) * np.clip((lab[..., 0] - 0.3 * tone[0]) / (0.3 * tone[0]), 0.0, 1.0)
    reach = _soft(_filled(centre + (outline - centre) * 1.2 + (0, 0.12 * size), lab.shape), 0.07 * size)
    skin = _soft((alike * np.maximum(_soft(face, 0.03 * size), reach)).astype(np.float32), 0.02 * size)
    dark = np.clip((0.75 * tone[0] - lab[..., 0]) / (0.25 * tone[0]), 0.0, 1.0)
    rows = np.arange(lab.shape[0], dtype=np.float32)[:, None]
    above = np.clip((outline[:, 1].max() - rows) / (0.15 * size), 0.0, 1.0)
    hair = _soft((head * dark * above * (1.0 - skin)).astype(np.float32), 0.008 * size)
    away = _soft(_filled(centre + (outline - centre) * (1.75, 1.7), lab.shape), 0.1 * size)
    return skin, hair * (1 - skin), (1.0 - away) * (1.0 - skin)


def _filled(polygon: NDArray[np.float64], shape: tuple[int, ...]) -> FloatImage:
    mask = np.zeros(shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon).astype(np.int32)], (255,))
    return mask.astype(np.float32) / 255.0


def _soft(mask: FloatImage, sigma: float) -> FloatImage:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(sigma, 0.5)), dtype=np.float32)
