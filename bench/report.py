"""report: result tables -> what people look at. Gathers the data; the room ``reports`` does the drawing."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from bench import __version__
from bench.assets import AssetStore
from bench.config import CaseSet, Params, ReportConfig
from bench.errors import BenchError
from bench.models import registry
from bench.parallel import run
from bench.progress import watched
from bench.report_tables import context_of, metrics_table, portable
from bench.scoring import chosen_metrics
from bench.store import CURVE_COLUMNS, EMOTION_COLUMNS, read_table, records, write_bytes
from bench.workspace import Workspace
from datasets.media import MediaError, read_audio, read_frames, write_video
from metrics.base import Metric
from reports import ReportData, render

PREVIEW_SIDE, PREVIEW_FPS, PREVIEW_SECONDS, PREVIEW_CRF = 256, 25.0, 10.0, 27
CONTEXT = ("dataset", "split", "protocol")


@dataclass(frozen=True)
class ModelResults:
    """What one model scored on one case set.

    Attributes:
        scores: long score rows. summary: by metric name. curves, emotions: detail tables (may be empty).
        videos: file of every case that has one. label: its name as printed; empty: `model`.
    """

    model: str
    version: str
    kind: str
    note: str
    scores: pd.DataFrame
    summary: Mapping[str, Mapping[str, Any]]
    curves: pd.DataFrame
    emotions: pd.DataFrame
    videos: Mapping[str, Path]
    label: str = ""


@dataclass(frozen=True)
class CaseSetResults:
    """One case set with the results of its models."""

    cases: CaseSet
    table: pd.DataFrame
    models: Sequence[ModelResults]


def write_report(
    params: Params, workspace: Workspace, assets: AssetStore, sets: Sequence[CaseSet], models: Sequence[str]
) -> Path:
    """Render the report of a whole run into the workspace and return the page's path."""
    results, rejected = [], []
    for cases in sets:
        table = read_table(workspace.cases_table(cases), "space-bench prepare")
        clips = read_table(workspace.clips_table(cases.dataset, cases.split), "space-bench prepare").set_index("clip")
        table["seconds"] = [float(clips.loc[clip, "seconds"]) for clip in table["clip"]]
        results.append(CaseSetResults(cases, table, [_model_results(cases, m, params, workspace) for m in models]))
        rejected.append(read_table(workspace.rejected_table(cases.dataset, cases.split), "space-bench prepare"))
    all_rejected = pd.concat(rejected, ignore_index=True).drop_duplicates() if rejected else pd.DataFrame()
    write_pages(workspace.root, params.report, chosen_metrics(params.metrics), results, all_rejected, assets)
    return workspace.root / "report" / "index.html"


def _model_results(cases: CaseSet, model: str, params: Params, workspace: Workspace) -> ModelResults:
    made_by = f"space-bench score --cases {cases}"
    generated = read_table(workspace.generated_table(cases, model), "space-bench generate")
    path = workspace.summary_json(cases, model)
    if not path.is_file():
        raise BenchError(f"{path} is missing. `{made_by}` makes it.")
    summary = json.loads(path.read_text(encoding="utf-8"))
    options = params.options.get(model, {})
    entry, ignored = registry.entry(model, options), sorted(registry.ignored(model, options))
    note = entry.summary + (f"; ignores {', '.join(ignored)}" if ignored else "")
    videos = {row.case: workspace.resolve(row.video) for row in records(generated) if row.status == "ok"}
    return ModelResults(
        model, summary["version"], entry.kind, note,
        read_table(workspace.scores_table(cases, model), made_by), summary["metrics"],
        _detail(workspace.detail_table(cases, model, "curves"), CURVE_COLUMNS, made_by),
        _detail(workspace.detail_table(cases, model, "emotions"), EMOTION_COLUMNS, made_by), videos, registry.label(model, options),
    )  # fmt: skip


def _detail(path: Path, columns: Mapping[str, str], made_by: str) -> pd.DataFrame:
    table = read_table(path, made_by)
    if lacking := [name for name in columns if name not in table.columns]:
        raise BenchError(f"{path} lacks {', '.join(lacking)}: another version wrote it. `{made_by}` makes it anew.")
    return table


def write_pages(
    root: Path, config: ReportConfig, chosen: Sequence[Metric], results: Sequence[CaseSetResults], rejected: pd.DataFrame,
    assets: AssetStore,
) -> None:  # fmt: skip
    """Render everything below `root`: ``report/``, ``tables/``, ``figures/``, ``plots/``, each replaced as a whole."""
    with tempfile.TemporaryDirectory() as scratch:
        data = _data(config, chosen, results, rejected, assets, Path(scratch))
        for stale in ("tables", "figures", "plots"):
            shutil.rmtree(root / stale, ignore_errors=True)
        for relative, content in render(data):
            write_bytes(root / relative, content)


