"""Results of a run that never was: every table and file that `space-bench report` reads, seeded, of any size."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from bench.compare.differences import differences
from bench.config import CaseSet
from bench.scoring import chosen_metrics
from bench.store import (
    CASE_COLUMNS,
    CLIP_COLUMNS,
    CURVE_COLUMNS,
    EMOTION_COLUMNS,
    GENERATED_COLUMNS,
    REJECTED_COLUMNS,
    REPLICATE_COLUMNS,
    SCORE_COLUMNS,
    write_bytes,
    write_json,
    write_table,
)
from bench.workspace import Workspace
from datasets.media import write_video

SET = CaseSet(dataset="simulated", split="test", protocol="self")
FPS = 25.0
MODELS = {"ground-truth": 0.0, "still": 3.0, "viseme": 2.0, "space": 1.0, "folder": 1.6}
"""How far each is from the real clips."""
EMOTIONS = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
CORPUS, REPLICATES = 2, 200
METRICS = [metric for metric in chosen_metrics([]) if metric.corpus][:CORPUS]
METRICS += [metric for metric in chosen_metrics([]) if metric.better != "none" and not metric.corpus][: 20 - CORPUS]
LOST = 0.02
"""Share of the videos in which no face is found."""


@dataclass(frozen=True)
class _Cast:
    """The cases: names, speakers, labels, seconds; how far heads turn and how hard a case is."""

    names: list[str]
    speakers: list[str]
    emotions: list[str]
    levels: list[int]
    seconds: NDArray[np.float64]
    angles: NDArray[np.float64]
    hard: NDArray[np.float64]


def write_run(root: Path, cases: int, seed: int = 0) -> None:
    """The folder of results of so many cases, with ``params.yaml`` in it."""
    random, space = np.random.default_rng(seed), Workspace(root)
    cast = _cast(random, cases)
    settings = {
        "datasets": {SET.dataset: {"reader": "mead", "root": str(root)}}, "cases": [str(SET)], "models": list(MODELS),
        "options": {"folder": {"root": str(root)}}, "metrics": [metric.name for metric in METRICS],
    }  # fmt: skip
    write_bytes(root / "params.yaml", yaml.safe_dump(settings).encode())
    _write_cases(space, cast)
    clip = root / "clip.mp4"
    pictures = (random.integers(0, 255, (8, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(50))
    write_video(clip, pictures, FPS, None)
    for model, distance in MODELS.items():
        _write_videos(space, model, cast, clip)
        _write_scores(space, model, cast, distance, random)
        _write_details(space, model, cast, distance, random)


def _cast(random: np.random.Generator, cases: int) -> _Cast:
    number = np.arange(cases)
    speaker = number % max(6, cases // 50)
    turned = random.gamma(3.0, 6.0, cases)
    hard = 0.02 * turned + 0.3 * random.standard_normal(speaker.max() + 1)[speaker] + 0.2 * (number % 8 == 3)
    return _Cast(
        [f"simulated-{k:05d}" for k in number], [f"speaker-{k:03d}" for k in speaker], [EMOTIONS[k % 8] for k in number],
        [1 + int(k) % 3 for k in number], random.uniform(2.0, 6.0, cases).round(2), turned, hard,
    )  # fmt: skip


def _write_cases(space: Workspace, cast: _Cast) -> None:
    table = pd.DataFrame({
        "case": cast.names, "clip": cast.names, "portrait": "", "audio": "", "pose": None, "emotion": cast.emotions,
        "intensity": np.array(cast.levels) / 3, "protocol": SET.protocol, "speaker": cast.speakers, "level": cast.levels,
        "portrait_speaker": cast.speakers,
    })  # fmt: skip
    write_table(space.cases_table(SET), table, CASE_COLUMNS)
    clips = table.assign(
        dataset=SET.dataset, split=SET.split, video="", frames=(cast.seconds * FPS).astype(int), fps=FPS,
        seconds=cast.seconds, sha256="", pictures="", sound="", truth="", crop="",
    )  # fmt: skip
    write_table(space.clips_table(SET.dataset, SET.split), clips, CLIP_COLUMNS)
    write_table(space.rejected_table(SET.dataset, SET.split), [], REJECTED_COLUMNS)


def _write_videos(space: Workspace, model: str, cast: _Cast, clip: Path) -> None:
    folder = space.videos(SET, model)
    folder.mkdir(parents=True)
    for name in cast.names:
        os.link(clip, folder / f"{name}.mp4")
    paths = [space.relative(folder) + f"/{name}.mp4" for name in cast.names]
    rows = pd.DataFrame({
        "case": cast.names, "model": model, "version": "1", "video": paths, "status": "ok", "detail": "", "seconds": 1.0,
        "sha256": "", "pictures": "", "sound": "", "recipe": "",
    })  # fmt: skip
    write_table(space.generated_table(SET, model), rows, GENERATED_COLUMNS)


def _write_scores(space: Workspace, model: str, cast: _Cast, distance: float, random: np.random.Generator) -> None:
    """Metrics of a case share what is hard about it, and half of its luck; the rest is their own."""
    count = len(cast.names)
    luck = random.standard_normal(count)
    lost = random.random(count) < (LOST if distance else 0)
    values = np.full((count, len(METRICS)), np.nan)
    for column, metric in enumerate(METRICS):
        own = 0.5 * luck + 0.5 * random.standard_normal(count)
        scale, sign = 0.02 * (1 + column), -1 if metric.better == "higher" else 1
        values[:, column] = scale * (5 + sign * (distance + (cast.hard + 0.4 * own) * bool(distance)))
    values[lost] = np.nan
    status = np.where(lost, "no_face", "ok")
    found = np.char.add(
        np.char.add("found a face in ", random.integers(0, 40, count).astype(str)),
        " of 100 frames, at least half are needed",
    )
    ids = {metric.name: f"{metric.name:_<12.12}" for metric in METRICS}
    shared = {"case": cast.names, "model": model, "version": "1", "status": status, "detail": np.where(lost, found, "")}
    parts = [
        pd.DataFrame({**shared, "metric": metric.name, "protocol_id": ids[metric.name],
                      "value": np.nan if metric.corpus else values[:, column]}) for column, metric in enumerate(METRICS)
    ]  # fmt: skip
    clusters = np.array([f"{SET.dataset}:{speaker}" for speaker in cast.speakers], dtype=object)
    means = differences(np.zeros_like(values), values, clusters, seed=0, tests=False)
    summary, replicates = {}, []
    for metric, mean in zip(METRICS, means, strict=True):
        interval = mean.difference.interval()
        summary[metric.name] = {
            "value": interval.value, "low": interval.low, "high": interval.high, "n": mean.cases, "asked": count, "status": "ok",
            "note": "", "protocol_id": ids[metric.name], "clusters": len(set(cast.speakers)),
        }  # fmt: skip
        if metric.corpus:
            corpus = {
                "case": ["*"],
                "model": model,
                "version": "1",
                "metric": metric.name,
                "protocol_id": ids[metric.name],
            }
            parts.append(pd.DataFrame({**corpus, "value": interval.value, "status": "ok", "detail": ""}))
            drawn = interval.value + mean.difference.error * np.random.default_rng(0).standard_normal(REPLICATES)
            replicates.append(pd.DataFrame({
                "model": model, "metric": metric.name, "protocol_id": ids[metric.name], "seed": 0,
                "replicate": np.arange(REPLICATES), "value": drawn,
            }))  # fmt: skip
    write_table(space.scores_table(SET, model), pd.concat(parts, ignore_index=True), SCORE_COLUMNS)
    write_table(space.detail_table(SET, model, "replicates"), pd.concat(replicates), REPLICATE_COLUMNS)
    write_json(space.summary_json(SET, model), {"model": model, "version": "1", "metrics": summary})


def _write_details(space: Workspace, model: str, cast: _Cast, distance: float, random: np.random.Generator) -> None:
    """Curves that wander as heads do, with a tracker's noise, and one classifier's answers."""
    frames = (cast.seconds * FPS).astype(int)
    case = np.repeat(np.arange(len(frames)), frames)
    time = (np.arange(len(case)) - np.repeat(np.cumsum(frames) - frames, frames)) / FPS
    phase = random.uniform(0, 6, len(frames))[case]
    columns = {"aperture": 0.06 * (1 + np.sin(14 * time + phase)) + 0.003 * random.standard_normal(len(case))}
    for number, axis in enumerate(("pitch", "yaw", "roll")):
        swing = (cast.angles / (1 + number))[case]
        columns[axis] = swing * np.sin((0.7 + number) * time + phase) + 0.2 * random.standard_normal(len(case))
    names = np.array(cast.names, dtype=object)
    curves = pd.DataFrame(
        {"case": names[case], "model": model, "time": time, **columns, "loudness": np.abs(np.sin(7 * time))}
    )
    write_table(space.detail_table(SET, model, "curves"), curves, CURVE_COLUMNS)
    right = random.random(len(names)) < 0.85 - 0.15 * distance
    seen = np.where(right, cast.emotions, np.array(EMOTIONS)[random.integers(0, 8, len(names))])
    answers = pd.DataFrame({
        "case": names, "model": model, "classifier": "simulated", "asked": cast.emotions, "predicted": seen,
        "probability": random.uniform(0, 1, len(names)),
    })  # fmt: skip
    write_table(space.detail_table(SET, model, "emotions"), answers, EMOTION_COLUMNS)
