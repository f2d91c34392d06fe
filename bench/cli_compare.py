"""``space-bench compare``, ``record`` and ``history``: is this version better than that one, and how did it go?

Exit codes of these commands: 0 fine, 1 regressed, 2 cannot tell, 3 usage.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from typer.core import TyperCommand

from bench.errors import BenchError
from bench.options import named_number
from bench.progress import console, out

if TYPE_CHECKING:
    from reports.compare import Comparison

REGRESSED, CANNOT_TELL, USAGE = 1, 2, 3
WrongUsage: Any = typer.BadParameter.__base__
"""Of every mistake in the words of a command; typer carries its own copy of click and does not name it."""
FailOn = Literal["worse", "unclear"]

ResultsOption = Annotated[Path, typer.Option("--out", help="folder of the present results")]
HistoryOption = Annotated[Path, typer.Option("--history", help="folder of recorded results")]
MetricOption = Annotated[list[str] | None, typer.Option("--metric", help="only this metric (may be repeated)")]
CasesOption = Annotated[
    list[str] | None, typer.Option("--cases", help="only this case set, dataset/split/protocol (may be repeated)")
]
ModelOption = Annotated[list[str] | None, typer.Option("--model", help="only this model (may be repeated)")]
OUT, HISTORY = Path("out"), Path("history")


class Command(TyperCommand):
    """A command whose wrong options end with `USAGE`: 2 means something else here."""

    def make_context(self, *words: Any, **more: Any) -> Any:
        try:
            return super().make_context(*words, **more)
        except WrongUsage as error:
            error.exit_code = USAGE
            raise


def compare(
    base: Annotated[str, typer.Argument(help="git revision, DVC experiment, folder of results, model, model@version or record")],
    head: Annotated[str, typer.Argument(help="the same; none means the present results")] = "",
    metric: MetricOption = None, cases: CasesOption = None, model: ModelOption = None,
    margin: Annotated[
        list[str] | None, typer.Option(help="METRIC=VALUE: a difference that does not matter, instead of the noise floor")
    ] = None,
    repeat: Annotated[
        list[str] | None, typer.Option(help="results of BASE under another seed, for the noise floor (may be repeated)")
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="worse: exit 1 if something is worse; unclear: exit 2 as well if something is unclear")] = "worse",
    markdown: Annotated[Path | None, typer.Option(help="write the comment for a pull request here")] = None,
    junit: Annotated[Path | None, typer.Option(help="write JUnit XML here")] = None,
    html: Annotated[Path | None, typer.Option(help="write the page here; its videos lie in a folder beside it")] = None,
    top: Annotated[int, typer.Option(min=0, help="how many of the most regressed cases")] = 5,
    seed: Annotated[int, typer.Option(help="of the resampling")] = 0,
    results: ResultsOption = OUT, history: HistoryOption = HISTORY,
) -> None:  # fmt: skip
    """Is HEAD better than BASE? A verdict on every metric and on coverage. Exit code: 0 fine, 1 regressed, 2 cannot tell, 3 usage."""
    from bench.compare.compare import Question
    from bench.compare.compare import compare as run
    from bench.compare.sources import resolve
    from bench.compare.write import write_outputs
    from bench.tables_compare import print_comparison

    with _exit_codes(), tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        given = _margins(margin or [])
        repeats = [resolve(name, results, history, scratch) for name in repeat or []]
        one, two = (resolve(name, results, history, scratch) for name in (base, head or str(results)))
        question = Question(metric or (), cases or (), model or (), given, repeats, seed, top)
        found = run(one, two, question)
        write_outputs(found, markdown, junit, html, unclear_fails=fail_on == "unclear")
        print_comparison(found)
        code = _code(found, fail_on)
    raise typer.Exit(code)


def record(
    results: ResultsOption = OUT, history: HistoryOption = HISTORY,
    name: Annotated[str, typer.Option(help="a word that tells this record from others, e.g. a release")] = "",
) -> None:  # fmt: skip
    """Keep the scores of the present results under --history, for `history` and for `compare` with `model@version`."""
    from bench.compare.history import record as step

    with _exit_codes():
        out.print(f"recorded {step(results, history, name)}", soft_wrap=True, markup=False, highlight=False)


def history(
    page: Annotated[Path, typer.Option(help="the page to write")] = Path("out/history.html"),
    metric: MetricOption = None, cases: CasesOption = None, model: ModelOption = None, folder: HistoryOption = HISTORY,
) -> None:  # fmt: skip
    """Draw every recorded version: the trend of each metric with its interval, and where the verdict turned."""
    from bench.compare.history import trends
    from bench.store import write_bytes
    from reports.compare.history import history_page

    with _exit_codes():
        write_bytes(page, history_page(trends(folder, metric or (), cases or (), model or ())).encode())
        out.print(f"History: {page.resolve()}", soft_wrap=True, markup=False, highlight=False)


@contextlib.contextmanager
def _exit_codes() -> Iterator[None]:
    """Errors as one line, with the exit codes of these commands."""
    from bench.compare.scored import CannotTell

    try:
        yield
    except BenchError as error:
        word, code = ("cannot tell", CANNOT_TELL) if isinstance(error, CannotTell) else ("error", USAGE)
        console.print(
            f"[bold red]{word}:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True, markup=True
        )
        raise typer.Exit(code) from error


def _margins(words: Sequence[str]) -> dict[str, float]:
    found = {}
    for word in words:
        name, value = named_number("--margin", word, "METRIC=VALUE, e.g. m_ld=0.002")
        if not 0 <= value < float("inf"):
            raise BenchError(f"--margin {word!r}: a margin is a number from 0 on, in the unit of the metric")
        found[name] = value
    return found


def _code(found: Comparison, fail_on: FailOn) -> int:
    verdicts = [row.verdict for row in found.metrics] + [row.verdict for row in found.coverage]
    if "worse" in verdicts:
        return REGRESSED

    unclear = "unclear" in verdicts or bool(found.incomparable)
    return CANNOT_TELL if fail_on == "unclear" and unclear else 0
