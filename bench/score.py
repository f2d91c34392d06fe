"""score: the generated videos of one case set -> score tables, summaries and detail tables of every model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.assets import AssetStore
from bench.config import CaseSet, Params
from bench.content import Video
from bench.engine.connect import open_engine
from bench.extract import extract
from bench.features import FeatureStore
from bench.loader import Loader
from bench.models import registry
from bench.models.unasked import ignored_here
from bench.portraits import measure_portraits
from bench.progress import watched
from bench.scoring import Item, Scores, chosen_metrics, feature_plan, score_items
from bench.store import (
    CURVE_COLUMNS,
    EMOTION_COLUMNS,
    REPLICATE_COLUMNS,
    SCORE_COLUMNS,
    read_table,
    records,
    write_json,
    write_table,
)
from bench.workspace import Workspace
from metrics.base import Labels, Status, Unscorable

METRICS_JSON = ("value", "low", "high", "n", "coverage")


def score(params: Params, workspace: Workspace, assets: AssetStore, sets: Sequence[CaseSet]) -> None:
    """Extract what is missing of all case sets at once, then score every model of each and write its tables."""
    chosen = chosen_metrics(params.metrics)
    store = FeatureStore(workspace.features)
    # Opened before networks are: a cluster that does not answer is said at once.
    with open_engine(params.engine, params.workers) as engine:
        planned = feature_plan(chosen, params.video.fps, params.device, assets)
        asked = [(cases, model, *_asked(cases, model, params, workspace)) for cases in sets for model in params.models]
        items = [item for *_, rows in asked for item in rows]
        videos = [item.reference for item in items if item.reference]
        videos += [item.video for item in items if isinstance(item.video, Video)]
        extract(videos, planned, store, engine)
    measure_portraits([item.portrait for item in items if item.portrait], planned, store)
    loader = Loader(planned, store)
    for cases, model, version, rows in watched(asked, "score", len(asked)):
        _write(score_items(rows, chosen, loader, assets, params.seed), model, version, cases, workspace)


def _asked(cases: CaseSet, model: str, params: Params, workspace: Workspace) -> tuple[str, list[Item]]:
    """The model's version, and every case with its video or the reason why there is none."""
    table = read_table(workspace.cases_table(cases), "space-bench prepare")
    clips = read_table(workspace.clips_table(cases.dataset, cases.split), "space-bench prepare").set_index("clip")
    made_by = f"space-bench generate --cases {cases} --model {model}"
    generated = read_table(workspace.generated_table(cases, model), made_by).set_index("case")
    ignored = registry.ignored(model, params.options.get(model, {}))
    items = [_item(row, clips.loc[row.clip], generated, ignored, workspace) for row in records(table)]
    return str(generated["version"].iloc[0]), items


def _item(row: Any, clip: Any, generated: pd.DataFrame, ignored: frozenset[str], workspace: Workspace) -> Item:
    reference = Video(workspace.resolve(clip["video"]), clip["pictures"], clip["sound"])
    labels = Labels(
        emotion=None if pd.isna(row.emotion) else row.emotion,
        intensity=None if pd.isna(row.intensity) else float(row.intensity),
        speaker=row.speaker,
        pose_given=not pd.isna(row.pose),
        same_speaker=row.speaker == row.portrait_speaker,
    )
    video: Video | Unscorable
    if row.case not in generated.index:
        video = Unscorable(Status.NOT_GENERATED, "the model has no video for this case; run `space-bench generate`")
    elif (made := generated.loc[row.case])["status"] != Status.OK:
        video = Unscorable(Status(made["status"]), made["detail"])
    else:
        video = Video(workspace.resolve(made["video"]), made["pictures"], made["sound"]).beside(reference)
    here = ignored_here(ignored, row.protocol, labels)
    return Item(row.case, labels, video, reference, workspace.resolve(row.portrait), here)


def _write(scores: Scores, model: str, version: str, cases: CaseSet, workspace: Workspace) -> None:
    rows = [{**row, "model": model, "version": version} for row in scores.rows]
    write_table(workspace.scores_table(cases, model), rows, SCORE_COLUMNS)
    write_table(workspace.detail_table(cases, model, "curves"), scores.curves.assign(model=model), CURVE_COLUMNS)
    replicates = [{**row, "model": model} for row in scores.replicates]
    write_table(workspace.detail_table(cases, model, "replicates"), replicates, REPLICATE_COLUMNS)
    emotions = [{**row, "model": model} for row in scores.emotions]
    write_table(workspace.detail_table(cases, model, "emotions"), emotions, EMOTION_COLUMNS)
    write_json(workspace.summary_json(cases, model), {"model": model, "version": version, "metrics": scores.summary})
    numbers = {name: {key: entry[key] for key in METRICS_JSON} for name, entry in scores.summary.items()}
    write_json(workspace.metrics_json(cases, model), numbers)
