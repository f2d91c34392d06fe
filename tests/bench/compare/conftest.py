"""Folders of results with real score tables, as `score` writes them, of a model whose quality is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.config import CaseSet
from bench.store import CASE_COLUMNS, REPLICATE_COLUMNS, SCORE_COLUMNS, write_table
from bench.workspace import Workspace

CASES = CaseSet.parse("d/test/self")
METRICS = {"m_ld": 0.05, "f_ld": 0.03, "psnr": 25.0}
"""Lower is better in the first two; typical values."""

MakeResults = Callable[..., Workspace]


@pytest.fixture
def make_results(tmp_path: Path) -> MakeResults:
    """``make_results(name, model=..., worse={"m_ld": 0.02}, only={"s1-0"}, fails={"s0-1"}, speakers=6, clips=4)``.

    The same clips are equally hard for every model; `noise` is what a model adds of its own, from `seed`.
    """

    def make(
        name: str, model: str = "viseme", worse: Mapping[str, float] | None = None, only: set[str] | None = None,
        fails: set[str] | None = None, speakers: int = 6, clips: int = 4, noise: float = 0.02, seed: int = 1,
        protocol: str = "p1", metrics: tuple[str, ...] = tuple(METRICS), version: str = "1",
        corpus: tuple[float, np.ndarray] | None = None,
    ) -> Workspace:  # fmt: skip
        space = Workspace(tmp_path / name)
        hard, own = np.random.default_rng(0), np.random.default_rng(seed)
        cases, scores = [], []
        for speaker in range(speakers):
            for clip in range(clips):
                case = f"s{speaker}-{clip}"
                cases.append({
                    **dict.fromkeys(CASE_COLUMNS), "case": case, "clip": case, "speaker": f"s{speaker}",
                    "emotion": ("happy", "sad")[clip % 2], "level": 1 + clip % 3, "protocol": "self",
                })  # fmt: skip
                for metric, typical in METRICS.items():
                    value = typical * (1 + 0.3 * hard.normal() + noise * own.normal())
                    if only is None or case in only:
                        value += (worse or {}).get(metric, 0.0)
                    row = {"case": case, "model": model, "version": version, "metric": metric, "protocol_id": protocol}
                    failed = {"value": None, "status": "no_face", "detail": "no face in 10 of 10 frames"}
                    scored = {"value": value, "status": "ok", "detail": ""}
                    if metric in metrics:
                        scores.append(row | (failed if case in (fails or ()) else scored))
                if corpus is not None:
                    scores.append({
                        "case": case, "model": model, "version": version, "metric": "pose_fd", "protocol_id": protocol,
                        "value": None, "status": "ok", "detail": "",
                    })  # fmt: skip
        if corpus is not None:
            value, replicates = corpus
            scores.append({
                "case": "*", "model": model, "version": version, "metric": "pose_fd", "protocol_id": protocol, "value": value,
                "status": "ok", "detail": "",
            })  # fmt: skip
            rows = [
                {"model": model, "metric": "pose_fd", "protocol_id": protocol, "seed": 0, "replicate": i, "value": each}
                for i, each in enumerate(replicates)
            ]
            write_table(space.detail_table(CASES, model, "replicates"), rows, REPLICATE_COLUMNS)
        write_table(space.cases_table(CASES), cases, CASE_COLUMNS)
        write_table(space.scores_table(CASES, model), scores, SCORE_COLUMNS)
        return space

    return make


def rewrite(space: Workspace, change: Callable[[pd.DataFrame], pd.DataFrame], model: str = "viseme") -> None:
    """Change a score table in place."""
    path = space.scores_table(CASES, model)
    write_table(path, change(pd.read_parquet(path)), SCORE_COLUMNS)
