"""The result table: metrics across, models down, one section a dataset, split and protocol.

Built once and written as Markdown, LaTeX, CSV and HTML, so that all four say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reports.data import Context
from reports.wording import ARROWS

Mark = Literal["", "best", "second"]
DAGGER = "†"
PUBLISHED = "Published, other protocol: not compared, not ranked"
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
        p_adjusted: of the difference from the reference model; None where it was not tested.
        differs: whether that difference is significant. protocol_id: of the scores behind the number.
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
    p_adjusted: float | None = None
    differs: bool = False
    protocol_id: str = ""

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
    key: str = ""
    """Letter of the footnote that `note` is; only published rows have one."""


@dataclass(frozen=True)
class Section:
    """The rows of one context: those that compete; apart and never ranked, the sanity models and what others published."""

    context: Context
    ranked: tuple[Row, ...]
    sanity: tuple[Row, ...]
    published: tuple[Row, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """All, in the order in which they are printed."""
        return (*self.ranked, *self.published, *self.sanity)


@dataclass(frozen=True)
class Table:
    """A finished table.

    Attributes:
        notes: (letter, text) of the footnotes in order of appearance.
        waiting: metrics of the preset that have no column, because their weights are not here.
        common: the note of all numbers without a letter; empty where some have nothing to note.
        dagger: what the mark † says; empty where nothing was tested. protocols: the columns' protocol ids, as a sentence.
    """

    preset: str
    title: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[tuple[str, str], ...]
    waiting: tuple[Column, ...] = ()
    common: str = ""
    dagger: str = ""
    protocols: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said below the table besides its notes."""
        common = f"Numbers without a letter: {self.common}." if self.common else ""
        return tuple(filter(None, (common, self.dagger, self.protocols)))

    @property
    def remarks(self) -> tuple[tuple[str, str], ...]:
        """The notes that say more than coverage, for a format that shows coverage in the cell itself."""
        rows = [row for section in self.sections for row in section.rows]
        said = {cell.key for row in rows for cell in row.cells if cell.remark} | {row.key for row in rows}
        return tuple((key, note) for key, note in self.notes if key in said)

    def to_markdown(self) -> str:
        """GitHub-flavoured Markdown; best bold, second underlined, intervals small, coverage and reasons in notes."""
        from reports.formats import markdown

        return markdown(self)

    def to_latex(self) -> str:
        """``table*`` environments that need the packages booktabs and graphicx and nothing else."""
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
