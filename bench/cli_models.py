"""``space-bench models``: all of them in a table, or the card of one."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.progress import out

app = typer.Typer(help="Models: list them, or show the card of one.", invoke_without_command=True)


@app.callback()
def _list(context: typer.Context) -> None:
    """Models with what they take, what they ignore and what they need."""
    if context.invoked_subcommand is None:
        from bench.doctor import models_table

        out.print(models_table())


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="model, as in the table's first column, or module:object")],
) -> None:
    """One model: paper, licences, what it takes and ignores, native size and frame rate, weights and whether they are here."""
    from bench.assets import open_store
    from bench.model_card import model_card

    out.print(model_card(name, open_store()))
