"""The command line. Each command is thin: it reads the parameters and calls one step."""

from __future__ import annotations

import errno
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from bench import __version__, cli_compare, cli_datasets, cli_metrics, cli_models, cli_space, cli_study, cli_table
from bench.engine.setting import LOCAL
from bench.errors import BenchError
from bench.interruption import interruptible
from bench.progress import console, out

app = typer.Typer(
    name="space-bench",
    help="Evaluate speech-driven portrait animation.\n\nShortest way in: [bold]space-bench evaluate VIDEOS --reference REAL_VIDEOS[/bold]",
    no_args_is_help=True, rich_markup_mode="rich", add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip
assets_app = typer.Typer(
    help="Files that the suite needs but does not contain: fetch, list, check.", no_args_is_help=True
)
app.add_typer(assets_app, name="assets")
app.add_typer(cli_datasets.app, name="datasets")
app.add_typer(cli_metrics.app, name="metrics")
app.add_typer(cli_models.app, name="models")
app.add_typer(cli_study.app, name="study")
app.command()(cli_space.animate)
app.command()(cli_space.train)
app.command()(cli_table.table)
for command in (cli_compare.compare, cli_compare.record, cli_compare.history):
    app.command(cls=cli_compare.Command)(command)

ParamsOption = Annotated[Path, typer.Option("--params", help="parameter file")]
OutOption = Annotated[Path, typer.Option("--out", help="folder of all results")]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", help="where work runs: local, tcp://host:port of a Dask scheduler, its file, or slurm"),
]
INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""
REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})
"""What a file system says to whoever may not write there. Other faults of files are ours, and keep their traceback."""
PARAMS = Path("params.yaml")
OUT = Path("out")


