"""A result table as Markdown, CSV and HTML text."""

from __future__ import annotations

import csv
import io
import re

from reports.tables import DAGGER, HOW_TO_GET, NOT_COMPUTED, PUBLISHED, Column, Row, Table
from reports.templating import template

REFERENCE_ROWS = "Reference rows, not ranked"


def escape_markdown(text: str) -> str:
    """Text that stays inside its table cell and means nothing to Markdown or HTML."""
    plain = re.sub(r"\s+", " ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", plain)


def markdown(table: Table) -> str:
    """See `Table.to_markdown`."""
    heads = [_markdown_head(column) for column in table.columns]
    lines: list[str] = []
    for section in table.sections:
        lines += [f"#### {escape_markdown(section.context.label)}", ""]
        lines += ["| " + " | ".join(["Model", *heads]) + " |", "| :-- |" + " --: |" * len(heads)]
        lines += [_markdown_row(row) for row in section.ranked]
        if section.published:
            lines.append(f"| *{PUBLISHED}* |" + " |" * len(heads))
            lines += [_markdown_row(row) for row in section.published]
        if section.sanity:
            lines.append(f"| *{REFERENCE_ROWS}* |" + " |" * len(heads))
            lines += [_markdown_row(row) for row in section.sanity]
        lines.append("")
    lines += [f"<sup>{key}</sup> {escape_markdown(note)}  " for key, note in table.notes]
    if table.waiting:
        names = ", ".join(f"`{column.metric}`" for column in table.waiting)
        lines += [*([""] if table.notes else []), f"{NOT_COMPUTED} {names}; see `{HOW_TO_GET}`."]
    for sentence in table.sentences:
        lines += ["", escape_markdown(sentence)]
    return "\n".join(lines).rstrip() + "\n"


def _markdown_head(column: Column) -> str:
    unit = f"({escape_markdown(column.unit)})" if column.unit else ""
    return " ".join(part for part in (escape_markdown(column.title), column.arrow, unit) if part)


def _markdown_row(row: Row) -> str:
    cells = []
    for cell in row.cells:
        shown = {"best": f"**{cell.shown}**", "second": f"<u>{cell.shown}</u>"}.get(cell.mark, cell.shown)
        note = f"<sup>{DAGGER * cell.differs}{cell.key}</sup>" if cell.differs or cell.key else ""
        interval = f" <sub>{cell.interval}</sub>" if cell.interval else ""
        cells.append(shown + note + interval)
    source = f"<sup>{row.key}</sup>" if row.key else ""
    return "| " + " | ".join([escape_markdown(row.title) + source, *cells]) + " |"


TIDY = (
    *("dataset", "split", "protocol", "model", "title", "kind", "version", "metric", "metric_title", "unit"),
    *("better", "protocol_id", "value", "low", "high", "n", "asked", "clusters", "status", "mark", "note"),
    *("p_adjusted", "differs"),
)


def tidy_csv(table: Table) -> str:
    """See `Table.to_csv`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(TIDY)
    for section in table.sections:
        for row in section.rows:
            who = (*section.context, row.model, row.title, row.kind, row.version)
            for column, cell in zip(table.columns, row.cells, strict=True):
                published = row.kind == "published"
                protocol_id = "" if published else cell.protocol_id or column.protocol_id
                what = (column.metric, column.title, column.unit, column.better, protocol_id)
                numbers = ("" if part is None else repr(part) for part in (cell.value, cell.low, cell.high))
                counts = ("", "", "") if published else (cell.n, cell.asked, cell.clusters)
                tested = ("", "") if cell.p_adjusted is None else (repr(cell.p_adjusted), str(cell.differs).lower())
                note = row.note if published else cell.note
                writer.writerow([*who, *what, *numbers, *counts, cell.status, cell.mark, note, *tested])
            for column in table.waiting if row.kind != "published" else ():
                what = (column.metric, column.title, column.unit, column.better, column.protocol_id)
                writer.writerow([*who, *what, "", "", "", 0, "", "", "weights_missing", "", "", "", ""])
    return out.getvalue()


def html(table: Table) -> str:
    """See `Table.to_html`."""
    return template("table.html.j2").module.result_table(table)  # type: ignore[attr-defined]
