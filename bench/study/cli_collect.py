"""``space-bench study collect``: codes and posted lines into tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.progress import console, out
from bench.store import write_bytes
from bench.study.opened import StudyArgument, StudyFolder
from reports.study.records import ANSWERS, RATERS, write_answers, write_raters

SHOWN = 10


def collect(
    study: StudyArgument,
    files: Annotated[list[Path], typer.Argument(help="text, JSON lines or CSV files with the codes that came back")],
) -> None:
    """Write answers.csv and raters.csv from what raters of the static page gave back; counts what it refuses."""
    from reports.study.collecting import collect as run

    folder = StudyFolder.open(study)
    found = run(folder.study, folder.salt, _lines(files))
    for cause, place, reason in found.refused[:SHOWN]:
        console.print(f"{cause}: {place}: {reason}", highlight=False, soft_wrap=True, markup=False)
    if len(found.refused) > SHOWN:
        console.print(f"... and {len(found.refused) - SHOWN} more", highlight=False)
    counts = ", ".join(f"{count} {cause}" for cause, count in sorted(found.counts().items())) or "nothing"
    if not found.raters:
        raise BenchError(f"no code of this study was found (refused: {counts}); answers.csv is left as it was")
    write_bytes(folder.path / ANSWERS, write_answers(found.answers))
    write_bytes(folder.path / RATERS, write_raters(found.raters))
    out.print(
        f"{len(found.answers)} answers of {len(found.raters)} raters: {folder.path}", soft_wrap=True, highlight=False
    )
    out.print(f"came again: {found.repeated}; refused: {counts}", highlight=False)


def _lines(files: list[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        try:
            with file.open(encoding="utf-8-sig", errors="replace") as stream:
                for number, line in enumerate(stream, 1):
                    yield f"{file}:{number}", line
        except OSError as error:
            raise BenchError(f"cannot read {file}: {error.strerror}") from error
