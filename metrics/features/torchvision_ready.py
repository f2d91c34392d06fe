"""Lets ``import torchvision`` work beside a torch without CUDA.

torchvision's wheel holds a native library that is built for one build of torch. Where it cannot be loaded (the CUDA wheel beside
a CPU torch), two operators are unknown and the import fails with ``operator torchvision::nms does not exist``, and with it
lpips and pytorch-fid. Networks and transforms need neither operator, so their signatures are enough.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch

_SIGNATURES = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@cache
def ready_torchvision() -> torch.library.Library | None:
    """Call before the first import of torchvision, lpips or pytorch_fid. Does nothing where torchvision loads by itself.

    Returns:
        The library that holds the two signatures, or None where they were not needed. The cache keeps it alive: torch forgets
        what a library defines when the library is collected.
    """
    if _known():
        return None
    library = torch.library.Library("torchvision", "DEF")
    for signature in _SIGNATURES:
        library.define(signature)
    return library


def _known() -> bool:
    """Whether the operators are there, after torchvision's native library was given its chance."""
    spec = find_spec("torchvision")
    folders = spec.submodule_search_locations if spec is not None else None
    for file in (file for folder in folders or () for file in Path(folder).glob("_C.*")):
        with suppress(OSError):
            torch.ops.load_library(str(file))
    return hasattr(torch.ops.torchvision, "nms")
