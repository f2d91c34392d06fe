"""``space-bench study``: one module a command, below ``bench/study``; this one only lists them."""

from __future__ import annotations

import typer

app = typer.Typer(help="User studies: pairs of clips before people, and what their answers say.", no_args_is_help=True)


@app.callback()
def study() -> None:
    """User studies: pairs of clips before people, and what their answers say."""
