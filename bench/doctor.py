"""What is here and what can therefore run: the tables of ``doctor``, ``assets list``, ``datasets``, ``models``, ``metrics``."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from bench.assets import AssetStore, open_store
from bench.config import Params, load
from bench.errors import BenchError
from bench.models.python_entry import installed
from bench.models.registry import MODELS, lookup
from bench.scoring import chosen_metrics, missing_weights
from datasets.registry import READERS

PACKAGES = (
    "torch",
    "mediapipe",
    "av",
    "dlib-bin",
    "pocketsphinx",
    "espeakng-loader",
    "dvc",
    "lpips",
    "pytorch-fid",
    "insightface",
)


def examine() -> Iterator[Table]:
    """The tables of ``space-bench doctor``, in reading order."""
    store = open_store()
    yield _machine(store)
    yield _readiness(store)


def _machine(store: AssetStore) -> Table:
    table = Table(title="This machine", title_justify="left", show_header=False)
    table.add_row("python", platform.python_version())
    table.add_row("cores", str(len(os.sched_getaffinity(0))))
    table.add_row("device", _device())
    table.add_row("asset cache", str(store.cache))
    for name in PACKAGES:
        try:
            table.add_row(name, version(name))
        except PackageNotFoundError:
            table.add_row(name, "[red]not installed[/red]: run `make install`")
    return table


def _device() -> str:
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    import torch

    if torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name(0)}"
    return "cpu (no CUDA device, or a CPU build of torch: docs/install.md)"


def _readiness(store: AssetStore) -> Table:
    table = Table(title="What can run", title_justify="left")
    for heading in ("", "ready", "waiting for"):
        table.add_column(heading)
    metrics = chosen_metrics([])
    lacking = {metric.title: missing_weights(metric, store) for metric in metrics}
    ready = [title for title, names in lacking.items() if not names]
    waiting = [f"{title} ({', '.join(names)})" for title, names in lacking.items() if names]
    table.add_row("metrics", ", ".join(ready), ", ".join(waiting) or "–")
    absent = {name: [a for a in entry.assets if not store.has(a)] for name, entry in MODELS.items()}
    table.add_row(
        "models",
        ", ".join(n for n, a in absent.items() if not a),
        ", ".join(f"{n} ({', '.join(a)})" for n, a in absent.items() if a) or "–",
    )
    return table


def assets_table(store: AssetStore) -> Table:
    """Every asset of the manifest and whether it is here."""
    table = Table(title=f"Assets in {store.cache}", title_justify="left")
    for heading in ("name", "here", "MB", "for", "licence", "how to get it"):
        table.add_column(heading)
    for row in store.status():
        table.add_row(
            row.name,
            "yes" if row.present else "no",
            f"{row.size / 1e6:.1f}" if row.size else "?",
            row.purpose,
            row.licence,
            row.todo or row.source,
        )
    return table


def datasets_table(params: Path) -> Table:
    """Known layouts, and the datasets of the parameter file (if there is one here)."""
    table = Table(title="Dataset layouts", title_justify="left")
    for heading in ("reader", "what it reads", "used in the parameter file as"):
        table.add_column(heading)
    used: dict[str, list[str]] = {}
    if params.is_file():
        loaded: Params = load(params)
        for name, config in loaded.datasets.items():
            used.setdefault(config.reader, []).append(f"{name} ({config.root or 'from assets'})")
    for name, reader in READERS.items():
        table.add_row(name, reader().summary, "\n".join(used.get(name, ["–"])))
    return table


def models_table() -> Table:
    """Registered models, and those of installed packages."""
    store = open_store()
    table = Table(title="Models", title_justify="left")
    for heading in ("name", "kind", "what it does", "ignores", "needs"):
        table.add_column(heading)
    for name in (*MODELS, *(set(installed()) - set(MODELS))):
        try:
            entry = lookup(name)
        except BenchError as error:  # Of a package that cannot be imported: the others are listed all the same.
            table.add_row(name, "–", escape(str(error)), "–", "–")
            continue
        needs = ", ".join(a if store.has(a) else f"{a} (missing)" for a in entry.assets)
        table.add_row(name, entry.kind, entry.summary, ", ".join(entry.card.ignores) or "–", needs or "–")
    return table


def metrics_table() -> Table:
    """Registered metrics."""
    store = open_store()
    table = Table(title="Metrics", title_justify="left")
    for heading in ("name", "title", "better", "unit", "protocol id", "needs", "what it says"):
        table.add_column(heading)
    for metric in chosen_metrics([]):
        lacking = missing_weights(metric, store)
        needs = ", ".join((*metric.needs, *(("reference",) if metric.paired else ()))) + (
            f"; missing: {', '.join(lacking)}" if lacking else ""
        )
        table.add_row(metric.name, metric.title, metric.better, metric.unit, metric.protocol_id, needs, metric.summary)
    return table
