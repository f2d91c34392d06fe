"""prepare: raw dataset -> standard clips and ``clips.parquet``. Resumable, parallel, each clip on its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.assets import AssetStore
from bench.config import AUDIO_RATE, CaseSet, DatasetConfig, Params
from bench.content import content_hashes
from bench.errors import BenchError, unknown
from bench.parallel import run
from bench.progress import bar
from bench.store import CLIP_COLUMNS, REJECTED_COLUMNS, Journal, digest, sha256_file, write_table
from bench.workspace import Workspace
from datasets import splits
from datasets.base import DatasetError, Rejected, SourceClip
from datasets.expected import not_here
from datasets.index import open_index
from datasets.media import MediaError, read_audio, write_audio, write_video
from datasets.registry import READERS
from datasets.sample import ASSETS as SAMPLE_ASSETS
from datasets.standardize import as_stored, cut_audio, cut_frames, face_crop_box, standard_frames

MIN_SECONDS = 1.0
MIN_PRESENT = 0.5
RECIPE_VERSION = 1
INDEX = "index"
"""Folder of the workspace for what readers found."""


@dataclass(frozen=True)
class _Job:
    clip: SourceClip
    dataset: str
    split: str
    folder: Path
    size: int
    fps: float
    crop: float
    max_seconds: float
    recipe: str


def prepare(params: Params, workspace: Workspace, assets: AssetStore, dataset: str) -> None:
    """Standardize every clip of the splits that the case sets ask for, and write the clip and rejection tables."""
    config = params.datasets[dataset]
    root = dataset_root(dataset, config, workspace, assets)
    wanted = sorted({CaseSet.parse(text).split for text in params.cases if CaseSet.parse(text).dataset == dataset})
    found, rejected = read_source(config, root, workspace.root / INDEX)
    for split in wanted:
        clips = [clip for name, clip in found if name == split]
        clips = subset(clips, config.max_clips, params.seed)
        if not clips:
            names = sorted({name for name, _ in found})
            raise BenchError(
                f"dataset {dataset!r} has no clip in split {split!r}; its splits: {', '.join(names) or 'none'}."
            )
        standardize(clips, rejected, dataset, split, root, params, workspace)


def subset(clips: Sequence[SourceClip], count: int | None, seed: int) -> list[SourceClip]:
    """At most `count` clips in their order, drawn by the seed; each speaker's first neutral clip is drawn before all others.

    The case protocol ``emotion`` takes its portraits from the neutral clips: a subset without them would have no cases.
    """
    if count is None or len(clips) <= count:
        return list(clips)
    first: dict[str, int] = {}
    for index, clip in enumerate(clips):
        if clip.emotion == "neutral":
            first.setdefault(clip.speaker, index)
    order = [int(index) for index in np.random.default_rng(seed).permutation(len(clips))]
    order.sort(key=lambda index: index not in first.values())
    return [clips[index] for index in sorted(order[:count])]


def dataset_root(dataset: str, config: DatasetConfig, workspace: Workspace, assets: AssetStore) -> Path:
    """The folder to read. For ``sample`` it is made from the assets."""
    if config.reader == "sample":
        folder = workspace.raw("sample")
        folder.mkdir(parents=True, exist_ok=True)
        for name in SAMPLE_ASSETS:
            source = assets.path(name)
            target = folder / f"{name}{source.suffix}"
            if not target.is_file():
                shutil.copyfile(source, target)
        return folder
    if config.root is None:
        raise BenchError(
            f"dataset {dataset!r}: its `root` is not set in params.yaml. Set it to the folder of the dataset."
        )
    return config.root


def read_source(
    config: DatasetConfig, root: Path, index: Path | None = None
) -> tuple[list[tuple[str, SourceClip]], list[Rejected]]:
    """All clips with their split, and what the reader had to turn away.

    Args:
        index: folder where what the reader finds is kept, so that a tree that did not change is not read again.
    """
    if config.reader not in READERS:
        raise unknown("dataset reader", config.reader, READERS)
    reader = READERS[config.reader]()
    try:
        split = splits.load(config.splits, config.reader) if config.splits else None
        items = list(reader.read(root) if index is None else open_index(reader, root, index).items())
        clips = [item for item in items if isinstance(item, SourceClip)]
        names = split.assign(clips) if split else [clip.split or "all" for clip in clips]
    except DatasetError as error:
        raise BenchError(str(error)) from error
    found = [(name, clip) for name, clip in zip(names, clips, strict=True) if name is not None]
    rejected = [item for item in items if isinstance(item, Rejected)]
    if split is not None:
        rejected += not_here(split, clips)
    return found, rejected


def standardize(
    clips: Sequence[SourceClip], rejected: Sequence[Rejected], dataset: str, split: str, root: Path,
    params: Params, workspace: Workspace,
) -> None:  # fmt: skip
    """Make the standard form of these clips where it is missing, then write the tables."""
    folder = workspace.clips(dataset, split)
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "prepared.jsonl", key="clip")
    video = params.video
    jobs: list[_Job] = []
    for clip in clips:
        source = [_fingerprint(path) for path in (clip.video, clip.audio) if path]
        recipe = digest([RECIPE_VERSION, video.model_dump(), source, clip.start, clip.end])
        if not _done(journal, clip.clip, recipe, folder):
            jobs.append(
                _Job(clip, dataset, split, folder, video.size, video.fps, video.crop, video.max_seconds, recipe)
            )
    with bar(f"prepare {dataset}/{split}", len(jobs)) as step:
        for _, entry in run(_prepare_one, jobs, params.worker_count()):
            journal.add(entry)
            step()
    entries = [journal.entries[clip.clip] for clip in clips]
    sources = {clip.clip: clip for clip in clips}
    rows = []
    for entry in entries:
        if entry["status"] == "ok":
            row = entry["row"]
            row["video"] = workspace.relative(folder / row["video"])
            row["audio"] = workspace.relative(folder / row["audio"]) if row["audio"] else None
            truth = sources[entry["clip"]].truth
            row["truth"] = str(truth) if truth else None
            rows.append({**row, "dataset": dataset, "split": split})
    turned_away = [
        {"dataset": dataset, "split": split, "source": item.source, "reason": item.reason, "detail": item.detail}
        for item in rejected
    ] + [
        {"dataset": dataset, "split": split, "source": _short(sources[entry["clip"]].video, root),
         "reason": entry["status"], "detail": entry["detail"]}
        for entry in entries if entry["status"] != "ok"
    ]  # fmt: skip
    write_table(workspace.clips_table(dataset, split), rows, CLIP_COLUMNS)
    write_table(workspace.rejected_table(dataset, split), turned_away, REJECTED_COLUMNS)
    if not rows:
        first = turned_away[0] if turned_away else {"source": root, "detail": "nothing was found"}
        raise BenchError(
            f"dataset {dataset!r}, split {split!r}: no usable clip; first: {first['source']}: {first['detail']}"
        )


def _done(journal: Journal, clip: str, recipe: str, folder: Path) -> bool:
    entry = journal.entries.get(clip)
    if entry is None or entry["recipe"] != recipe:
        return False
    return entry["status"] != "ok" or (folder / entry["row"]["video"]).is_file()


def _fingerprint(path: Path) -> list[Any]:
    # Size and time instead of the content: hashing a whole dataset before each run would cost more than preparing it.
    try:
        stat = path.stat()
    except OSError:
        return [path.name, "missing"]
    return [path.name, stat.st_size, stat.st_mtime_ns]


def _short(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) and path != root else path.name


def _prepare_one(job: _Job) -> dict[str, Any]:
    """Standardize one clip; what goes wrong with its media is its own rejected row."""
    entry: dict[str, Any] = {"clip": job.clip.clip, "recipe": job.recipe, "status": "ok", "detail": ""}
    try:
        entry["row"] = _standard_clip(job)
    except MediaError as error:
        if error.reason == "write_error":
            raise BenchError(f"{error.path}: {error.detail}") from error
        entry.update(status=error.reason, detail=error.detail)
    except _Unusable as error:
        entry.update(status=error.reason, detail=error.detail)
    return entry


class _Unusable(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _standard_clip(job: _Job) -> dict[str, Any]:
    from metrics.features.face_mesh import candidates
    from metrics.features.speaker import choose_speaker

    clip = job.clip
    end = min(clip.end if clip.end is not None else np.inf, clip.start + job.max_seconds)
    try:
        audio = read_audio(clip.audio or clip.video, AUDIO_RATE)
    except MediaError as error:
        if error.reason != "no_audio":
            raise
        audio = None
    tracks = candidates(cut_frames(clip.video, job.fps, clip.start, end), job.fps)
    tracks = [track for track in tracks if track.present.mean() >= MIN_PRESENT]
    if not tracks:
        raise _Unusable("no_face", f"no face in at least {MIN_PRESENT:.0%} of the frames")
    frames = len(tracks[0])
    if frames < MIN_SECONDS * job.fps:
        raise _Unusable("too_short", f"{frames} frames at {job.fps:g} fps; at least {MIN_SECONDS:g} s are needed")
    sound = None if audio is None else as_stored(cut_audio(audio, AUDIO_RATE, clip.start, frames, job.fps))
    track = tracks[choose_speaker(tracks, sound, AUDIO_RATE)]
    points = track.landmarks[:, :, :2]
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    crop = face_crop_box(boxes, track.width, track.height, job.crop)
    video_path, audio_path = job.folder / f"{clip.clip}.mp4", job.folder / f"{clip.clip}.wav"
    frames_out = standard_frames(clip.video, crop, job.size, job.fps, clip.start, end)
    written = write_video(video_path, frames_out, job.fps, sound, AUDIO_RATE)
    if sound is not None:
        write_audio(audio_path, sound, AUDIO_RATE)
    pictures, heard = content_hashes(video_path)
    return {
        "clip": clip.clip, "speaker": clip.speaker, "emotion": clip.emotion, "level": clip.level,
        "video": video_path.name, "audio": audio_path.name if sound is not None else None, "frames": written,
        "fps": job.fps, "seconds": written / job.fps, "sha256": sha256_file(video_path), "pictures": pictures, "sound": heard, "crop": str(crop),
    }  # fmt: skip