def main() -> None:
    """Entry point: errors of the user's become one line on stderr and exit code 2."""
    try:
        with interruptible(signal.SIGINT):
            app()
    except BenchError as error:
        # A path may hold square brackets, which are markup to the console.
        console.print(f"[bold red]error:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True, markup=True)
        sys.exit(2)
    except OSError as error:
        if error.errno not in REFUSED or error.filename is None:
            raise
        said = f"{error.filename}: {error.strerror}. Is the disk full or read-only, or is it somebody else's?"
        console.print(f"[bold red]error:[/bold red] {escape(said)}", highlight=False, soft_wrap=True, markup=True)
        sys.exit(2)
    except SystemExit as ended:
        # The command line's library ends so, and says nothing, when it is interrupted.
        if ended.code == INTERRUPTED:
            console.print("interrupted", highlight=False)
        raise


def _version(value: bool) -> None:
    if value:
        out.print(f"space-bench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Evaluate speech-driven portrait animation."""


@app.command()
def evaluate(
    generated: Annotated[Path, typer.Argument(help="a generated video, or a folder of them")],
    reference: Annotated[Path | None, typer.Option(help="the real video, or a folder with the same file names")] = None,
    metrics: Annotated[list[str] | None, typer.Option("--metric", help="only this metric (may be repeated)")] = None,
    report: Annotated[Path, typer.Option(help="folder for the report and tables")] = Path("space-bench-report"),
    fps: Annotated[float, typer.Option(help="frame rate at which videos are compared")] = 25.0,
    workers: Annotated[int, typer.Option(min=0, help="processes; 0 means one a core")] = 0,
    engine: EngineOption = None,
) -> None:
    """Score videos as they are: any size, codec and frame rate. Prints a table and writes a report."""
    from bench.evaluation import evaluate as run
    from bench.tables import print_results

    where = LOCAL if engine is None else engine
    result = run(generated, reference, metrics=metrics or [], report=report, fps=fps, workers=workers, engine=where)
    print_results(result)
    out.print(f"\nReport: {(report / 'report' / 'index.html').resolve()}", soft_wrap=True)
    if result.nothing_scored:
        raise BenchError("no video could be scored; the reasons stand above and in the report")


@app.command()
def doctor() -> None:
    """What is installed, which assets and weights are here, and which metrics and models can therefore run."""
    from bench.doctor import examine

    for table in examine():
        out.print(table)


@assets_app.command("pull")
def assets_pull(
    names: Annotated[list[str] | None, typer.Argument(help="asset names; none means all that can be fetched")] = None,
    allow_url: Annotated[
        bool, typer.Option("--allow-url", help="also fetch what is marked manual, after reading its licence")
    ] = False,
    record: Annotated[Path | None, typer.Option(help="write names and sha256 to this JSON file")] = None,
) -> None:
    """Fetch assets into the cache (about 200 MB for all) and check them."""
    from bench.assets import open_store

    store = open_store()
    wanted = names or store.fetchable()
    from bench.progress import bar

    with bar("assets", len(wanted)) as step:
        store.pull(wanted, progress=lambda name: step(), allow_url=allow_url)
    if record is not None:
        from bench.store import sha256_file, write_json

        write_json(record, {name: sha256_file(store.path(name)) for name in wanted})
    out.print(f"{len(wanted)} assets are here and verified")


@assets_app.command("list")
def assets_list() -> None:
    """Every asset: what it is for, size, licence, and whether it is here."""
    from bench.assets import open_store
    from bench.doctor import assets_table

    out.print(assets_table(open_store()))


@assets_app.command("verify")
def assets_verify() -> None:
    """Check the sha256 of every asset that is here."""
    from bench.assets import open_store

    problems = open_store().verify()
    for problem in problems:
        out.print(problem)
    if problems:
        raise BenchError(f"{len(problems)} assets are damaged; `space-bench assets pull` brings them again")
    out.print("all assets that are here are sound")


@app.command()
def puppet(
    params: ParamsOption = PARAMS, results: OutOption = OUT,
    scale: Annotated[int | None, typer.Option(help="multiplies the number of clips (default: params.yaml)")] = None,
    split: Annotated[list[str] | None, typer.Option(help="make this split only: train or test")] = None,
) -> None:  # fmt: skip
    """Make the synthetic dataset, whose landmarks, pose, phonemes and emotions are known."""
    from bench.puppet import make_puppet

    run = _Run(params, results)
    for name in split or []:
        if name not in ("train", "test"):
            raise BenchError(f"unknown split {name!r}: puppet has train and test")
    make_puppet(run.params, run.workspace, run.assets, scale, split or ("train", "test"))


@app.command()
def prepare(
    dataset: Annotated[list[str] | None, typer.Argument(help="datasets; none means all of the parameter file")] = None,
    params: ParamsOption = PARAMS, results: OutOption = OUT, engine: EngineOption = None,
) -> None:  # fmt: skip
    """Raw datasets -> standard clips and cases."""
    from bench.cases import make_cases
    from bench.prepare import prepare as step
    from bench.tables_quality import print_quality

    run = _Run(params, results, engine)
    names = dataset or sorted({item.dataset for item in run.params.case_sets()})
    for name in names:
        run.need_dataset(name)
        splits = step(run.params, run.workspace, run.assets, name)
        for cases in run.params.case_sets():
            if cases.dataset == name:
                make_cases(cases, run.workspace)
        print_quality(run.workspace, name, splits, each=False)


CasesOption = Annotated[
    list[str] | None, typer.Option("--cases", help="case set dataset/split/protocol; none means all")
]
ModelOption = Annotated[
    list[str] | None, typer.Option("--model", help="model name; none means all of the parameter file")
]


@app.command()
def generate(
    cases: CasesOption = None, model: ModelOption = None, params: ParamsOption = PARAMS, results: OutOption = OUT,
    engine: EngineOption = None,
) -> None:  # fmt: skip
    """Run models over cases; does only what is missing."""
    from bench.generate import generate as step

    run = _Run(params, results, engine)
    for made in step(run.params, run.workspace, run.chosen_sets(cases), model or run.params.models):
        failed = made.table[made.table["status"] != "ok"]
        note = f", {len(failed)} failed: {failed['detail'].iloc[0]}" if len(failed) else ""
        count = len(made.table) - len(failed)
        console.print(f"{made.cases} {made.model}: {count} videos{note}", highlight=False, markup=False)


@app.command()
def score(
    cases: CasesOption = None, params: ParamsOption = PARAMS, results: OutOption = OUT, engine: EngineOption = None
) -> None:
    """Measure and score the generated videos; does only what is missing."""
    from bench.score import score as step

    run = _Run(params, results, engine)
    step(run.params, run.workspace, run.assets, run.chosen_sets(cases))


@app.command()
def report(params: ParamsOption = PARAMS, results: OutOption = OUT) -> None:
    """Tables, figures and the report page from the scores."""
    from bench.report import write_report

    run = _Run(params, results)
    page = write_report(run.params, run.workspace, run.assets, run.params.case_sets(), run.params.models)
    out.print(f"Report: {page.resolve()}", soft_wrap=True)


@app.command()
def validity(
    params: ParamsOption = PARAMS,
    results: OutOption = OUT,
    page: Annotated[
        Path | None, typer.Option(help="page to write (default: docs/validity.md; quick: validity/quick.md in --out)")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="few clips and levels of damage: a first look")] = False,
) -> None:
    """Compare what is measured with what is known, spoil clips in known ways, and write the page of figures."""
    from bench.validity import FULL, QUICK, write_validity

    run = _Run(params, results)
    page = page or (results / "validity" / "quick.md" if quick else Path("docs/validity.md"))
    write_validity(run.params, run.workspace, run.assets, page, QUICK if quick else FULL)
    out.print(f"wrote {page}")


@app.command(hidden=True)
def canonical() -> None:
    """Derive the canonical face of the pose fit again from the shipped portraits, and write it into the package."""
    from bench.assets import open_store
    from bench.canonical import rebuild

    out.print(f"wrote {rebuild(open_store())}")


class _Run:
    """The opened parameters, workspace and assets of one command."""

    def __init__(self, params: Path, results: Path, engine: str | None = None) -> None:
        from bench.assets import open_store
        from bench.config import load
        from bench.workspace import Workspace

        self.params = load(params) if engine is None else load(params).model_copy(update={"engine": engine})
        self.workspace = Workspace(results)
        self.assets = open_store()

    def need_dataset(self, name: str) -> None:
        from bench.errors import unknown

        if name not in self.params.datasets:
            raise unknown("dataset", name, self.params.datasets)

    def chosen_sets(self, names: list[str] | None) -> list[Any]:
        from bench.config import CaseSet
        from bench.errors import unknown

        for name in names or []:
            if name not in self.params.cases:
                raise unknown("case set", name, self.params.cases)
        return [CaseSet.parse(name) for name in names] if names else self.params.case_sets()