def _data(
    config: ReportConfig, chosen: Sequence[Metric], results: Sequence[CaseSetResults], rejected: pd.DataFrame,
    assets: AssetStore, scratch: Path,
) -> ReportData:  # fmt: skip
    every = [(item, model) for item in results for model in item.models]
    videos, shown = _previews(config, results, scratch)
    curves = _stack(
        _tagged(model.curves[model.curves["case"].isin(shown[str(item.cases)])], item, model.model)
        for item, model in every if len(model.curves)
    )  # fmt: skip
    loud = [model.curves for item, model in every if model.model == "ground-truth" and len(model.curves)]
    tables = {
        "summary": pd.DataFrame([
            {**context_of(item.cases), "model": model.model, "metric": name, **entry}
            for item, model in every for name, entry in model.summary.items()
        ]),
        "sizes": pd.DataFrame([
            {**context_of(item.cases), "model": model.model, "metric": name, "endless": entry["size_effect"]["endless"],
             "clips": clips, "value": value, "deviation": deviation}
            for item, model in every for name, entry in model.summary.items() if "size_effect" in entry
            for clips, value, deviation in zip(
                *(entry["size_effect"][key] for key in ("clips", "values", "deviations")), strict=True
            )
        ]),
        "scores": _stack(_tagged(model.scores, item, model.model) for item, model in every),
        "cases": _stack(item.table.assign(**context_of(item.cases)) for item in results),
        "curves": curves,
        "emotions": _stack(_tagged(model.emotions, item, model.model) for item, model in every if len(model.emotions)),
        "envelopes": _stack(frame[["case", "time", "loudness"]] for frame in loud).drop_duplicates(),
        "rejected": rejected,
    }  # fmt: skip
    for name, column in (("summary", "note"), ("scores", "detail")):
        if len(tables[name]):
            tables[name][column] = portable(tables[name][column], assets)
    return ReportData(
        title=config.title, created=date.today().isoformat(), environment=environment(),
        metrics=metrics_table(chosen), models=_models_table(every), videos=videos, reference="ground-truth",
        **{name: table for name, table in tables.items() if len(table.columns)},
    )  # fmt: skip


def _stack(frames: Any) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _tagged(frame: pd.DataFrame, item: CaseSetResults, model: str) -> pd.DataFrame:
    return frame.assign(**context_of(item.cases), model=model)


def _models_table(every: Sequence[tuple[CaseSetResults, ModelResults]]) -> pd.DataFrame:
    rows = {
        m.model: {"model": m.model, "version": m.version, "title": m.label or m.model, "kind": m.kind, "note": m.note}
        for _, m in every
    }
    return pd.DataFrame(list(rows.values()))


def _previews(
    config: ReportConfig, results: Sequence[CaseSetResults], scratch: Path
) -> tuple[dict[tuple[str, str, str, str, str], Path], dict[str, list[str]]]:
    """Small H.264 copies of the chosen cases' videos, which every browser plays and a page can carry."""
    jobs = []
    shown: dict[str, list[str]] = {}
    for item in results:
        names = list(item.table["case"])
        # Evenly through the table: it is ordered by speaker and emotion, so the examples differ.
        picks = [
            names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(config.examples, len(names))).astype(int))
        ]
        shown[str(item.cases)] = picks
        for model in item.models:
            jobs += [
                ((*context_of(item.cases).values(), case, model.model), model.videos[case])
                for case in picks
                if case in model.videos
            ]
    copies = [(key, video, scratch / f"{number}.mp4") for number, (key, video) in enumerate(jobs)]
    made = watched(run(_preview, copies, len(os.sched_getaffinity(0)), threads=True), "previews", len(copies))
    return {key: target for (key, _, target), good in made if good}, shown


def _preview(job: tuple[tuple[str, str, str, str, str], Path, Path]) -> bool:
    _, video, target = job
    try:
        sound = read_audio(video)[: round(PREVIEW_SECONDS * 16000)]
    except MediaError:
        sound = None
    frames = (_shrunk(frame) for frame in islice(read_frames(video, PREVIEW_FPS), round(PREVIEW_SECONDS * PREVIEW_FPS)))
    try:
        write_video(target, frames, PREVIEW_FPS, sound, crf=PREVIEW_CRF)
    except MediaError as error:
        if error.reason == "write_error":
            raise BenchError(f"{error.path}: {error.detail}") from error
        return False  # The failure stands in the score table already; there is just nothing to show.
    return True


def _shrunk(frame: Any) -> Any:
    height, width = frame.shape[:2]
    scale = PREVIEW_SIDE / max(height, width)
    if scale >= 1:
        return frame
    return cv2.resize(frame, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def environment() -> dict[str, str]:
    """What the numbers were made with and on."""
    packages = ("torch", "mediapipe", "numpy", "scipy", "av", "scikit-image")
    return {
        "space-bench": __version__, "revision": _revision(), "python": platform.python_version(),
        **{name: version(name) for name in packages}, "system": f"{platform.system()} {platform.machine()}",
    }  # fmt: skip


def _revision() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
