"""The commands about datasets: ``datasets``, and ``show``, ``split`` and ``quality`` below it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.progress import out

app = typer.Typer(help="Dataset layouts that can be read, and what a copy of one holds.", invoke_without_command=True)
ParamsOption = Annotated[Path, typer.Option("--params", help="parameter file")]
PARAMS = Path("params.yaml")


@app.callback()
def datasets(context: typer.Context, params: ParamsOption = PARAMS) -> None:
    """Dataset layouts that can be read, and the datasets that the parameter file names."""
    if context.invoked_subcommand is None:
        from bench.doctor import datasets_table

        out.print(datasets_table(params))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="a dataset of the parameter file, or a reader together with --root")],
    root: Annotated[Path | None, typer.Option(help="folder of the dataset; the parameter file's by default")] = None,
    splits: Annotated[
        str | None, typer.Option(help="split to count by, e.g. mead/eat; the parameter file's by default")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="read every file to its end, not a sample's first frames")
    ] = False,
    params: ParamsOption = PARAMS,
    results: Annotated[Path, typer.Option("--out", help="folder of all results")] = Path("out"),
) -> None:
    """Count the clips of a dataset by speaker, emotion, level and split, and say what to fix in this copy of it."""
    from bench.inspect_datasets import inspect
    from bench.tables_datasets import print_inspection
    from bench.workspace import Workspace

    print_inspection(inspect(name, root, splits, deep, params, Workspace(results)))


@app.command()
def split(
    name: Annotated[str, typer.Argument(help="a dataset of the parameter file, or a reader together with --root")],
    splits: Annotated[str, typer.Argument(help="the split, e.g. voxceleb2/test-500-seed0")],
    to: Annotated[Path, typer.Argument(help="the YAML file to write")],
    root: Annotated[Path | None, typer.Option(help="folder of the dataset; the parameter file's by default")] = None,
    listed: Annotated[
        Path | None, typer.Option("--list", help="draw from this list of VoxCeleb2 utterances instead of a copy")
    ] = None,
    params: ParamsOption = PARAMS,
    results: Annotated[Path, typer.Option("--out", help="folder of all results")] = Path("out"),
) -> None:
    """Write a split out, clip by clip: a file to publish, which names the same clips wherever it is used."""
    from bench.tables_datasets import print_written
    from bench.workspace import Workspace
    from bench.write_split import write_split

    print_written(write_split(name, root, listed, splits, to, params, Workspace(results)))


@app.command()
def quality(
    name: Annotated[str, typer.Argument(help="a dataset that was prepared")],
    split: Annotated[list[str] | None, typer.Option("--split", help="only this split (may be repeated)")] = None,
    results: Annotated[Path, typer.Option("--out", help="folder of all results")] = Path("out"),
) -> None:
    """Show again what `prepare` found: size, sharpness and sound of the clips, and which to look at."""
    from bench.errors import unknown
    from bench.tables_quality import prepared_splits, print_quality
    from bench.workspace import Workspace

    workspace = Workspace(results)
    known = prepared_splits(workspace, name)
    for asked in split or []:
        if asked not in known:
            raise unknown("prepared split", asked, known)
    print_quality(workspace, name, split or known, each=True)
