"""Results laid out for a paper: the columns, heads and rows of a preset, and its significance marks in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.build_table import build_table
from reports.data import ReportData, records
from reports.paper_presets import PaperPreset
from reports.presets import Preset, waits_for_weights
from reports.published import PublishedNumber
from reports.tables import Table


def arranged(data: ReportData, preset: PaperPreset) -> ReportData:
    """Summaries only, with the rows of the preset in its order and its heads over the columns."""
    kept = data.models[data.models["kind"].isin(preset.kinds)] if preset.kinds else data.models
    places = {name: place for place, name in enumerate(preset.rows)}
    order = sorted(range(len(kept)), key=lambda row: places.get(kept["model"].iloc[row], len(places)))
    models = kept.iloc[order]
    metrics = data.metrics
    if preset.groups:
        heads = {metric: head for head, metrics in preset.groups.items() for metric in metrics}
        heads |= {other: heads[metric] for metric, other in preset.stand_ins.items() if metric in heads}
        metrics = metrics[metrics["metric"].isin(heads)]
        metrics = metrics.assign(group=[heads[name] for name in metrics["metric"]])
    here = data.summary["model"].isin(set(models["model"])) & data.summary["metric"].isin(set(metrics["metric"]))
    return ReportData(data.title, data.created, data.environment, metrics, models, data.summary[here])


def columns(data: ReportData, preset: PaperPreset) -> Preset:
    """The columns that a preset has for these results, which are `arranged`."""
    known = set(data.metrics["metric"])
    if not preset.groups:
        return Preset(preset.name, preset.title, None)
    waiting = waits_for_weights(data.summary)
    measured = {row.metric for row in records(data.summary[["metric"]].drop_duplicates())}
    names: list[str] = []
    for metric in (name for group in preset.groups.values() for name in group if name in known):
        names.append(metric)
        other = preset.stand_ins.get(metric)
        if other in known and (metric in waiting or metric not in measured):
            names.append(str(other))
    return Preset(preset.name, preset.title, tuple(dict.fromkeys(names)))


def paper_table(
    data: ReportData, chosen: Preset, published: Sequence[PublishedNumber], reference: str, tested: int
) -> Table:
    """The table.

    Args:
        data: arranged; its summary holds what was tested. chosen: see `columns`.
        reference: title of the model that others were tested against; empty for none. tested: how many differences.
    """
    table = build_table(data, chosen, published=published, hoist=True)
    dagger = ""
    if reference and tested:
        dagger = (
            f"† differs from {reference}: paired over the cases that both have, resampled by speaker, at 5 % after "
            f"Benjamini-Hochberg over the {tested} differences of this table."
        )
    ids = "; ".join(f"{column.title} {column.protocol_id}" for column in table.columns if column.protocol_id)
    return replace(table, dagger=dagger, protocols=f"Protocol ids: {ids}." if ids else "")
