"""generate: every case through every model. Keeps what is done, does what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd

from bench.case_job import Job, Surroundings, Variant, failed, options_json
from bench.case_shard import give_up, run_shard, shard_of, was_given_up
from bench.config import CaseSet, Params
from bench.engine.base import Engine
from bench.engine.connect import open_engine
from bench.models import registry
from bench.models.base import AnyModel, ManyModel, ModelError
from bench.progress import bar
from bench.store import GENERATED_COLUMNS, Journal, digest, read_table, records, sha256_file, sweep, write_table
from bench.workspace import Workspace


@dataclass(frozen=True)
class Generated:
    """What one model made of one case set: `table` has the columns of ``generated.parquet``, one row a case."""

    cases: CaseSet
    model: str
    table: pd.DataFrame


@dataclass(frozen=True)
class _Row:
    """One model over one case set: where its videos go and which of them are done."""

    cases: CaseSet
    model: str
    version: str
    folder: Path
    journal: Journal
    names: tuple[str, ...]


def generate(params: Params, workspace: Workspace, sets: Sequence[CaseSet], models: Sequence[str]) -> list[Generated]:
    """Make the missing videos and write a ``generated.parquet`` for each case set and model, failures included.

    One engine serves all models and case sets: a worker that has loaded its libraries and networks is kept. Workers write
    the videos; the journals are this process's alone.

    Raises:
        BenchError: a model cannot be made (nothing is generated then), a step before this one is missing, or the engine
            cannot work.
    """
    with open_engine(params.engine, params.workers) as engine:
        return _generate(params, workspace, sets, models, engine)


def _generate(
    params: Params, workspace: Workspace, sets: Sequence[CaseSet], models: Sequence[str], engine: Engine
) -> list[Generated]:
    kinds = {name: registry.kind(name, params.options.get(name, {})) for name in models}
    rows: list[_Row] = []
    jobs: list[Job] = []
    run = uuid4().hex
    for cases in sets:
        _plan(cases, kinds, params, workspace, run, rows, jobs)
    # Heavy work first and the longest of it in front, so that no worker is left alone with it at the end.
    light, order = {kind: registry.lookup(kind).light for kind in kinds.values()}, list(kinds.values())
    jobs.sort(key=lambda job: (light[job.kind], order.index(job.kind), -job.frames))
    journals = {row.folder: row.journal for row in rows}
    # What ended workers before is not let into this process.
    wary = any(was_given_up(row.journal.entries.get(name)) for row in rows for name in row.names)
    if jobs:
        engine.require([workspace.root], device=params.device)
    with bar("generate", sum(len(job.variants) for job in jobs)) as step:
        threads = all(light[job.kind] for job in jobs)
        for job, entry in engine.run(run_shard, map(shard_of, jobs), give_up, light=threads, wary=wary):
            journals[job.variants[0].target.parent].add(entry)
            step()
    return [_finish(row, workspace) for row in rows]


def _plan(
    cases: CaseSet,
    kinds: Mapping[str, str],
    params: Params,
    workspace: Workspace,
    run: str,
    rows: list[_Row],
    jobs: list[Job],
) -> None:
    """Add a case set's rows, and the jobs for the videos that they lack."""
    table = read_table(workspace.cases_table(cases), "space-bench prepare")
    clips = read_table(workspace.clips_table(cases.dataset, cases.split), "space-bench prepare").set_index("clip")
    place = workspace.cases_table(cases).resolve()
    surroundings = Surroundings(params.device, str(cases), workspace.root.resolve(), place, sha256_file(place), run)
    given = {case.case: _case_row(case, clips.loc[case.clip], workspace) for case in records(table)}
    missing: dict[tuple[str, str], list[Variant]] = {}
    for model, kind in kinds.items():
        options = params.options.get(model, {})
        folder = workspace.videos(cases, model).resolve()  # A worker may have another current folder.
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        journal = Journal(folder / "generated.jsonl", key="case")
        try:
            made = registry.make(model, options, surroundings.open())
        except ModelError as error:
            rows.append(_Row(cases, model, "absent", folder, journal, tuple(given)))
            for case in given:
                journal.add(failed(case, "", error))
            continue
        rows.append(_Row(cases, model, made.version, folder, journal, tuple(given)))
        lacking: list[Variant] = []
        for case, row in given.items():
            recipe = digest([model, made.version, params.seed, row["digest"], _content(made, case)])
            variant = Variant(model, options_json(options), row, folder / f"{case}.mp4", recipe)
            if not _done(journal, case, variant):
                lacking.append(variant)
        if isinstance(made, ManyModel):
            jobs += [Job(kind, tuple(part), surroundings, params.seed) for part in _parts(lacking, made.batch)]
            continue
        for variant in lacking:
            missing.setdefault((variant.case, kind), []).append(variant)
    jobs += [Job(kind, tuple(variants), surroundings, params.seed) for (_, kind), variants in missing.items()]


def _parts(variants: Sequence[Variant], size: int) -> Iterator[Sequence[Variant]]:
    return (variants[start : start + size] for start in range(0, len(variants), size))


def _content(model: AnyModel, case: str) -> str:
    content = getattr(model, "content", None)
    return content(case) if content else ""


def _done(journal: Journal, case: str, variant: Variant) -> bool:
    entry = journal.entries.get(case)
    if entry is None or entry["recipe"] != variant.recipe:
        return False
    # A failure is tried again: its cause (a missing file, say) may be gone, and saying so costs little.
    return entry["status"] == "ok" and variant.target.is_file()


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


def _finish(row: _Row, workspace: Workspace) -> Generated:
    """Write the table of a row from its journal."""
    rows = []
    for name in row.names:
        entry = dict(row.journal.entries[name])
        entry["video"] = workspace.relative(row.folder / f"{name}.mp4") if entry["status"] == "ok" else None
        rows.append({**entry, "model": row.model, "version": row.version})
    write_table(row.folder / "generated.parquet", rows, GENERATED_COLUMNS)
    return Generated(row.cases, row.model, read_table(row.folder / "generated.parquet", "space-bench generate"))
