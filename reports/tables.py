"""The result table: metrics across, models down, one section a dataset, split and protocol.

Built once and written as Markdown, LaTeX, CSV and HTML, so that all four say the same.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any, Literal

import pandas as pd

from reports.data import Context, ReportData, records, within
from reports.presets import Preset
from reports.wording import ARROWS, decimals, fixed, number, text, why

Mark = Literal["", "best", "second"]
NOT_COMPUTED, HOW_TO_GET = "Not computed, weights missing:", "space-bench metrics show NAME"


@dataclass(frozen=True)
class Column:
    """One metric as the head of a column; `places` are the decimals of all its cells."""

    metric: str
    title: str
    group: str
    unit: str
    better: str
    summary: str
    protocol_id: str
    places: int

    @property
    def arrow(self) -> str:
        return ARROWS[self.better]


@dataclass(frozen=True)
class Cell:
    """One number with its interval and coverage, or the reason why there is none.

    Attributes:
        value, low, high: None where there is no number (no interval).
        shown, interval: as printed; ``–`` for no number, empty for no interval.
        n, asked, clusters: cases scored, cases asked for, speakers among them.
        remark: what there is to say about it besides its coverage: why there is no number, above all.
        note: text of its footnote, coverage and remark; empty for none. key: letter of the footnote.
        mark: whether it is the best or second best among the rows that compete.
    """

    value: float | None
    low: float | None
    high: float | None
    shown: str
    interval: str
    n: int
    asked: int
    clusters: int
    status: str
    remark: str
    note: str
    key: str = ""
    mark: Mark = ""

    @property
    def partial(self) -> bool:
        """Whether some cases that were asked for have no score, although the cell has a number."""
        return self.value is not None and self.n < self.asked


@dataclass(frozen=True)
class Row:
    model: str
    title: str
    kind: str
    note: str
    version: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Section:
    """The rows of one context: those that compete, and the sanity models that are shown apart and never ranked."""

    context: Context
    ranked: tuple[Row, ...]
    sanity: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """A finished table.

    Attributes:
        notes: (letter, text) of the footnotes in order of appearance.
        waiting: metrics of the preset that have no column, because their weights are not here.
    """

    preset: str
    title: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[tuple[str, str], ...]
    waiting: tuple[Column, ...] = ()

    @property
    def remarks(self) -> tuple[tuple[str, str], ...]:
        """The notes that say more than coverage, for a format that shows coverage in the cell itself."""
        said = {
            cell.key
            for section in self.sections
            for row in (*section.ranked, *section.sanity)
            for cell in row.cells
            if cell.remark
        }
        return tuple((key, note) for key, note in self.notes if key in said)

    def to_markdown(self) -> str:
        """GitHub-flavoured Markdown; best bold, second underlined, intervals small, coverage and reasons in notes."""
        from reports.formats import markdown

        return markdown(self)

    def to_latex(self) -> str:
        """A ``table*`` environment that needs the package booktabs and nothing else."""
        from reports.latex import latex

        return latex(self)

    def to_csv(self) -> str:
        """Tidy: one line a context, model and metric, at full precision; metrics that wait for weights too."""
        from reports.formats import tidy_csv

        return tidy_csv(self)

    def to_html(self) -> str:
        """One ``<table>`` a section with its notes; classes only, no style and no script."""
        from reports.formats import html

        return html(self)


def build_table(data: ReportData, preset: Preset, contexts: Sequence[Context] | None = None) -> Table:
    """The table of a preset over the given contexts (all by default).

    Values that print alike are marked alike. A column is marked only where at least two competing models have a
    value and the metric has a direction. A value counts only with status ``ok``.
    """
    chosen = list(contexts) if contexts is not None else data.contexts()
    summary = pd.concat([within(data.summary, context) for context in chosen]) if chosen else data.summary.iloc[:0]
    names = preset.choose(data.metrics, summary)
    values = {name: _values(summary, name) for name in names}
    facts = {row.metric: row for row in records(data.metrics)}
    columns = tuple(_column(name, facts[name], values[name]) for name in names)
    waiting = tuple(_column(name, facts[name], ()) for name in preset.waiting(data.metrics, summary))
    sections = [_section(data, context, columns) for context in chosen]
    noted, notes = _letter(sections)
    return Table(preset.name, preset.title, columns, tuple(noted), notes, waiting)


def _values(summary: pd.DataFrame, metric: str) -> list[float]:
    rows = summary[(summary["metric"] == metric) & (summary["status"] == "ok")]
    return [value for value in map(number, rows["value"]) if value is not None]


def _column(name: str, fact: Any, values: Iterable[float]) -> Column:
    better = text(fact.better) or "none"
    return Column(
        metric=name,
        title=text(fact.title) or name,
        group=text(fact.group),
        unit=text(fact.unit),
        better=better if better in ARROWS else "none",
        summary=text(fact.summary),
        protocol_id=text(fact.protocol_id),
        places=decimals(values),
    )


def _section(data: ReportData, context: Context, columns: Sequence[Column]) -> Section:
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
    return Section(context, tuple(ranked), tuple(row for row in rows if row.kind == "sanity"))


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
    note = remark
    if scored < asked:
        note = f"{scored} of {asked} cases scored" + (f"; {remark}" if remark else "")
    shown = fixed(value, column.places)
    return Cell(value, low, high, shown, interval, scored, asked, clusters, status, remark, note)


def _rank(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    marks: dict[tuple[int, int], Mark] = {}
    for j, column in enumerate(columns):
        values = [(i, row.cells[j].value) for i, row in enumerate(rows)]
        if len({cell.n for cell in (row.cells[j] for row in rows) if cell.value is not None}) > 1:
            continue  # Scored on different cases: a ranking would reward what failed.
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


def _letter(sections: Sequence[Section]) -> tuple[list[Section], tuple[tuple[str, str], ...]]:
    """Gives every footnote its letter; equal texts share one."""
    letters = ("".join(word) for size in count(1) for word in product(string.ascii_lowercase, repeat=size))
    keys: dict[str, str] = {}

    def lettered(rows: Sequence[Row]) -> tuple[Row, ...]:
        for row in rows:
            for cell in row.cells:
                if cell.note and cell.note not in keys:
                    keys[cell.note] = next(letters)
        return tuple(
            replace(row, cells=tuple(replace(cell, key=keys.get(cell.note, "")) for cell in row.cells)) for row in rows
        )

    done = [replace(part, ranked=lettered(part.ranked), sanity=lettered(part.sanity)) for part in sections]
    return done, tuple((key, note) for note, key in keys.items())
