"""evaluate: videos as they are, with or without the real ones -> scores, a table, a report. No configuration, no DVC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.assets import AssetStore, open_store
from bench.config import CaseSet, ReportConfig
from bench.content import Video
from bench.engine.base import Engine
from bench.engine.connect import open_engine
from bench.engine.setting import LOCAL
from bench.errors import BenchError
from bench.extract import extract
from bench.features import FeatureStore
from bench.report import CaseSetResults, ModelResults, write_pages
from bench.scoring import Item, Loader, Scores, chosen_metrics, feature_plan, score_items
from bench.store import REPLICATE_COLUMNS, SCORE_COLUMNS, write_table
from datasets.folder import clip_name, video_files
from datasets.media import MediaError, probe
from metrics.base import Labels, Metric, Status, Unscorable

GENERATED = "generated"
REFERENCE = "ground-truth"
CASES = CaseSet(dataset="videos", split="given", protocol="self")


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
        metrics: the metrics asked for, in table order.
        models: names of the rows: ``generated``, and ``ground-truth`` where a reference was given.
        scores: long table: case, model, version, metric, protocol_id, value, status, detail. Null values have a status.
        summary: by model and metric: value, low, high (95 % interval), n, asked, coverage, status, note.
    """

    metrics: list[Metric]
    models: list[str]
    scores: pd.DataFrame
    summary: dict[str, dict[str, dict[str, object]]]

    @property
    def nothing_scored(self) -> bool:
        """Whether not one generated video gave a single number."""
        return all(entry["value"] is None for entry in self.summary[GENERATED].values())


def evaluate(
    generated: str | Path, reference: str | Path | None = None, *, metrics: Sequence[str] = (),
    report: str | Path | None = None, fps: float = 25.0, workers: int = 0, device: str = "cpu",
    assets: AssetStore | None = None, cache: Path | None = None, engine: str = LOCAL,
) -> Evaluation:  # fmt: skip
    """Score one video or a folder of videos; the whole suite as one call.

    Args:
        generated: a video file or a folder (searched in depth). Any size, codec and frame rate; the face is found.
        reference: the real video, or a folder whose files have the same names (endings may differ). Real videos
            without a generated counterpart are failure rows (``not_generated``). None: metrics that compare are
            ``no_reference``.
        metrics: names (see ``space-bench metrics``); empty means all.
        report: folder for tables, figures and ``report/index.html``; None writes nothing.
        fps: frame rate at which videos are looked at (resampled by timestamps where they have another).
        workers: processes; 0 means one a core.
        assets: where weights come from. cache: folder of measured features; equal files are measured once.
        engine: where work runs, as in ``params.yaml`` (docs/engine.md).

    Raises:
        BenchError: a path is missing, holds no video, no file name is common to both folders, or the engine cannot work.
    """
    pairs = pair_up(Path(generated), None if reference is None else Path(reference))
    with open_engine(engine, workers) as opened:
        return _evaluate(
            pairs, reference is not None, metrics, report, fps, device, assets or open_store(), cache, opened
        )


def _evaluate(
    pairs: Sequence[Pair], compared: bool, metrics: Sequence[str], report: str | Path | None, fps: float, device: str,
    assets: AssetStore, cache: Path | None, engine: Engine,
) -> Evaluation:  # fmt: skip
    chosen = chosen_metrics(metrics)
    able = {name for metric in chosen for name in metric.weights if not assets.has(name)} & set(assets.fetchable())
    if able:
        assets.pull(sorted(able))
    planned = feature_plan(chosen, fps, device, assets)
    store = FeatureStore(cache or assets.cache / "features")
    items = {GENERATED: _items(pairs, of_reference=False)}
    if compared:
        items[REFERENCE] = _items(pairs, of_reference=True)
    videos = [item.video for rows in items.values() for item in rows if isinstance(item.video, Video)]
    videos += [item.reference for item in items[GENERATED] if item.reference]
    extract(videos, planned, store, engine, "measure")
    loader = Loader(planned, store)
    scored = {model: score_items(rows, chosen, loader, assets, seed=0) for model, rows in items.items()}
    table = _table(scored)
    if report is not None:
        _write(Path(report), chosen, items, scored, table, assets)
    return Evaluation(chosen, list(scored), table, {model: scores.summary for model, scores in scored.items()})


