"""From results to a finished table: which columns, what is marked, and the letters of the footnotes."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count, product
from typing import Any

import pandas as pd

from reports.data import Context, ReportData, records, within
from reports.presets import Preset
from reports.published import PublishedNumber
from reports.tables import Cell, Column, Mark, Row, Section, Table
from reports.wording import ARROWS, decimals, fixed, number, text, why


def build_table(
    data: ReportData, preset: Preset, contexts: Sequence[Context] | None = None, published: Sequence[PublishedNumber] = (),
    hoist: bool = False,
) -> Table:  # fmt: skip
    """The table of a preset over the given contexts (all by default).

    Values that print alike are marked alike. A column is marked only where at least two competing models have a
    value, of as many cases under the same protocol, and the metric has a direction. A value counts only with status
    ``ok``. Published numbers stand in the sections of their dataset and protocol of cases; a metric that has one has a
    column even if ours waits for weights.

    With `hoist`, a note that most numbers share is said once for all that have no letter.

    The summary may have ``protocol_id`` and, of tests against a reference model, ``p_adjusted`` and ``differs``.
    """
    chosen = list(contexts) if contexts is not None else data.contexts()
    summary = pd.concat([within(data.summary, context) for context in chosen]) if chosen else data.summary.iloc[:0]
    beside = [one for one in published if any((one.dataset, one.protocol) == (c.dataset, c.protocol) for c in chosen)]
    kept = frozenset(one.metric for one in beside)
    names = preset.choose(data.metrics, summary, kept)
    values = {name: _values(summary, name) for name in names}
    facts = {row.metric: row for row in records(data.metrics)}
    ids = _protocol_ids(summary)
    columns = tuple(_column(name, facts[name], values[name], ids.get(name, "")) for name in names)
    waiting = tuple(
        _column(name, facts[name], ()) for name in preset.waiting(data.metrics, summary) if name not in kept
    )
    sections = [_section(data, context, columns, beside) for context in chosen]
    common = _common(sections) if hoist else ""
    noted, notes = _letter(sections, common)
    return Table(preset.name, preset.title, columns, tuple(noted), notes, waiting, common)


def _values(summary: pd.DataFrame, metric: str) -> list[float]:
    rows = summary[(summary["metric"] == metric) & (summary["status"] == "ok")]
    return [value for value in map(number, rows["value"]) if value is not None]


def _protocol_ids(summary: pd.DataFrame) -> dict[str, str]:
    """Of the scores, by metric: the one that most numbers have (most rows, where there is no number)."""
    found = {}
    if "protocol_id" in summary.columns:
        for name, rows in summary[summary["protocol_id"].notna()].groupby("metric"):
            scored = rows[rows["status"] == "ok"]
            # Of equally many the alphabet's first: the order of rows must not decide.
            found[str(name)] = str((scored if len(scored) else rows)["protocol_id"].mode().iloc[0])
    return found


def _column(name: str, fact: Any, values: Iterable[float], protocol_id: str = "") -> Column:
    better = text(fact.better) or "none"
    return Column(
        metric=name,
        title=text(fact.title) or name,
        group=text(fact.group),
        unit=text(fact.unit),
        better=better if better in ARROWS else "none",
        summary=text(fact.summary),
        protocol_id=protocol_id or text(fact.protocol_id),
        places=decimals(values),
    )


def _section(
    data: ReportData, context: Context, columns: Sequence[Column], published: Sequence[PublishedNumber]
) -> Section:
    here = within(data.summary, context)
    found = {(row.model, row.metric): row for row in records(here)}
    present = set(here["model"])
    rows = [
        Row(
            model=model.model,
            title=text(model.title) or model.model,
            kind=model.kind,
            note=text(model.note),
            version=text(model.version),
            cells=tuple(_cell(found.get((model.model, column.metric)), column) for column in columns),
        )
        for model in records(data.models)
        if model.model in present
    ]
    ranked = _rank([row for row in rows if row.kind != "sanity"], columns)
    sanity = tuple(row for row in rows if row.kind == "sanity")
    here_too = [one for one in published if (one.dataset, one.protocol) == (context.dataset, context.protocol)]
    return Section(context, tuple(ranked), sanity, _published(here_too, columns))


def _published(numbers: Sequence[PublishedNumber], columns: Sequence[Column]) -> tuple[Row, ...]:
    """A row for each method and source that has a number in these columns."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one in numbers:
        if any(column.metric == one.metric for column in columns):
            found.setdefault((one.method, one.source), {})[one.metric] = one.value
    return tuple(
        Row(
            model=f"published:{method}",
            title=method,
            kind="published",
            note=source,
            version="",
            cells=tuple(_printed(values.get(column.metric)) for column in columns),
        )
        for (method, source), values in found.items()
    )


