"""How long `space-bench compare` takes for 10,000 cases, 5 models and 20 metrics, on tables as `score` writes them."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table

from bench.config import CaseSet
from bench.scoring import chosen_metrics
from bench.store import CASE_COLUMNS, SCORE_COLUMNS, write_table
from bench.workspace import Workspace

CASES, MODELS, METRICS, SPEAKERS = 10_000, 5, 20, 200
LIMIT = 10.0
SET = CaseSet(dataset="simulated", split="test", protocol="self")


def compare_speed() -> Table:
    """Wall seconds of the whole command, from starting Python to the written page."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, seed in (("base", 1), ("head", 2)):
            write_results(Workspace(root / name), seed)
        files = [f"--{kind}={root / 'report'}.{kind}" for kind in ("markdown", "junit", "html")]
        words = [
            sys.executable,
            "-c",
            "from bench.cli import main; main()",
            "compare",
            str(root / "base"),
            str(root / "head"),
        ]
        start, spent = time.perf_counter(), processor_seconds()
        done = subprocess.run([*words, *files], capture_output=True, text=True)
        seconds, spent = time.perf_counter() - start, processor_seconds() - spent
    if done.returncode not in (0, 1):
        raise RuntimeError(f"compare ended with {done.returncode}: {done.stderr}")
    table = Table(title="compare, start to finish", title_justify="left")
    for heading in ("cases", "models", "metrics", "speakers", "seconds", "of processor", "limit"):
        table.add_column(heading, justify="right")
    table.add_row(
        str(CASES), str(MODELS), str(METRICS), str(SPEAKERS), f"{seconds:.1f}", f"{spent:.1f}", f"{LIMIT:.0f}"
    )
    return table


def processor_seconds() -> float:
    """Of all ended children: on a machine that others use too, the fairer clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_results(space: Workspace, seed: int) -> None:
    """Score tables of `MODELS` models, with the cases' labels."""
    random = np.random.default_rng(seed)
    names = [metric.name for metric in chosen_metrics([]) if metric.better != "none" and not metric.corpus][:METRICS]
    cases = [f"clip-{number:05d}" for number in range(CASES)]
    speakers = [f"speaker-{number % SPEAKERS:03d}" for number in range(CASES)]
    labels = pd.DataFrame({**dict.fromkeys(CASE_COLUMNS), "case": cases, "clip": cases, "speaker": speakers})
    labels["emotion"] = [("neutral", "happy", "sad", "angry")[number % 4] for number in range(CASES)]
    labels["level"] = [1 + number % 3 for number in range(CASES)]
    write_table(space.cases_table(SET), labels.assign(protocol="self"), CASE_COLUMNS)
    pairs = pd.DataFrame(list(product(names, cases)), columns=["metric", "case"])
    for number in range(MODELS):
        rows = pairs.assign(
            model=f"model-{number}", version=str(seed), protocol_id="0123456789ab", value=random.lognormal(size=len(pairs)),
            status="ok", detail="",
        )  # fmt: skip
        write_table(space.scores_table(SET, f"model-{number}"), rows, SCORE_COLUMNS)
