"""Everything about one metric: definition, protocol, parity, weights, and what its id hangs on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from bench.assets import AssetStore
from bench.scoring import chosen_metrics, feature_plan, missing_weights, obstacles, score_protocol_id
from metrics.base import Metric
from metrics.parity import parities


def metric_card(name: str, assets: AssetStore, fps: float) -> Table:
    """The card as a table.

    Raises:
        BenchError: no metric has that name; the nearest one is suggested.
    """
    (metric,) = chosen_metrics([name])
    table = Table(title=f"{metric.title} ({metric.name})", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")  # A digest or an address that is cut short serves nobody.
    for label, value in (*_definition(metric), *_parity(metric), *_weights(metric, assets), *_ids(metric, assets, fps)):
        table.add_row(label, escape(value))
    return table


def _definition(metric: Metric) -> Iterator[tuple[str, str]]:
    yield "what it says", metric.summary
    yield "unit", metric.unit or "–"
    yield "better", metric.better
    yield "group", metric.group
    yield "reads", ", ".join(metric.needs)
    pairs = (("the reference clip", metric.paired), ("the source portrait", metric.portrait))
    yield "compares with", ", ".join(what for what, on in pairs if on) or "nothing"
    yield "source", metric.source
    for key, value in metric.protocol.items():
        yield f"protocol: {key}", str(value)


def _parity(metric: Metric) -> Iterator[tuple[str, str]]:
    found = parities(metric)
    for parity in found:
        yield "tolerance", f"{parity.tolerance:g} (relative, float64) to {parity.reference}: {parity.test}"
    if not found:
        yield "tolerance", "its extractors were not compared with recorded outputs of another implementation"


def _weights(metric: Metric, assets: AssetStore) -> Iterator[tuple[str, str]]:
    for name in metric.weights:
        asset = assets.asset(name)
        known = asset.sha256 or "not known; that of the file is recorded with every score"
        here = "here" if assets.has(name) else assets.how_to_get(name)
        yield f"weights: {name}", f"{asset.file}\nsha256: {known}\nlicence: {asset.licence}\n{here}"
    if not metric.weights:
        yield "weights", "none"


def _ids(metric: Metric, assets: AssetStore, fps: float) -> Iterator[tuple[str, str]]:
    yield "protocol id", f"{metric.protocol_id} (of the lines above)"
    planned = feature_plan([metric], fps, "cpu", assets)
    obstacle = obstacles([metric], planned, assets).get(metric.name)
    scored = score_protocol_id(metric, planned) if obstacle is None else "none until its weights are here and sound"
    if obstacle is not None and not missing_weights(metric, assets):
        scored = f"none: {obstacle.detail}"
    yield f"id of scores at {fps:g} fps", scored
    features = [name for name in metric.needs if name != "audio"]
    parts = ["any line of the protocol", f"what the extractors of {', '.join(features)} state (crop, sampling, versions)",
             "the frame rate"]  # fmt: skip
    if metric.weights:
        parts.append(f"the sha256 of {', '.join(metric.weights)}")
    yield "what changes that id", "; ".join(parts)
