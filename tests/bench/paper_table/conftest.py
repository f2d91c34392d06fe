"""Folders of results of several models: score tables, and summaries made from them as `score` makes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.features import FeatureStore
from bench.scoring import chosen_metrics
from bench.store import records, write_json
from bench.summary import Case, Corpus, summarize
from bench.workspace import Workspace
from metrics.base import Status, Unscorable
from tests.bench.compare.conftest import CASES, MakeResults, make_results
from tests.command import Run

__all__ = ["make_results"]

AddModel = Callable[..., Workspace]


@pytest.fixture
def add_model(make_results: MakeResults) -> AddModel:
    """``add_model(name, **quality)``: one more model in the folder ``out``, see `make_results`."""

    def add(name: str, **quality: Any) -> Workspace:
        space: Workspace = make_results("out", model=name, **quality)
        summarise(space, name)
        return space

    return add


def summarise(space: Workspace, model: str) -> None:
    """Write the summary of a score table."""
    scores = pd.read_parquet(space.scores_table(CASES, model))
    speakers = dict(pd.read_parquet(space.cases_table(CASES))[["case", "speaker"]].itertuples(index=False))
    cases = [Case("", speakers[name]) for name in scores["case"].drop_duplicates()]
    names = set(scores["metric"])
    outcomes = {
        name: [
            float(row.value) if row.status == "ok" else Unscorable(Status(row.status), row.detail)
            for row in records(scores[scores["metric"] == name])
        ]
        for name in names
    }
    ids = dict(scores[["metric", "protocol_id"]].drop_duplicates("metric").itertuples(index=False))
    chosen = [metric for metric in chosen_metrics([]) if metric.name in names]
    corpus = Corpus(cases, lambda metric, case: None, FeatureStore(space.features))
    entries = summarize(corpus, outcomes, chosen, ids, seed=0)
    write_json(
        space.summary_json(CASES, model), {"model": model, "version": scores["version"].iloc[0], "metrics": entries}
    )


@pytest.fixture
def run(space_bench: Run, tmp_path: Path) -> Run:
    """``run(*words)`` -> exit code, stdout, stderr of ``space-bench table`` on the folder of `add_model`."""
    return lambda *words: space_bench("table", *words, cwd=tmp_path)
