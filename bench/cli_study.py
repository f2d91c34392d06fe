"""``space-bench study``: one module a command, below ``bench/study``; this one only lists them."""

from __future__ import annotations

import typer

from bench.study import cli_analyse, cli_collect, cli_design, cli_export, cli_page, cli_serve, cli_simulate

app = typer.Typer(help="User studies: pairs of clips before people, and what their answers say.", no_args_is_help=True)


@app.callback()
def study() -> None:
    """User studies: pairs of clips before people, and what their answers say."""


app.command()(cli_design.design)
app.command()(cli_page.page)
app.command()(cli_serve.serve)
app.command()(cli_export.export)
app.command()(cli_export.erase)
app.command()(cli_collect.collect)
app.command()(cli_analyse.analyse)
app.command()(cli_simulate.simulate)
