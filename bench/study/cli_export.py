"""``space-bench study export`` and ``erase``: answers out of the server's database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.errors import BenchError
from bench.progress import console, out
from bench.store import write_bytes
from bench.study.cli_serve import DatabaseOption, open_storage
from bench.study.opened import DATABASE, StudyArgument, StudyFolder
from reports.study.codes import rater_hash, who_is
from reports.study.records import ANSWERS, RATERS, write_answers, write_raters

if TYPE_CHECKING:
    from reports.study.server.storage import Storage

RaterOption = Annotated[str, typer.Option("--rater", help="only this rater: the id of raters.csv")]
RecruitedOption = Annotated[
    str, typer.Option("--recruiting-id", help="only this rater: the id at Prolific, MTurk, ...")
]


def export(
    study: StudyArgument, database: DatabaseOption = "", rater: RaterOption = "", recruiting_id: RecruitedOption = "",
    to: Annotated[Path | None, typer.Option("--to", help="folder to write into; none: the study's, or STUDY/rater-ID for one rater")] = None,
) -> None:  # fmt: skip
    """Write answers.csv and raters.csv, of everybody or of one rater; while the server runs, too."""
    folder = StudyFolder.open(study)
    storage = _existing(folder, database)
    one = _one(folder, rater, recruiting_id)
    mark = storage.fingerprint()
    answers, raters = storage.answers(one), storage.raters(one)
    storage.close()
    if one is not None and not raters:
        raise BenchError(f"rater {one} is not in the database")
    if mark and mark != folder.fingerprint:
        console.print(
            f"study.yaml was edited after these answers came in (fingerprint {folder.fingerprint[:12]}, answers to "
            f"{mark[:12]}): `analyse` needs the file as it was", highlight=False, soft_wrap=True,
        )  # fmt: skip
    target = to or (folder.path if one is None else folder.path / f"rater-{one}")
    write_bytes(target / ANSWERS, write_answers(answers))
    write_bytes(target / RATERS, write_raters(raters))
    out.print(f"{len(answers)} answers of {len(raters)} raters: {target}", soft_wrap=True, highlight=False)


def erase(
    study: StudyArgument, database: DatabaseOption = "", rater: RaterOption = "", recruiting_id: RecruitedOption = "",
) -> None:  # fmt: skip
    """Erase one rater's answers from the database. What was exported before must be exported again."""
    folder = StudyFolder.open(study)
    one = _one(folder, rater, recruiting_id)
    if one is None:
        raise BenchError("name one rater, by --rater or --recruiting-id")
    storage = _existing(folder, database)
    count = storage.erase(one)
    storage.close()
    if count is None:
        raise BenchError(f"rater {one} is not in the database; nothing was erased")
    out.print(f"{count} answers of rater {one} are erased", highlight=False)
    if (folder.path / ANSWERS).exists():
        out.print(f"{folder.path / ANSWERS} may still hold them: run `space-bench study export` again", soft_wrap=True)


def _existing(folder: StudyFolder, database: str) -> Storage:
    if not database and not (folder.path / DATABASE).is_file():
        raise BenchError(f"{folder.path / DATABASE} is missing: `space-bench study serve` makes it, or name --database")
    return open_storage(folder, database)


def _one(folder: StudyFolder, rater: str, recruited: str) -> str | None:
    if rater and recruited:
        raise BenchError("name the rater by --rater or by --recruiting-id, not by both")
    if recruited:
        return rater_hash(folder.salt, who_is(folder.fingerprint, recruited))
    return rater or None
