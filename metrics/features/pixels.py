"""PSNR and SSIM of a generated frame beside the reference frame, as scikit-image defines them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray
from metrics.features.base import Weightless

PSNR_CAP = 100.0
"""Equal frames have no finite PSNR; they and anything above get this many dB."""

RADIUS, SIGMA = 5, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


class _PixelPair(Weightless):
    """What both share: every frame is looked at, and the networks' input is the two frames as they are."""

    per_second = 0.0

    def prepare(self, frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Both frames: ``(2, H, W, 3)`` uint8.

        Raises:
            ValueError: frames of different sizes.
        """
        if frame.shape != reference.shape:
            raise ValueError(f"expected frames of one size, found {frame.shape} and {reference.shape}")
        return np.stack([frame, reference])


class Psnr(_PixelPair):
    """`PairNetwork`: peak signal-to-noise ratio in dB over all RGB values, higher is closer, at most `PSNR_CAP`.

    Same as ``skimage.metrics.peak_signal_noise_ratio(data_range=255)``, with the squared error summed in integers.
    """

    name = "psnr"

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {"definition": "10 log10(255^2 / MSE over RGB)", "cap": PSNR_CAP, "per_second": self.per_second}

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 2, H, W, 3)`` uint8 -> ``(B, 1)`` float32 dB."""
        return np.array([[_psnr(one, other)] for one, other in batch], dtype=np.float32).reshape(-1, 1)


class Ssim(_PixelPair):
    """`PairNetwork`: structural similarity (Wang et al. 2004), -1..1, higher is closer, mean over the RGB channels.

    Same as ``skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    data_range=255, channel_axis=-1)`` within 1e-5 (tested), ten times as fast: 11x11 Gaussian window, mean over the
    pixels at least 5 from the border.
    """

    name = "ssim"

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {
            "definition": "Wang 2004, gaussian 1.5 on 11x11, population covariance, K 0.01 0.03, RGB mean, no border",
            "per_second": self.per_second,
        }

    def prepare(self, frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Both frames: ``(2, H, W, 3)`` uint8.

        Raises:
            ValueError: frames of different sizes, or smaller than the 11x11 window.
        """
        if min(frame.shape[:2]) <= 2 * RADIUS:
            raise ValueError(f"frames of {frame.shape[1]}x{frame.shape[0]} are smaller than the window of SSIM")
        return super().prepare(frame, reference)

    def forward(self, batch: NDArray[np.uint8]) -> FloatArray:
        """``(B, 2, H, W, 3)`` uint8 -> ``(B, 1)`` float32."""
        return np.array([[_ssim(one, other)] for one, other in batch], dtype=np.float32).reshape(-1, 1)


def _psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    difference = one.astype(np.int32) - other
    squares = int(np.sum(difference * difference, dtype=np.int64))
    if squares == 0:
        return PSNR_CAP
    return min(float(10 * np.log10(255.0**2 * difference.size / squares)), PSNR_CAP)


def _ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    # Shifted by 128, the squares keep their precision in float32; variances do not depend on the shift.
    x, y = np.subtract(one, 128, dtype=np.float32), np.subtract(other, 128, dtype=np.float32)
    mean_x, mean_y = _local_mean(x), _local_mean(y)
    covariance = _local_mean(x * y) - mean_x * mean_y
    variances = _local_mean(np.square(x) + np.square(y)) - mean_x * mean_x - mean_y * mean_y
    mean_x, mean_y = mean_x + 128, mean_y + 128
    luminance = (2 * mean_x * mean_y + C1) / (mean_x * mean_x + mean_y * mean_y + C1)
    structure = (2 * covariance + C2) / (variances + C2)
    return float(np.mean(luminance * structure, dtype=np.float64))


def _local_mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gaussian-weighted mean around each pixel that has the whole window inside the picture."""
    taps = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    blurred = np.asarray(cv2.sepFilter2D(values, -1, taps, taps), dtype=np.float32)
    return blurred[RADIUS:-RADIUS, RADIUS:-RADIUS]
