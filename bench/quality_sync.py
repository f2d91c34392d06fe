"""Whether lips and sound of the real clips go together, by SyncNet, where its weights are here: two columns of the quality table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.assets import AssetStore
from bench.config import Params
from bench.contact_sheet import write_sheets
from bench.content import Video
from bench.engine.base import Engine
from bench.extract import extract
from bench.features import FeatureStore
from bench.loader import Loader
from bench.progress import console
from bench.quality import QUALITY_COLUMNS, warnings
from bench.scoring import chosen_metrics, feature_plan, obstacles
from bench.store import read_table, records, write_table
from bench.workspace import Workspace
from metrics.base import Bundle, Labels, Metric, Unscorable

COLUMN_OF = {"av_offset": "av_offset", "lse_c": "sync_confidence"}
"""Metric, and the column that its value goes to."""


def judge_sync(
    params: Params, workspace: Workspace, assets: AssetStore, dataset: str, split: str, where: Engine | int
) -> None:
    """Fill in `av_offset` and `sync_confidence` of a prepared split, warn anew, and draw again the pictures that change.

    What SyncNet says of a clip goes into the feature cache, where `score` finds it. Without its weights nothing is done: the
    columns stay null.

    Args:
        where: the engine that does the work, or a number of processes of this machine.
    """
    chosen = chosen_metrics(list(COLUMN_OF))
    if not all(assets.has(name) for metric in chosen for name in metric.weights):
        return
    planned = feature_plan(chosen, params.video.fps, params.device, assets)
    refused = obstacles(chosen, planned, assets)
    if refused:
        console.print(f"no lip sync in the quality table: {next(iter(refused.values())).detail}", markup=False)
        return
    clips = read_table(workspace.clips_table(dataset, split), f"space-bench prepare {dataset}")
    videos = {row.clip: Video(workspace.resolve(row.video), row.pictures, row.sound) for row in records(clips)}
    store = FeatureStore(workspace.features)
    extract(list(videos.values()), planned, store, where, "lip sync")
    loader = Loader(planned, store)
    found = {clip: _sync(chosen, loader, video) for clip, video in videos.items()}
    path = workspace.quality_table(dataset, split)
    table = read_table(path, f"space-bench prepare {dataset}")
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    for row in rows:
        if row["status"] == "ok":
            row |= found[row["clip"]]
            row["warnings"] = " ".join(warnings(row))
    write_table(path, rows, QUALITY_COLUMNS)
    write_sheets(workspace.clips(dataset, split), read_table(path, f"space-bench prepare {dataset}"))


def _sync(chosen: Sequence[Metric], loader: Loader, video: Video) -> Mapping[str, float | None]:
    """The two columns of a clip; null where SyncNet has no answer (no sound, too short)."""
    bundle = Bundle(loader.features(video), None, Labels())
    values: dict[str, float | None] = {}
    for metric in chosen:
        try:
            values[COLUMN_OF[metric.name]] = float(metric.per_clip(bundle))
        except Unscorable:
            values[COLUMN_OF[metric.name]] = None
    return values