@dataclass(frozen=True)
class Pair:
    """One name with its generated file, its reference file, or both."""

    name: str
    generated: Path | None
    reference: Path | None


def pair_up(generated: Path, reference: Path | None) -> list[Pair]:
    """Which generated file is compared with which real one: by relative path without ending.

    Raises:
        BenchError: a path does not exist or holds no video, two files share a name, or nothing pairs up.
    """
    made = _named(generated, "generated")
    if reference is None:
        return [Pair(name, path, None) for name, path in made.items()]
    real = _named(reference, "reference")
    if reference.is_file():
        only = next(iter(real.values()))
        return [Pair(name, path, only) for name, path in made.items()]
    if generated.is_file():
        name, path = next(iter(made.items()))
        if name not in real:
            raise BenchError(f"{reference} has no video named {name!r} (any ending); pass the reference file itself")
        return [Pair(name, path, real[name])]
    if not made.keys() & real.keys():
        raise BenchError(
            f"no file name is common to {generated} ({_few(made)}) and {reference} ({_few(real)}): "
            "give the generated videos the names of the real ones (endings may differ)"
        )
    return [Pair(name, made.get(name), real.get(name)) for name in sorted(made.keys() | real.keys())]


def _named(path: Path, what: str) -> dict[str, Path]:
    if path.is_file():
        return {clip_name(Path(path.name)): path}
    if not path.exists():
        raise BenchError(f"{what}: {path} does not exist")
    named: dict[str, Path] = {}
    for video in video_files(path):
        name = clip_name(video.relative_to(path))
        if name in named:
            raise BenchError(
                f"{what}: {named[name]} and {video} have the same name but for the ending; keep one of them"
            )
        named[name] = video
    if not named:
        raise BenchError(f"{what}: no video under {path}")
    return named


def _few(names: dict[str, Path]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (", ..." if len(names) > 3 else "")


def _items(pairs: Sequence[Pair], of_reference: bool) -> list[Item]:
    items = []
    for pair in pairs:
        real = None if pair.reference is None else Video.of(pair.reference)
        path = pair.reference if of_reference else pair.generated
        if path is None:
            status = Status.NO_REFERENCE if of_reference else Status.NOT_GENERATED
            video: Video | Unscorable = Unscorable(
                status, f"there is no {'real' if of_reference else 'generated'} video {pair.name!r}"
            )
        else:
            video = Video.of(path, real)
        items.append(Item(pair.name, Labels(speaker=pair.name), video, real))
    return items


def _table(scored: dict[str, Scores]) -> pd.DataFrame:
    rows = [{**row, "model": model, "version": "given"} for model, scores in scored.items() for row in scores.rows]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)


def _write(
    report: Path,
    chosen: list[Metric],
    items: dict[str, list[Item]],
    scored: dict[str, Scores],
    table: pd.DataFrame,
    assets: AssetStore,
) -> None:
    cases = pd.DataFrame([
        {"case": item.case, "clip": item.case, "speaker": item.labels.speaker, "emotion": None, "level": None,
         "intensity": None, "seconds": _seconds(item)} for item in items[GENERATED]
    ])  # fmt: skip
    models = []
    for name, scores in scored.items():
        files = {item.case: item.video.path for item in items[name] if isinstance(item.video, Video)}
        rows = table[table["model"] == name]
        models.append(ModelResults(name, "given", "sanity" if name == REFERENCE else "folder", "", rows, scores.summary,
                                   scores.curves, pd.DataFrame(scores.emotions), files,
                                   pd.DataFrame(scores.replicates, columns=list(REPLICATE_COLUMNS))))  # fmt: skip
    results = [CaseSetResults(CASES, cases, models)]
    write_table(report / "scores.parquet", table, SCORE_COLUMNS)
    config = ReportConfig(title="Evaluation", examples=4)
    write_pages(report, config, chosen, results, pd.DataFrame(), assets, seed=0)


def _seconds(item: Item) -> float | None:
    if not isinstance(item.video, Video):
        return None
    try:
        return probe(item.video.path).seconds
    except MediaError:
        return None
