"""FID and KID: distances of generated to real frames on pytorch-fid's Inception, under two protocols of which frames count.

``frames-all`` takes every frame of every video (as Wav2Lip's evaluation does), ``frames-5`` five evenly spaced ones (as EAT's
does). FID is biased upwards for few frames and more so the fewer they are, in the ground-truth row too (`metrics.sample_size`
shows by how much); below 2048 frames the covariance is not even of full rank. KID is not biased and can fall below 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from metrics.base import UNLIMITED, Metric
from metrics.distribution import FrameKernelAggregate, feature_pair
from metrics.frechet import FrechetAggregate, PairAggregate

_NETWORK = {
    "network": "pytorch-fid Inception, pt_inception-2015-12-05-6726825d.pth, 2048-d",
    "frame": "whole, as decoded, no JPEG; bilinear to 299² without antialiasing (torch, align_corners False)",
}
_FRAMES = {
    "frames-all": ("", "every frame of every video", "inception"),
    "frames-5": (
        "_5",
        "5 frames a video, linspace without end point, truncated; fewer where it has fewer",
        "inception_5",
    ),
}
_DISTANCES: dict[str, tuple[str, PairAggregate, str, str]] = {
    "fid": (
        "FID",
        FrechetAggregate(),
        "Heusel et al. 2017; pytorch-fid 0.3.0",
        "Fréchet Inception distance, biased by n",
    ),
    "kid": ("KID", FrameKernelAggregate(), "Bińkowski et al. 2018", "Kernel Inception distance, unbiased"),
}


def _metric(name: str, frames: str) -> Metric:
    title, aggregate, source, what = _DISTANCES[name]
    suffix, which, network = _FRAMES[frames]
    protocol: dict[str, Any] = {"name": frames, "frames": which, **_NETWORK, **aggregate.PROTOCOL}
    return Metric(
        name=name + suffix,
        title=title + (" (5 fr.)" if suffix else ""),
        group="distribution",
        unit="",
        better="lower",
        bounds=UNLIMITED if name == "kid" else None,
        needs=(network,),
        weights=("inception_fid",),
        paired=True,
        corpus=True,
        protocol=protocol,
        source=source + ("; frames as in EAT (Gan et al. 2023), not its crop" if suffix else ""),
        summary=f"{what}: generated to real whole frames, {'five a video' if suffix else 'all of them'}.",
        per_clip=partial(feature_pair, network=network),
        aggregate=aggregate,
    )


METRICS: tuple[Metric, ...] = tuple(_metric(name, frames) for name in _DISTANCES for frames in _FRAMES)
