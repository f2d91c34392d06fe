"""``space-bench table``: the table of a paper from the scores that are here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.progress import console, out

PARAMS, PUBLISHED = Path("params.yaml"), Path("published.yaml")


def table(
    preset: Annotated[str, typer.Option(help="columns and rows: space, emotion, sanity or all")] = "space",
    cases: Annotated[
        list[str] | None, typer.Option("--cases", help="only this case set, dataset/split/protocol (may be repeated)")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="only this model, rows in this order (may be repeated)")
    ] = None,
    against: Annotated[
        str, typer.Option(help="model that the others are tested against (default: the preset's own, if it has scores)")
    ] = "",
    published: Annotated[
        Path | None, typer.Option(help="file of published numbers (default: published.yaml, if it is here)")
    ] = None,
    format: Annotated[
        list[str] | None, typer.Option("--format", help="tex, md, csv or html (may be repeated); none means all")
    ] = None,
    write: Annotated[Path | None, typer.Option(help="folder for the files (default: paper/ in --out)")] = None,
    seed: Annotated[int, typer.Option(help="of the resampling")] = 0,
    params: Annotated[
        Path | None, typer.Option(help="parameter file, for options of rows (default: params.yaml, if it is here)")
    ] = None,
    results: Annotated[Path, typer.Option("--out", help="folder of all results")] = Path("out"),
) -> None:  # fmt: skip
    """Write the table of a paper: LaTeX with a document that shows it, Markdown, CSV, HTML."""
    from bench.assets import open_store
    from bench.compare.results import Results
    from bench.config import load
    from bench.paper_table.make import Wanted, make_table, write_table
    from bench.workspace import Workspace

    if params is None and PARAMS.is_file():
        params = PARAMS
    if published is None and PUBLISHED.is_file():
        published = PUBLISHED
    wanted = Wanted(preset, cases or (), model or (), against, published, seed)
    made, remarks = make_table(
        Results(str(results), Workspace(results)), wanted, load(params) if params else None, open_store()
    )
    for remark in remarks:
        console.print(remark, highlight=False, markup=False, soft_wrap=True)
    for path in write_table(made, write or results / "paper", format or ()):
        out.print(f"wrote {path}", soft_wrap=True, markup=False, highlight=False)
