"""Results in the terminal."""

from __future__ import annotations

from rich.table import Table

from bench.evaluation import GENERATED, Evaluation
from bench.progress import out
from metrics.base import ARROWS, Metric, Status


def print_results(result: Evaluation) -> None:
    """One row a metric: value with its interval, unit, coverage; then why the others have none."""
    table = Table(title="space-bench evaluate", title_justify="left", header_style="bold")
    for heading in ("metric", "", *result.models, "unit", "scored"):
        table.add_column(heading, justify="right" if heading in result.models or heading == "scored" else "left")
    reasons: dict[str, list[str]] = {}
    for metric in result.metrics:
        entries = [result.summary[model][metric.name] for model in result.models]
        own = result.summary[GENERATED][metric.name]
        if own["value"] is None and own["status"] == Status.WEIGHTS_MISSING:
            continue
        if own["value"] is None:
            reasons.setdefault(f"{own['status']}: {own['note']}", []).append(metric.title)
            continue
        values = [_cell(entry) for entry in entries]
        table.add_row(metric.title, ARROWS[metric.better], *values, metric.unit, f"{own['n']}/{own['asked']}")
    out.print(table)
    if waiting := [metric.title for metric in result.metrics if _status(result, metric) == Status.WEIGHTS_MISSING]:
        out.print(f"[dim]not computed, weights missing: {', '.join(waiting)} — [/dim]", end="")
        out.print("`space-bench assets list` says how to get them", markup=False, highlight=False, soft_wrap=True)
    for reason, titles in reasons.items():
        out.print(f"[dim]no value: {', '.join(titles)} — [/dim]", end="")
        out.print(reason, markup=False, highlight=False, soft_wrap=True)
    quiet = ["ok", "not_applicable", "weights_missing"] + (["no_reference"] if result.models == [GENERATED] else [])
    failed = result.scores[~result.scores["status"].isin(quiet)]
    by = ["model", "case", "status", "detail"]
    for (model, case, status, detail), rows in failed[failed["case"] != "*"].groupby(by, sort=False):
        whose = case if model == GENERATED else f"{case} ({model})"
        count = "1 metric" if len(rows) == 1 else f"{len(rows)} metrics"
        out.print(f"{whose}: {status} ({count}): {detail}", markup=False, highlight=False, soft_wrap=True)


def _status(result: Evaluation, metric: Metric) -> object:
    return result.summary[GENERATED][metric.name]["status"]


def _cell(entry: dict[str, object]) -> str:
    value, low, high = entry["value"], entry["low"], entry["high"]
    if not isinstance(value, float):
        return "–"
    text = f"{value:.4g}"
    if isinstance(low, float) and isinstance(high, float) and entry["n"] != 1:
        text += f" [{low:.3g}, {high:.3g}]"
    return text
