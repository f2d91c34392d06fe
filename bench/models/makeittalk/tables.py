"""Numbers that the recipe reads from three text files of the public repository, which its licence keeps out of this one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bench.assets import AssetError, open_store
from bench.models.base import ModelError
from bench.models.checkpoints import STATUS
from bench.models.makeittalk.autovc import VOICE
from bench.models.makeittalk.content import MELS
from metrics.features.canonical import canonical_face
from metrics.features.regions import IBUG68

VOICE_ASSET, STATISTICS_ASSET, FACE_ASSET = "makeittalk_voice", "makeittalk_mel_statistics", "makeittalk_face"


@dataclass(frozen=True)
class Tables:
    """The recipe's numbers.

    Attributes:
        voice: embedding ``(256,)`` of the voice in which all speech is said. mean, deviation: of its spectrogram, ``(80,)``.
        depth: of the 68 landmarks of a standard face ``(68,)``, in units of its width over 1.6.
    """

    voice: Tensor
    mean: Tensor
    deviation: Tensor
    depth: NDArray[np.float64]


def load_tables() -> Tables:
    """The published tables.

    Raises:
        ModelError: ``weights_missing``: a file is absent, or not the table that it should be.
    """
    statistics = _numbers(STATISTICS_ASSET, (2 * MELS,))
    return Tables(
        torch.from_numpy(_numbers(VOICE_ASSET, (VOICE,))),
        torch.from_numpy(statistics[:MELS]),
        torch.from_numpy(statistics[MELS:]),
        _numbers(FACE_ASSET, (68, 3))[:, 2],
    )


def stand_in_tables() -> Tables:
    """Tables in their place where networks have random weights: a voice like any other, plain statistics, our own face."""
    drawn = torch.from_numpy(np.random.RandomState(0).standard_normal(VOICE)).clamp(min=0)
    face = canonical_face()[list(IBUG68)]
    width = np.ptp(face[:, 0])
    return Tables(
        functional.normalize(drawn, dim=0),
        torch.full((MELS,), 0.5, dtype=torch.float64),
        torch.full((MELS,), 0.25, dtype=torch.float64),
        np.asarray(-face[:, 2] * 1.6 / width),
    )


def _numbers(asset: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        path: Path = open_store().path(asset)
    except AssetError as error:
        raise ModelError(STATUS, str(error)) from error
    try:
        found = np.loadtxt(path, dtype=np.float64)
    except (OSError, ValueError) as error:
        raise ModelError(STATUS, f"{path}: not a table of numbers: {error}") from error
    if found.shape != shape or not np.isfinite(found).all():
        raise ModelError(STATUS, f"{path}: expected {' x '.join(map(str, shape))} numbers, found {found.shape}")
    return found
