"""``answers.csv`` and ``raters.csv``: the fields of `Answer` and `Rater` in their order, one row each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError

from reports.study.schema import Answer, Rater, Strict

ANSWERS, RATERS = "answers.csv", "raters.csv"
Row = TypeVar("Row", bound=Strict)


class RecordsError(ValueError):
    """A table of answers or raters that cannot be read; says which line and why."""


def write_answers(rows: Iterable[Answer]) -> bytes:
    """``answers.csv``, UTF-8."""
    return _write(Answer, rows)


def write_raters(rows: Iterable[Rater]) -> bytes:
    """``raters.csv``, UTF-8; screening as JSON text, headphones ``true``, ``false`` or empty where nobody asked."""
    return _write(Rater, rows)


def read_answers(text: str) -> list[Answer]:
    """The rows of ``answers.csv``. Raises `RecordsError`."""
    return _read(Answer, text)


def read_raters(text: str) -> list[Rater]:
    """The rows of ``raters.csv``. Raises `RecordsError`."""
    return _read(Rater, text)


def _write(kind: type[Row], rows: Iterable[Row]) -> bytes:
    out = io.StringIO()
    table = csv.DictWriter(out, list(kind.model_fields), quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({name: _cell(value) for name, value in row.model_dump().items()})
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value).lower() if isinstance(value, bool) else value


def _read(kind: type[Row], text: str) -> list[Row]:
    table = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[Row] = []
    try:
        if list(table.fieldnames or []) != list(kind.model_fields):
            raise RecordsError(f"expected the columns {', '.join(kind.model_fields)}; found {table.fieldnames}")
        for cells in table:
            values: dict[str, Any] = dict(cells)
            if kind is Rater:
                values["headphones"] = values["headphones"] or None
                values["screening"] = json.loads(values["screening"] or "{}")
            rows.append(kind.model_validate(values))
    except (csv.Error, json.JSONDecodeError, TypeError) as error:
        raise RecordsError(f"line {table.line_num}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RecordsError(f"line {table.line_num}, {where}: {first['msg']}") from error
    return rows
