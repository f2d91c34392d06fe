"""What `study analyse` prints."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from reports.compare.wording import p_value
from reports.study.analysis.analyse import Analysis
from reports.study.analysis.tables import percent


def preference_rows(found: Analysis) -> Table:
    """Preference rates with 95 % intervals in per cent; p-values are adjusted. `analysis/tables` has all the rest."""
    table = Table(title=f"Study {escape(found.study.study)}", title_justify="left")
    for head in ("question", "preferred", "over"):
        table.add_column(head)
    for head in ("%", "p", "answers"):
        table.add_column(head, justify="right")
    for each in found.rates:
        names = map(escape, (each.question, each.model, each.other))
        table.add_row(*names, percent(each.rate), p_value(each.rate.adjusted), str(each.answers))
    return table
