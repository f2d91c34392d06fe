"""The templates of this room, with everything that is not markup escaped."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from reports.presets import group_spans
from reports.tables import Table

FOLDER = Path(__file__).parent / "templates"
CODE = re.compile("`([^`]+)`")


def environment_of(folder: Path) -> Environment:
    """Templates of a folder: everything escaped, a name that nobody gave is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _environment() -> Environment:
    environment = environment_of(FOLDER)
    environment.filters |= {"spans": _spans, "with_code": _with_code}
    return environment


def _spans(table: Table) -> list[tuple[str, int]]:
    return group_spans([column.group for column in table.columns])


def _with_code(words: str) -> Markup:
    """Escaped, with what stands between backticks as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(words))))


def template(name: str) -> Template:
    """The template of that file name under ``templates/``."""
    return _environment().get_template(name)


def render(name: str, **values: Any) -> str:
    """The template filled in. Strings are escaped unless they are `Markup`."""
    return template(name).render(**values)


def source(*names: str) -> Markup:
    """Style sheets or scripts of ours, joined as they stand. Never called with text from outside."""
    return Markup("\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names))
