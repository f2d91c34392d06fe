"""How near extractor networks are to the implementations that papers ran: what the parity tests hold them to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from metrics.base import Metric

NETWORK_TOLERANCE = 1e-9
"""Largest difference of a network's outputs from the recorded ones, over their largest magnitude, in float64."""

SCORE_TOLERANCE = 1e-10
"""The same of MFCC and of SyncNet's scores, given equal embeddings."""


@dataclass(frozen=True)
class Parity:
    """One comparison.

    Attributes:
        reference: the implementation whose outputs were recorded. tolerance: relative, float64.
        test: file that compares. It uses weights and inputs made of names: no weights file is needed.
    """

    reference: str
    tolerance: float
    test: str


def _network(reference: str) -> Parity:
    return Parity(reference, NETWORK_TOLERANCE, "tests/metrics/networks/test_parity.py")


_INCEPTION = _network("pytorch-fid 0.3.0, InceptionV3")
_LPIPS = _network("package lpips 0.1.4")
_ARCFACE = _network("iresnet of deepinsight/insightface")
_EMONET = _network("face-analysis/emonet")
_SYNCNET = Parity("joonson/syncnet_python", NETWORK_TOLERANCE, "tests/metrics/lipsync/test_parity.py")

PARITY: Mapping[str, Parity] = MappingProxyType(
    {
        "inception": _INCEPTION,
        "inception_5": _INCEPTION,
        **dict.fromkeys(("lpips_alex", "lpips_squeeze", "lpips_vgg"), _LPIPS),
        **dict.fromkeys(("arcface_r100", "arcface_r50", "arcface_vico"), _ARCFACE),
        **dict.fromkeys(("emonet_5", "emonet_8"), _EMONET),
        "i3d": _network("pytorch_i3d.py of piergiaj/pytorch-i3d"),
        "emotion_fan": _network("Emotion-FAN as in EAT's evaluation"),
        **dict.fromkeys(("sync_lips", "sync_sound"), _SYNCNET),
    }
)
"""By feature name. Of legacy lip sync protocols the network was compared, the whole chain was not: they are not listed."""


def parities(metric: Metric) -> tuple[Parity, ...]:
    """Comparisons that stand behind a metric's features, each once."""
    return tuple(dict.fromkeys(PARITY[name] for name in metric.needs if name in PARITY))
