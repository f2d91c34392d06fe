"""Metrics whose networks no package ships: they are listed, say what they need, and give no number.

Their extractors are not part of this release. Putting a weights file in place is therefore not enough yet; what stands
here keeps names and tables stable and makes sure that no other network ever answers under these names.
"""

from __future__ import annotations

from collections.abc import Callable

from metrics.base import Better, Bundle, Metric, Status, Unscorable, weighted_mean
from metrics.frechet import FrechetAggregate

_WEIGHTS = {
    "inception_fid": "pt_inception-2015-12-05-6726825d.pth, from the releases of github.com/mseitzer/pytorch-fid",
    "lpips_alexnet": "alexnet-owt-7be5be79.pth, torchvision's ImageNet AlexNet from download.pytorch.org/models",
    "lpips_vgg16": "vgg16-397923af.pth, torchvision's ImageNet VGG-16 from download.pytorch.org/models",
    "syncnet_v2": "syncnet_v2.model, from the download script of github.com/joonson/syncnet_python",
    "arcface_r100": "glintr100.onnx of the antelopev2 pack, from the releases of github.com/deepinsight/insightface",
}


def _missing(name: str, asset: str) -> Callable[[Bundle], float]:
    def per_clip(bundle: Bundle) -> float:
        raise Unscorable(
            Status.WEIGHTS_MISSING,
            f"{name} needs {_WEIGHTS[asset]}; no package ships it, and its extractor is not part of this release",
        )

    return per_clip


def _metric(
    name: str, title: str, group: str, better: Better, asset: str, source: str, summary: str,
    *, unit: str = "", paired: bool = True, corpus: bool = False,
) -> Metric:  # fmt: skip
    return Metric(
        name=name,
        title=title,
        group=group,
        unit=unit,
        better=better,
        needs=(),
        weights=(asset,),
        paired=paired,
        corpus=corpus,
        protocol={"network": _WEIGHTS[asset], "extractor": "none in this release"},
        source=source,
        summary=summary,
        per_clip=_missing(name, asset),
        aggregate=FrechetAggregate() if corpus else weighted_mean,
    )


METRICS: tuple[Metric, ...] = (
    _metric(
        "fid", "FID", "distribution", "lower", "inception_fid", "Heusel et al. 2017; pytorch-fid",
        "Fréchet Inception distance of generated to real frames.", corpus=True,
    ),
    _metric(
        "kid", "KID", "distribution", "lower", "inception_fid", "Bińkowski et al. 2018",
        "Kernel Inception distance of generated to real frames.", corpus=True,
    ),
    _metric(
        "lpips_alex", "LPIPS (Alex)", "image", "lower", "lpips_alexnet", "Zhang et al. 2018",
        "Perceptual distance on AlexNet features.",
    ),
    _metric(
        "lpips_vgg", "LPIPS (VGG)", "image", "lower", "lpips_vgg16", "Zhang et al. 2018",
        "Perceptual distance on VGG features.",
    ),
    _metric(
        "lse_c", "LSE-C", "sync", "higher", "syncnet_v2", "Chung & Zisserman 2016; Prajwal et al. 2020",
        "SyncNet's confidence that sound and lips belong together.", paired=False,
    ),
    _metric(
        "lse_d", "LSE-D", "sync", "lower", "syncnet_v2", "Chung & Zisserman 2016; Prajwal et al. 2020",
        "SyncNet's distance between sound and lips.", paired=False,
    ),
    _metric(
        "av_offset", "AV offset", "sync", "none", "syncnet_v2", "Chung & Zisserman 2016",
        "SyncNet's offset between sound and picture.", unit="frames", paired=False,
    ),
    _metric(
        "csim", "CSIM", "identity", "higher", "arcface_r100", "Deng et al. 2019 (ArcFace)",
        "Cosine similarity of ArcFace embeddings.",
    ),
)  # fmt: skip
