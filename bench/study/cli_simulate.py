"""``space-bench study simulate``: invented raters answer a study, so that its design can be tried before it costs money."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.options import named_number
from bench.progress import out
from bench.store import write_bytes


def simulate(
    folder: Annotated[Path, typer.Argument(help="folder of the study: study.yaml")],
    to: Annotated[Path, typer.Argument(help="folder to write study.yaml, answers.csv and raters.csv into")],
    strength: Annotated[
        list[str] | None, typer.Option(help="MODEL=LOG-STRENGTH, e.g. space=0.7 (may be repeated); 0 where not given")
    ] = None,
    raters: Annotated[int | None, typer.Option(help="how many (default: as planned in the study file)")] = None,
    ties: Annotated[float, typer.Option(help="share of ties between equals, where they are offered")] = 0.2,
    position: Annotated[float, typer.Option(help="log-odds of left over right between equals")] = 0.0,
    lapse: Annotated[float, typer.Option(help="share of answers given at random")] = 0.02,
    rater_sd: Annotated[float, typer.Option(help="how far strengths differ between raters")] = 0.4,
    clip_sd: Annotated[float, typer.Option(help="how far strengths differ between clips")] = 0.4,
    careless: Annotated[float, typer.Option(help="share of raters who do not look")] = 0.0,
    unfinished: Annotated[float, typer.Option(help="share of raters who stop somewhere")] = 0.0,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Let raters with known preferences answer a study; `study analyse` then shows what such a study would tell."""
    from reports.study.files import STUDY_FILE, StudyError, read_study, study_text
    from reports.study.records import ANSWERS, RATERS, write_answers, write_raters
    from reports.study.simulate import People
    from reports.study.simulate import simulate as run

    if to.resolve() == folder.resolve():
        raise BenchError(f"{to} is the study itself, where real answers belong: name another folder for invented ones")
    try:
        study = read_study(folder)
        strengths = dict(
            named_number("--strength", word, "MODEL=LOG-STRENGTH, e.g. space=0.7") for word in strength or []
        )
        people = People(strengths, ties, position, lapse, rater_sd, clip_sd, careless, unfinished)
        made = run(study, people, study.raters if raters is None else raters, seed)
    except StudyError as error:
        raise BenchError(str(error)) from error
    write_bytes(to / STUDY_FILE, study_text(study).encode())
    write_bytes(to / ANSWERS, write_answers(made.answers))
    write_bytes(to / RATERS, write_raters(made.raters))
    out.print(
        f"{len(made.raters)} raters ({len(made.careless)} careless) gave {len(made.answers)} answers: {to}", highlight=False,
        markup=False, soft_wrap=True,
    )  # fmt: skip
