"""How long `space-bench table` takes for 10,000 cases, 5 models and 20 metrics, on tables as `score` writes them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from rich.table import Table

from bench.benchmark_compare import CASES, METRICS, MODELS, SET, SPEAKERS, processor_seconds, write_results
from bench.store import write_json
from bench.workspace import Workspace
from metrics import statistics
from metrics.statistics import Shares

LIMIT = 5.0


def table_speed() -> Table:
    """Wall seconds of the whole command, from starting Python to the written files, with all differences tested."""
    with tempfile.TemporaryDirectory() as folder:
        space = Workspace(Path(folder))
        write_results(space, seed=1)
        for number in range(MODELS):
            _summarise(space, f"model-{number}")
        words = [sys.executable, "-c", "from bench.cli import main; main()", "table", "--preset", "all"]
        start, spent = time.perf_counter(), processor_seconds()
        done = subprocess.run(
            [*words, "--out", folder, "--against", "model-0"], capture_output=True, text=True, cwd=folder
        )
        seconds, spent = time.perf_counter() - start, processor_seconds() - spent
        if done.returncode:
            raise RuntimeError(f"table ended with {done.returncode}: {done.stderr}")
        tested = (space.root / "paper" / "all.csv").read_text(encoding="utf-8")
    if f"{METRICS * (MODELS - 1)}" != str(tested.count(",true\n") + tested.count(",false\n")):
        raise RuntimeError("not all differences were tested")
    table = Table(title="table, start to finish", title_justify="left")
    for heading in ("cases", "models", "metrics", "speakers", "seconds", "of processor", "limit"):
        table.add_column(heading, justify="right")
    counts = map(str, (CASES, MODELS, METRICS, SPEAKERS))
    table.add_row(*counts, f"{seconds:.1f}", f"{spent:.1f}", f"{LIMIT:.0f}")
    return table


def _summarise(space: Workspace, model: str) -> None:
    scores = pd.read_parquet(space.scores_table(SET, model))
    labels = pd.read_parquet(space.cases_table(SET)).set_index("case")
    entries = {}
    for metric, rows in scores.groupby("metric", sort=False):
        speakers = labels.loc[rows["case"], "speaker"].tolist()
        values = rows["value"].to_numpy(float)
        weights = statistics.bootstrap_weights(speakers, replicates=50)
        found = statistics.uncertainty(
            float(values.mean()), (weights @ values) / weights.sum(axis=1), Shares.of(speakers)
        ).interval()
        entries[str(metric)] = {
            "value": found.value, "low": found.low, "high": found.high, "n": len(values), "asked": len(values), "status": "ok",
            "note": "", "protocol_id": rows["protocol_id"].iloc[0], "clusters": SPEAKERS,
        }  # fmt: skip
    write_json(
        space.summary_json(SET, model), {"model": model, "version": scores["version"].iloc[0], "metrics": entries}
    )
