"""evaluate: videos as they are, with or without the real ones -> scores, a table, a report. No configuration, no DVC."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import pandas as pd

from bench.assets import AssetError, AssetStore, open_store
from bench.config import CaseSet, ReportConfig
from bench.content import Video
from bench.engine.base import Engine
from bench.engine.connect import open_engine
from bench.engine.setting import LOCAL
from bench.errors import BenchError
from bench.extract import extract
from bench.features import FeatureStore
from bench.loader import Loader
from bench.progress import console
from bench.report import CaseSetResults, ModelResults, write_pages
from bench.scoring import Item, Scores, chosen_metrics, feature_plan, score_items
from bench.store import REPLICATE_COLUMNS, SCORE_COLUMNS, write_table
from datasets.base import DatasetError
from datasets.folder import clip_name, video_files
from datasets.media import MediaError, probe
from metrics.base import Labels, Metric, Status, Unscorable

GENERATED = "generated"
REFERENCE = "ground-truth"
MAX_FPS = 120.0
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
        generated: a video file or a folder (searched in depth; linked folders are not entered, which is said). Any size, codec and frame rate; the face is found. Where
            there are folders below, the first names the speaker: intervals are over speakers, as everywhere.
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
        BenchError: a path is missing, holds no video, no file name is common to both folders, the frame rate is out of
            range, `report` is no folder that can be written, or the engine cannot work.
    """
    if not 0 < fps <= MAX_FPS:
        raise BenchError(f"fps must be above 0 and at most {MAX_FPS:g}, got {fps:g}")
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
    if report is not None:
        _need_folder(Path(report))
    able = {name for metric in chosen for name in metric.weights if not assets.has(name)} & set(assets.fetchable())
    if able:
        try:
            assets.pull(sorted(able))
        except AssetError as error:
            # Offline, say. What needs them is `weights_missing` in its rows; all else is measured.
            console.print(f"going on without weights that could not be fetched: {error}", markup=False, soft_wrap=True)
    planned = feature_plan(chosen, fps, device, assets)
    store = FeatureStore(cache or assets.cache / "features")
    # Each once: one reference may serve a thousand videos, and its hash takes reading it.
    real = {path: Video.of(path) for path in dict.fromkeys(pair.reference for pair in pairs) if path is not None}
    items = {GENERATED: _items(pairs, real, of_reference=False)}
    if compared:
        items[REFERENCE] = _items(pairs, real, of_reference=True)
    videos = [item.video for rows in items.values() for item in rows if isinstance(item.video, Video)]
    videos += [item.reference for item in items[GENERATED] if item.reference]
    extract(videos, planned, store, engine, "measure")
    loader = Loader(planned, store)
    scored = {model: score_items(rows, chosen, loader, assets, seed=0) for model, rows in items.items()}
    table = _table(scored)
    if report is not None:
        _write(Path(report), chosen, items, scored, table, assets)
    return Evaluation(chosen, list(scored), table, {model: scores.summary for model, scores in scored.items()})


def _need_folder(report: Path) -> None:
    """Before hours of measuring, not after."""
    try:
        report.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=report):
            pass
    except OSError as error:
        raise BenchError(
            f"the report cannot be written into {report}: {error.strerror or error}. Name another folder."
        ) from error


@dataclass(frozen=True)
class Pair:
    """One name with its generated file, its reference file, or both, and who speaks (see `_speakers`)."""

    name: str
    generated: Path | None
    reference: Path | None
    speaker: str


def pair_up(generated: Path, reference: Path | None) -> list[Pair]:
    """Which generated file is compared with which real one: by relative path without ending.

    Raises:
        BenchError: a path does not exist or holds no video, two files share a name, or nothing pairs up.
    """
    made = _named(generated, "generated")
    if reference is None:
        who = _speakers(made)
        return [Pair(name, path, None, who[name]) for name, path in made.items()]
    real = _named(reference, "reference")
    if reference.is_file():
        only = next(iter(real.values()))
        return [Pair(name, path, only, name) for name, path in made.items()]
    if generated.is_file():
        name, path = next(iter(made.items()))
        if name not in real:
            raise BenchError(f"{reference} has no video named {name!r} (any ending); pass the reference file itself")
        return [Pair(name, path, real[name], name)]
    if not made.keys() & real.keys():
        raise BenchError(
            f"no file name is common to {generated} ({_few(made)}) and {reference} ({_few(real)}): "
            "give the generated videos the names of the real ones (endings may differ)"
        )
    who = _speakers(made) | _speakers(real)
    return [Pair(name, made.get(name), real.get(name), who[name]) for name in sorted(made.keys() | real.keys())]


def _speakers(named: dict[str, Path]) -> dict[str, str]:
    """Who speaks, by name: the first folder below the one that holds them all; a video beside no folder is its own speaker."""
    above = os.path.commonpath([path.parent for path in named.values()])
    ways = {name: path.relative_to(above).parts for name, path in named.items()}
    return {name: way[0] if len(way) > 1 else name for name, way in ways.items()}


def _named(path: Path, what: str) -> dict[str, Path]:
    if path.is_file():
        return {clip_name(Path(path.name)): path}
    if not path.exists():
        raise BenchError(f"{what}: {path} does not exist")
    try:
        videos, passed_over = video_files(path)
    except DatasetError as error:
        raise BenchError(f"{what}: {error}") from error
    named: dict[str, Path] = {}
    for video in videos:
        name = clip_name(video.relative_to(path))
        if name in named:
            raise BenchError(
                f"{what}: {named[name]} and {video} would both be the case {name!r} (endings do not count, and what "
                "is no letter, digit or one of .+@- counts as _); rename or remove one of them"
            )
        named[name] = video
    if not named:
        raise BenchError(f"{what}: no video under {path}" + (f"; {passed_over}" if passed_over else ""))
    if passed_over:
        console.print(f"{what}: {passed_over}", markup=False, highlight=False, soft_wrap=True)
    return named


def _few(names: dict[str, Path]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (", ..." if len(names) > 3 else "")


def _items(pairs: Sequence[Pair], real: Mapping[Path, Video], of_reference: bool) -> list[Item]:
    items = []
    for pair in pairs:
        reference = None if pair.reference is None else real[pair.reference]
        path = pair.reference if of_reference else pair.generated
        if path is None:
            status = Status.NO_REFERENCE if of_reference else Status.NOT_GENERATED
            video: Video | Unscorable = Unscorable(
                status, f"there is no {'real' if of_reference else 'generated'} video {pair.name!r}"
            )
        else:
            own = real[path] if of_reference else Video.of(path)
            video = own if reference is None else own.beside(reference)
        items.append(Item(pair.name, Labels(speaker=pair.speaker), video, reference))
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