def _printed(value: str | None) -> Cell:
    """The number with the digits that its source gave it."""
    if value is None:
        return Cell(None, None, None, "–", "", 0, 0, 0, "not_published", "", "")
    return Cell(float(value), None, None, value.replace("-", "−"), "", 0, 0, 0, "published", "", "")


def _cell(row: Any, column: Column) -> Cell:
    if row is None:
        remark = why("not_measured")
        return Cell(None, None, None, "–", "", 0, 0, 0, "not_measured", remark, remark)
    scored, asked, clusters = (int(number(field) or 0) for field in (row.n, row.asked, row.clusters))
    status, remark = text(row.status) or "undefined", text(row.note)
    value = number(row.value) if status == "ok" else None
    if value is None:
        status = "undefined" if status == "ok" else status
        remark = why(status, remark)
        return Cell(None, None, None, "–", "", scored, asked, clusters, status, remark, remark)
    low, high = number(row.low), number(row.high)
    interval = ""
    if low is not None and high is not None:
        interval = f"[{fixed(low, column.places)}, {fixed(high, column.places)}]"
    protocol_id = text(getattr(row, "protocol_id", "")) or column.protocol_id
    if protocol_id != column.protocol_id:
        other = f"another protocol ({protocol_id}), not comparable with the rest of its column"
        remark = "; ".join(filter(None, (other, remark)))
    note = remark
    if scored < asked:
        note = f"{scored} of {asked} cases scored" + (f"; {remark}" if remark else "")
    shown, tested = fixed(value, column.places), number(getattr(row, "p_adjusted", None))
    return Cell(
        value, low, high, shown, interval, scored, asked, clusters, status, remark, note,
        p_adjusted=tested, differs=getattr(row, "differs", False) is True, protocol_id=protocol_id,
    )  # fmt: skip


def _rank(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    marks: dict[tuple[int, int], Mark] = {}
    for j, column in enumerate(columns):
        values = [(i, row.cells[j].value) for i, row in enumerate(rows)]
        if len({(cell.n, cell.protocol_id) for cell in (row.cells[j] for row in rows) if cell.value is not None}) > 1:
            continue  # Scored on different cases: a ranking would reward what failed. Or another thing was measured.
        # What prints alike is one place: a reader must not see equal numbers marked differently.
        printed = {i: round(value, column.places) for i, value in values if value is not None}
        if column.better == "none" or len(printed) < 2:
            continue
        places = sorted(set(printed.values()), reverse=column.better == "higher")
        for i, value in printed.items():
            if value in places[:2]:
                marks[i, j] = "best" if value == places[0] else "second"
    return [
        replace(row, cells=tuple(replace(cell, mark=marks.get((i, j), "")) for j, cell in enumerate(row.cells)))
        for i, row in enumerate(rows)
    ]


def _common(sections: Sequence[Section]) -> str:
    """The note of more than half of our numbers, if each of them has a note: then no letter can stand for it."""
    rows = [row for section in sections for row in (*section.ranked, *section.sanity)]
    notes = [cell.note for row in rows for cell in row.cells if cell.value is not None]
    if not notes or not all(notes):
        return ""
    note, times = Counter(notes).most_common(1)[0]
    return note if 2 * times > len(notes) else ""


def _letter(sections: Sequence[Section], common: str) -> tuple[list[Section], tuple[tuple[str, str], ...]]:
    """Gives every footnote but the common one its letter; equal texts share one."""
    letters = ("".join(word) for size in count(1) for word in product(string.ascii_lowercase, repeat=size))
    keys: dict[str, str] = {}

    def lettered(rows: Sequence[Row]) -> tuple[Row, ...]:
        for row in rows:
            for note in (_source(row), *(cell.note for cell in row.cells)):
                if note and note not in keys and note != common:
                    keys[note] = next(letters)
        return tuple(
            replace(
                row,
                key=keys.get(_source(row), ""),
                cells=tuple(replace(cell, key=keys.get(cell.note, "")) for cell in row.cells),
            )
            for row in rows
        )

    done = [
        replace(part, ranked=lettered(part.ranked), published=lettered(part.published), sanity=lettered(part.sanity))
        for part in sections
    ]
    return done, tuple((key, note) for note, key in keys.items())


def _source(row: Row) -> str:
    return row.note if row.kind == "published" else ""
