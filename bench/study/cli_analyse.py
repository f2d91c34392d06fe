"""``space-bench study analyse``: what the answers of a study say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.progress import console, out


def analyse(
    folder: Annotated[Path, typer.Argument(help="folder of the study: study.yaml, answers.csv, raters.csv")],
    seed: Annotated[int, typer.Option(help="of the resampling", min=0)] = 0,
    results: Annotated[Path, typer.Option("--out", help="folder of all results, whose scores are joined")] = Path(
        "out"
    ),
) -> None:
    """Who is preferred, how sure that is, and which metrics agree: tables, figures, a page and a sentence in STUDY/analysis."""
    from bench.study.analyse import analyse_study
    from bench.study.shown import preference_rows
    from reports.study.analysis.sentence import sentence

    found = analyse_study(folder, results, seed)
    for remark in found.remarks:
        console.print(remark, highlight=False, markup=False, soft_wrap=True)
    out.print(preference_rows(found))
    out.print(sentence(found), highlight=False, markup=False, soft_wrap=True)
    out.print(f"Page: {(folder / 'analysis' / 'index.html').resolve()}", highlight=False, markup=False, soft_wrap=True)
