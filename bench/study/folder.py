"""The folder of a study: what may be written over, and what has answers and may not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bench.errors import BenchError
from bench.study.opened import DATABASE
from reports.study.files import STUDY_FILE, StudyError, read_study
from reports.study.records import ANSWERS, RATERS
from reports.study.schema import Study, fingerprint


def has_answers(folder: Path) -> bool:
    """Whether anybody has begun to answer; a database that cannot be read counts as full."""
    for name in (ANSWERS, RATERS):
        path = folder / name
        if path.is_file() and len(path.read_bytes().strip().splitlines()) > 1:
            return True
    database = folder / DATABASE
    if not database.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"file:{database.resolve()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM raters)").fetchone()[0])
    except sqlite3.Error:
        return True


def make_room(folder: Path, force: bool) -> Path | None:
    """See to it that a study can be written into `folder`.

    Returns:
        Where the study went that had answers, if there was one and `force` is set.

    Raises:
        BenchError: it has answers, and `force` is not set.
    """
    if not has_answers(folder):
        return None
    if not force:
        raise BenchError(
            f"{folder} holds a study that people have answered, and a new design would not fit their answers. Take another "
            "--name, or --force: it moves the old study beside the new one."
        )
    mark = _mark(folder)
    names = [f"{folder.name}.{mark}", *(f"{folder.name}.{mark}.{number}" for number in range(2, 1000))]
    kept = next(folder.with_name(name) for name in names if not folder.with_name(name).exists())
    try:
        folder.rename(kept)
    except OSError as error:
        raise BenchError(f"cannot move {folder} to {kept}: {error.strerror}. Nothing was changed.") from error
    return kept


def keep_other(folder: Path, study: Study) -> Path | None:
    """Set the study file aside that says something else than `study`: answers to it may be on their way from elsewhere.

    (A page on another host, a database that only its server knows.)

    Returns:
        Where it is now, or None where there was none.
    """
    path = folder / STUDY_FILE
    if not path.is_file() or (mark := _mark(folder)) == fingerprint(study)[:8]:
        return None
    kept = path.with_name(f"study.{mark}.yaml")
    try:
        path.replace(kept)
    except OSError as error:
        raise BenchError(f"cannot move {path} to {kept}: {error.strerror}") from error
    return kept


def _mark(folder: Path) -> str:
    try:
        return fingerprint(read_study(folder))[:8]
    except StudyError:
        return "unreadable"
