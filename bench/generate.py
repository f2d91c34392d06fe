"""generate: every case of a case set through one model. Keeps what is done, does what is missing."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.config import AUDIO_RATE, CaseSet, Params
from bench.content import content_hashes
from bench.errors import BenchError
from bench.models import registry
from bench.models.base import Animation, Case, Context, Model, ModelError, Options
from bench.parallel import run
from bench.progress import bar
from bench.store import GENERATED_COLUMNS, Journal, digest, read_table, records, replacing, sha256_file, write_table
from bench.workspace import Workspace
from datasets.media import MediaError, read_audio, replace_sound, write_video


@dataclass(frozen=True)
class _Job:
    name: str
    options_json: str
    context: _Context
    row: dict[str, Any]
    target: Path
    recipe: str
    seed: int


@dataclass(frozen=True)
class _Context:
    """A `Context` that can be hashed, so that each worker makes its model once."""

    device: str
    sounds: tuple[tuple[str, Path], ...]
    speakers: tuple[tuple[str, str], ...]
    cases: str

    def open(self) -> Context:
        return Context(self.device, dict(self.sounds), dict(self.speakers), self.cases)


def generate(params: Params, workspace: Workspace, cases: CaseSet, model: str) -> pd.DataFrame:
    """Make the missing videos of one model and write ``generated.parquet``; one row a case, failures included."""
    table = read_table(workspace.cases_table(cases), "space-bench prepare")
    clips = read_table(workspace.clips_table(cases.dataset, cases.split), "space-bench prepare").set_index("clip")
    options = params.options.get(model, {})
    context = _Context(
        params.device,
        tuple((row.case, workspace.resolve(row.audio)) for row in records(table) if pd.notna(row.audio)),
        tuple(zip(table["case"], table["speaker"], strict=True)),
        str(cases),
    )
    made = registry.make(model, options, context.open())
    folder = workspace.videos(cases, model)
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "generated.jsonl", key="case")
    jobs: list[_Job] = []
    for case in records(table):
        row = _case_row(case, clips.loc[case.clip], workspace)
        recipe = digest([model, made.version, params.seed, row["digest"], _content(made, case.case)])
        target = folder / f"{case.case}.mp4"
        if not _done(journal, case.case, recipe, target):
            jobs.append(_Job(model, _json(options), context, row, target, recipe, params.seed))
    with bar(f"generate {model}", len(jobs)) as step:
        light = registry.entry(model, options).light
        for _, entry in run(_generate_one, jobs, params.worker_count(), threads=light):
            journal.add(entry)
            step()
    rows = []
    for name in table["case"]:
        entry = dict(journal.entries[name])
        entry["video"] = workspace.relative(folder / f"{name}.mp4") if entry["status"] == "ok" else None
        rows.append({**entry, "model": model, "version": made.version})
    write_table(folder / "generated.parquet", rows, GENERATED_COLUMNS)
    return read_table(folder / "generated.parquet", "space-bench generate")


def _content(model: Model, case: str) -> str:
    content = getattr(model, "content", None)
    return content(case) if content else ""


def _done(journal: Journal, case: str, recipe: str, target: Path) -> bool:
    entry = journal.entries.get(case)
    if entry is None or entry["recipe"] != recipe:
        return False
    # A failure is tried again: its cause (a missing file, say) may be gone, and saying so costs little.
    return entry["status"] == "ok" and target.is_file()


def _case_row(case: Any, clip: Any, workspace: Workspace) -> dict[str, Any]:
    portrait = workspace.resolve(case.portrait)
    row = {
        "case": case.case, "protocol": case.protocol, "fps": float(clip["fps"]), "frames": int(clip["frames"]),
        "emotion": None if pd.isna(case.emotion) else case.emotion,
        "intensity": None if pd.isna(case.intensity) else float(case.intensity),
    }  # fmt: skip
    row["digest"] = digest([row, clip["sha256"], sha256_file(portrait), pd.notna(case.audio), pd.notna(case.pose)])
    return row | {
        "portrait": portrait,
        "audio": None if pd.isna(case.audio) else workspace.resolve(case.audio),
        "pose": None if pd.isna(case.pose) else workspace.resolve(case.pose),
        "clip_video": workspace.resolve(clip["video"]),
    }


def _json(options: Options) -> str:
    return json.dumps(options, sort_keys=True)


@lru_cache(maxsize=2)
def _model(name: str, options_json: str, context: _Context) -> Model:
    return registry.make(name, json.loads(options_json), context.open())


def load_case(row: dict[str, Any]) -> Case:
    """Read the inputs of a case from its row."""
    from PIL import Image

    portrait = np.asarray(Image.open(row["portrait"]).convert("RGB"))
    samples = round(row["frames"] / row["fps"] * AUDIO_RATE)
    audio = np.zeros(samples, np.float32)
    if row["audio"] is not None:
        sound = read_audio(row["audio"], AUDIO_RATE)[:samples]
        audio[: len(sound)] = sound
    return Case(
        row["case"], row["protocol"], portrait, audio, row["audio"] is None, row["fps"], row["frames"], row["pose"],
        row["emotion"], row["intensity"], row["clip_video"],
    )  # fmt: skip


def _generate_one(job: _Job) -> dict[str, Any]:
    """One case. What the model or its media cannot do is a failure row; a full disk ends the run."""
    entry: dict[str, Any] = {
        "case": job.row["case"],
        "recipe": job.recipe,
        "status": "ok",
        "detail": "",
        "sha256": None,
        "pictures": None,
        "sound": None,
    }
    start = time.perf_counter()
    try:
        case = load_case(job.row)
        _write(_model(job.name, job.options_json, job.context).animate(case, job.seed), case, job.target)
        entry["sha256"] = sha256_file(job.target)
        entry["pictures"], entry["sound"] = content_hashes(job.target)
    except ModelError as error:
        entry.update(status=error.status, detail=error.detail)
    except MediaError as error:
        if error.reason == "write_error":
            raise BenchError(f"{error.path}: {error.detail}") from error
        entry.update(status=error.reason, detail=f"{error.path.name}: {error.detail}")
    except BenchError:
        raise
    except Exception as error:
        # A model is foreign code: whatever it throws is this case's failure, named, and not the end of the run.
        entry.update(status="not_generated", detail=f"{type(error).__name__}: {error}")
    if entry["status"] != "ok":
        job.target.unlink(missing_ok=True)
    entry["seconds"] = round(time.perf_counter() - start, 3)
    return entry


def _write(animation: Animation, case: Case, target: Path) -> None:
    if animation.file is not None:
        if not animation.file.is_file():
            raise ModelError("not_generated", f"{animation.file.name} is not a file")
        if animation.sound_of_its_own:
            replace_sound(animation.file, target, animation.audio, AUDIO_RATE)
            return
        with replacing(target) as temporary:
            shutil.copyfile(animation.file, temporary)
        return
    if animation.frames is None:
        raise ModelError("not_generated", "the model gave neither frames nor a file")
    write_video(target, animation.frames, case.fps, animation.audio, AUDIO_RATE, crf=animation.crf)
