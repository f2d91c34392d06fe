"""Clips whose truth is known, beside what was measured of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.config import Params
from bench.content import Video
from bench.errors import BenchError
from bench.features import FeatureStore
from bench.loader import Loader
from bench.plan import Plan
from bench.store import read_table, records
from bench.workspace import Workspace
from metrics.base import Features


@dataclass(frozen=True)
class Known:
    """One synthetic clip: what was measured, and what is true, both in pixels of the standard clip."""

    clip: str
    dataset: str
    speaker: str
    emotion: str | None
    level: int | None
    features: Features
    landmarks: NDArray[np.float64]
    rotation: NDArray[np.float64]
    blinks: NDArray[np.float64]
    phonemes: list[tuple[str, float, float]]


def known_clips(params: Params, workspace: Workspace, planned: Plan) -> Iterator[Known]:
    """Every clip with a truth file of the sets in the parameter file, with its measured features."""
    loader = Loader(planned, FeatureStore(workspace.features))
    seen: set[tuple[str, str]] = set()
    for cases in params.case_sets():
        if (cases.dataset, cases.split) in seen:
            continue
        seen.add((cases.dataset, cases.split))
        table = read_table(workspace.clips_table(cases.dataset, cases.split), "make demo")
        for row in records(table[table["truth"].notna()]):
            features = loader.features(Video(workspace.resolve(row.video), row.pictures, row.sound))
            if features.track is not None:
                yield _known(row, features, params)


def _known(row: Any, features: Features, params: Params) -> Known:
    with np.load(row.truth, allow_pickle=False) as truth:
        assert features.track is not None
        # The standard clip shows at time k / fps the last source frame at or before it.
        index = np.floor(np.arange(len(features.track)) / params.video.fps * float(truth["fps"]) + 1e-6).astype(int)
        index = np.minimum(index, len(truth["landmarks"]) - 1)
        if not re.fullmatch(r"\d+,\d+,\d+", row.crop):
            raise BenchError(
                f"clip {row.clip!r} was cropped along a path ({row.crop}), and truth is compared under a fixed crop only. "
                "Set video.crop to a number or to `fixed`, and run `space-bench prepare` again."
            )
        left, top, side = map(int, row.crop.split(","))
        scale = params.video.size / side
        landmarks = truth["landmarks"][index].astype(np.float64)
        landmarks[..., :2] = (landmarks[..., :2] - (left, top)) * scale
        landmarks[..., 2] *= scale
        starts, ends = truth["phoneme_starts"], truth["phoneme_ends"]
        phonemes = [
            (str(s), float(a), float(b)) for s, a, b in zip(truth["phoneme_symbols"], starts, ends, strict=True)
        ]
        return Known(
            row.clip, row.dataset, row.speaker, None if pd.isna(row.emotion) else row.emotion, None if pd.isna(row.level) else int(row.level),
            features, landmarks, truth["rotation"][index].astype(np.float64), truth["blinks"].reshape(-1, 2), phonemes,
        )  # fmt: skip
