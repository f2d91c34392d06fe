"""How far the generated frames as a whole lie from the real ones, on ImageNet features of the face.

These are not FID and KID: those are defined by the Inception network (see `metrics.fid`). Another network gives
other numbers, hence other names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from metrics.base import UNLIMITED, Bundle, FloatArray, Metric, Status, Unscorable
from metrics.corpus_rows import ClipRows
from metrics.frechet import FrechetAggregate, PairAggregate

NETWORK = "efficientnet"


class KernelAggregate(PairAggregate):
    """Unbiased squared maximum mean discrepancy with the kernel ``(x·y / d + 1)³``; NaN for fewer than 2 clips.

    The sampling unit is the clip with its reference: ``h(i, j) = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(y_i,
    x_j)``, averaged over pairs of different clips (Gretton et al. 2012, one-sample U-statistic), where k of two clips
    is the mean over their frames. So neighbouring frames of one clip do not pass for independent samples, and
    generated equal to reference gives exactly 0.
    """

    PROTOCOL: ClassVar[dict[str, Any]] = {
        "distance": "MMD², kernel (x·y/d + 1)³, one-sample U-statistic over pairs of different clips, float64",
        "minimum": "2 clips",
    }

    def _prepare(self, generated: ClipRows, reference: ClipRows) -> Callable[[FloatArray], float]:
        same = _clip_kernel(generated, generated) + _clip_kernel(reference, reference)
        cross = _clip_kernel(generated, reference)
        pairwise = same - cross - cross.T
        np.fill_diagonal(pairwise, 0.0)

        def value(weights: FloatArray) -> float:
            weights = np.asarray(weights, dtype=np.float64)
            pairs = float(np.sum(weights)) ** 2 - float(weights @ weights)
            if np.count_nonzero(weights) < self.MIN_CLIPS or pairs <= 0:
                return float("nan")
            return float(weights @ pairwise @ weights) / pairs

        return value


class FrameKernelAggregate(PairAggregate):
    """KID: unbiased squared maximum mean discrepancy of all frames, kernel ``(x·y / d + 1)³``; NaN for fewer than 2 clips.

    The estimate of Bińkowski et al. 2018 (eq. 4) over all frames at once, where the usual scripts average it over random subsets
    of them: the same expectation, without the subsets' noise. Every frame of a clip stands as often as its clip.
    """

    PROTOCOL: ClassVar[dict[str, Any]] = {
        "distance": "MMD², kernel (x·y/d + 1)³, unbiased U-statistic over all frames (no subsets), float64",
        "minimum": "2 clips",
    }

    def _prepare(self, generated: ClipRows, reference: ClipRows) -> Callable[[FloatArray], float]:
        sides = [_Frames(clips) for clips in (generated, reference)]
        frames = [clips.counts.astype(np.float64) for clips in (generated, reference)]
        cross = _clip_kernel(generated, reference) * np.outer(frames[0], frames[1])

        def value(weights: FloatArray) -> float:
            weights = np.asarray(weights, dtype=np.float64)
            totals = [float(weights @ count) for count in frames]
            if np.count_nonzero(weights) < self.MIN_CLIPS or min(totals) <= 1:
                return float("nan")
            own = [side.between(weights) / (n * (n - 1)) for side, n in zip(sides, totals, strict=True)]
            return own[0] + own[1] - 2 * float(weights @ cross @ weights) / (totals[0] * totals[1])

        return value


class _Frames:
    """Kernel sums within one side."""

    def __init__(self, clips: ClipRows) -> None:
        count = clips.counts.astype(np.float64)
        self.kernel = _clip_kernel(clips, clips) * np.outer(count, count)
        self.same = np.array(
            [float(np.sum(_cubic(np.einsum("nd,nd->n", rows, rows), rows.shape[1]))) for rows in clips]
        )

    def between(self, weights: NDArray[np.float64]) -> float:
        """Sum over ordered pairs of different frames, a clip of weight 2 being two clips."""
        return float(weights @ self.kernel @ weights - weights @ self.same)


def _cubic(products: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    kernel: NDArray[np.float64] = (products / dimensions + 1) ** 3
    return kernel


def _clip_kernel(first: ClipRows, second: ClipRows) -> NDArray[np.float64]:
    """``(clips, clips)`` mean kernel between the frames of two clips; blocks of clips at a time to bound memory."""
    kernel = np.empty((len(first), len(second)))
    for across, rows in first.blocks():
        for down, columns in second.blocks():
            if first is second and down[-1] < across[0]:
                continue  # The other half is its mirror image.
            values = _cubic(rows @ columns.T, columns.shape[1])
            for clips, lengths, axis in ((across, first.counts, 0), (down, second.counts, 1)):
                starts = np.cumsum([0, *lengths[clips][:-1]])
                values = np.add.reduceat(values, starts, axis=axis)
            kernel[np.ix_(across, down)] = values / np.outer(first.counts[across], second.counts[down])
            if first is second:
                kernel[np.ix_(down, across)] = kernel[np.ix_(across, down)].T
    return kernel


def feature_pair(bundle: Bundle, network: str = NETWORK) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Feature vectors of the sampled frames of the generated video and of the reference, each ``(n, d)``."""
    reference = bundle.need_reference().need(network)
    generated = bundle.generated.need(network)
    for side, rows in (("generated video", generated), ("reference", reference)):
        if len(rows) == 0:
            raise Unscorable(Status.NO_FACE, f"no frame of the {side} gave features")
    return generated, reference


_COMMON: dict[str, Any] = {
    "group": "distribution",
    "unit": "",
    "better": "lower",
    "needs": (NETWORK,),
    "weights": ("efficientnet_lite0",),
    "paired": True,
    "corpus": True,
    "per_clip": feature_pair,
}
_FRAMES = {"network": "EfficientNet-Lite0 (ImageNet), 1280-d pooled features", "frames": "as sampled by the extractor"}

METRICS: tuple[Metric, ...] = (
    Metric(
        name="fd_efficientnet",
        title="FD-EffNet",
        summary="Fréchet distance of generated to real face crops on EfficientNet features; biased for few frames.",
        source="Heusel et al. 2017, other network: not comparable with FID",
        protocol={**_FRAMES, **FrechetAggregate.PROTOCOL},
        aggregate=FrechetAggregate(),
        **_COMMON,
    ),
    Metric(
        name="kd_efficientnet",
        bounds=UNLIMITED,
        title="KD-EffNet",
        summary="Kernel distance of generated to real face crops on EfficientNet features; unbiased, may be below 0.",
        source="Bińkowski et al. 2018 and Gretton et al. 2012, other network: not comparable with KID",
        protocol={**_FRAMES, **KernelAggregate.PROTOCOL},
        aggregate=KernelAggregate(),
        **_COMMON,
    ),
)
