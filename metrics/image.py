"""Pixel and perceptual distances of generated frames to the reference frames of the same time.

The pair networks do the work; here their per-frame values become one number a clip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metrics.base import Better, Bundle, Metric, Status, Unscorable, weighted_mean
from metrics.pairing import need_same_speaker


def frame_mean(name: str) -> Callable[[Bundle], float]:
    """Per-clip function: mean over compared frames of the pair feature `name`, which has one value a frame."""

    def per_clip(bundle: Bundle) -> float:
        need_same_speaker(bundle)
        bundle.need_reference()
        values = np.asarray(bundle.generated.need(name), dtype=np.float64)
        if len(values) == 0:
            raise Unscorable(Status.TOO_SHORT, "no frames were compared")
        return float(np.mean(values))

    return per_clip


def _metric(name: str, title: str, unit: str, better: Better, source: str, summary: str, **more: Any) -> Metric:
    return Metric(
        name=name,
        title=title,
        group="image",
        unit=unit,
        better=better,
        needs=(name,),
        paired=True,
        source=source,
        summary=summary,
        per_clip=frame_mean(name),
        aggregate=weighted_mean,
        **more,
    )


_FRAMES = "whole frames of the same index; mean over frames, then over clips; same speaker only"

METRICS: tuple[Metric, ...] = (
    _metric(
        "psnr", "PSNR", "dB", "higher", "scikit-image peak_signal_noise_ratio",
        "Peak signal-to-noise ratio of the pixels; punishes any shift, says little of quality.",
        protocol={"frames": _FRAMES, "range": "8 bit; identical frames capped as the extractor states"},
    ),
    _metric(
        "ssim", "SSIM", "", "higher", "Wang et al. 2004, scikit-image structural_similarity",
        "Structural similarity of the pixels (1 is identical).",
        protocol={"frames": _FRAMES, "window": "Gaussian, sigma 1.5, population covariance"},
    ),
    _metric(
        "stlpips", "ST-LPIPS", "", "lower", "Ghildyal & Liu, ECCV 2022 (shift-tolerant LPIPS, AlexNet); not LPIPS",
        "Perceptual distance that forgives small shifts (0 is identical).",
        protocol={"frames": _FRAMES, "network": "ST-LPIPS AlexNet"}, weights=("stlpips_alex",),
    ),
)  # fmt: skip
