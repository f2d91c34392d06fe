"""FVD (Unterthiner et al. 2018): Fréchet distance of generated to real windows of 16 frames on the scores of I3D.

Like FID it is biased upwards for few windows, and below 400 of them the covariances are not of full rank.
"""

from __future__ import annotations

from functools import partial

from metrics.base import Metric
from metrics.distribution import feature_pair
from metrics.frechet import FrechetAggregate

METRICS: tuple[Metric, ...] = (
    Metric(
        name="fvd",
        title="FVD (16 fr.)",
        group="distribution",
        unit="",
        better="lower",
        needs=("i3d",),
        weights=("i3d_rgb_imagenet",),
        paired=True,
        corpus=True,
        protocol={
            "name": "windows-16",
            "network": "I3D, ImageNet and Kinetics-400, RGB, 400 scores before the softmax (rgb_imagenet.pt)",
            "windows": "16 frames one after the other from the first frame; what is left at the end is not looked at",
            "frame": "whole, squeezed to 224²",
            **FrechetAggregate.PROTOCOL,
        },
        source="Unterthiner et al. 2018; windows of 16 frames as in StyleGAN-V (Skorokhodov et al. 2022), none drawn at random",
        summary="Fréchet video distance, biased by n: generated to real windows of 16 whole frames.",
        per_clip=partial(feature_pair, network="i3d"),
        aggregate=FrechetAggregate(),
    ),
)
