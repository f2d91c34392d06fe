"""``space-bench metrics``: all of them in a table, or one from its protocol to its weights."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.progress import out

app = typer.Typer(help="Metrics: list them, or show everything about one.", invoke_without_command=True)


@app.callback()
def _list(context: typer.Context) -> None:
    """Metrics with unit, direction, protocol id and what they need."""
    if context.invoked_subcommand is None:
        from bench.doctor import metrics_table

        out.print(metrics_table())


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="metric, as in the table's first column")],
    fps: Annotated[float, typer.Option(help="frame rate of the clips, which belongs to the id of a score")] = 25.0,
) -> None:
    """One metric: protocol, source, tolerance against the reference, weights and licences, and what changes its id."""
    from bench.assets import open_store
    from bench.metric_card import metric_card

    out.print(metric_card(name, open_store(), fps))
