"""LPIPS on three networks, and how blurred or sharp the frames are."""

from __future__ import annotations

from functools import partial

import numpy as np

from metrics.base import SHARE, Bundle, Metric, Status, Unscorable, weighted_mean
from metrics.image import frame_mean

_LPIPS = {
    "lpips_alex": ("LPIPS (Alex)", "AlexNet", "lpips_alexnet"),
    "lpips_vgg": ("LPIPS (VGG)", "VGG-16", "lpips_vgg16"),
    "lpips_squeeze": ("LPIPS (Squeeze)", "SqueezeNet 1.1", "lpips_squeezenet"),
}


def _lpips(name: str) -> Metric:
    title, trunk, asset = _LPIPS[name]
    return Metric(
        name=name,
        title=title,
        group="image",
        unit="",
        better="lower",
        needs=(name,),
        weights=(asset,),
        paired=True,
        protocol={
            "frames": "whole frames of the same index, sampled evenly; mean over frames, then over clips; same speaker only",
            "network": f"lpips 0.1.4, {trunk}, heads of version 0.1, spatial mean",
            "size": "as they are; the generated frame in the size of the reference",
        },
        source="Zhang et al. 2018, package lpips 0.1.4",
        summary=f"Learned perceptual distance on {trunk} features (0 is identical).",
        per_clip=frame_mean(name),
        aggregate=weighted_mean,
    )


def mean_of_edges(bundle: Bundle, name: str) -> float:
    """Mean of the feature `name` over the sampled frames of the generated video that have edges.

    Raises:
        Unscorable: ``undefined`` where none has.
    """
    values = np.asarray(bundle.generated.need(name), dtype=np.float64)
    known = values[np.isfinite(values)]
    if len(known) == 0:
        raise Unscorable(Status.UNDEFINED, "no sampled frame has an edge whose blur could be measured")
    return float(np.mean(known))


METRICS: tuple[Metric, ...] = (
    *(_lpips(name) for name in _LPIPS),
    Metric(
        name="blur",
        title="Blur",
        group="image",
        unit="",
        better="lower",
        needs=("blur",),
        protocol={
            "definition": "scikit-image blur_effect, h_size 11, of the whole frame; mean over sampled frames with edges",
        },
        source="Crété-Roffet et al. 2007, scikit-image blur_effect; not comparable with CPBD",
        summary="How blurred the frames are, without a reference (0 sharp, 1 blurred); read beside the ground-truth row.",
        per_clip=partial(mean_of_edges, name="blur"),
        aggregate=weighted_mean,
    ),
    Metric(
        name="cpbd",
        bounds=SHARE,
        title="CPBD",
        group="image",
        unit="",
        better="higher",
        needs=("cpbd",),
        protocol={
            "definition": "CPBD of the whole frame (metrics.features.cpbd); mean over sampled frames with edges",
        },
        source="Narvekar & Karam 2011; edges found as by the package cpbd 1.0.7",
        summary="Share of edges where blur is not noticed, without a reference (1 sharp); read beside the ground-truth row.",
        per_clip=partial(mean_of_edges, name="cpbd"),
        aggregate=weighted_mean,
    ),
)
