"""A comparison in the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from bench.progress import out
from reports.compare import wording
from reports.compare.data import WORDS, Comparison, MetricRow

COLOURS = {"worse": "bold red", "better": "green", "unclear": "yellow"}
NUMBERS = ("BASE", "HEAD", "difference [95 %]", "p", "seen from", "cases")
ONLY_WIDE = ("p", "seen from")
WIDE = 100
"""Columns of a terminal that holds all of them; in a narrower one no number is cut, `ONLY_WIDE` are left out."""
MOST_FAILURES = 20
MOST_PLAIN = 12
"""Metrics named in one line: an unchanged run has hundreds that are the same."""


def print_comparison(found: Comparison) -> None:
    """Metrics with what got worse first, coverage, regressed cases, and what was not compared."""
    shown = [row for row in found.metrics if row.verdict != "same" and math.isfinite(row.low)]
    numbers = [name for name in NUMBERS if out.width >= WIDE or name not in ONLY_WIDE]
    where = _varying(shown)
    table = Table(
        title=wording.headline(found), title_justify="left", header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for heading in ("verdict", *where, "metric", *numbers):
        table.add_column(
            heading, justify="right" if heading in NUMBERS else "left", no_wrap=heading not in ("metric", *where)
        )
    elsewhere = _varying(found.metrics)
    plain: dict[str, list[str]] = {}
    for row in (row for word in WORDS for row in found.metrics if row.verdict == word):
        if row not in shown:
            reason = "same" if row.verdict == "same" else row.note
            plain.setdefault(reason, []).append(" ".join((row.title, *(str(getattr(row, name)) for name in elsewhere))))
            continue
        digits = wording.places(row)
        cells = (
            wording.value(row.base, digits), wording.value(row.head, digits), wording.difference(row),
            wording.p_value(row.p_value), wording.value(row.detectable, digits), str(row.cases),
        )  # fmt: skip
        table.add_row(
            Text(wording.verdict(row.verdict), COLOURS[row.verdict]),
            *(getattr(row, name) for name in where),
            wording.title(row),
            *(cell for name, cell in zip(NUMBERS, cells, strict=True) if name in numbers),
        )
    if table.row_count:
        out.print(table)
    else:
        _say(wording.headline(found))
    for reason, titles in plain.items():
        more = f"; and {len(titles) - MOST_PLAIN} more, which --markdown lists" if len(titles) > MOST_PLAIN else ""
        _say(f"{reason}: {'; '.join(titles[:MOST_PLAIN])}{more}")
    for each in found.coverage:
        _say(f"{wording.verdict(each.verdict)}: coverage of {each.model}: {wording.covered(each)}")
        for refusal in each.gone:
            _say(f"  gone from HEAD: {wording.gone(refusal)}")
        for heading, failures in (("scored in BASE only", each.failed), ("scored in HEAD only", each.recovered)):
            for failure in failures[:MOST_FAILURES]:
                why = wording.reason(failure.status, failure.detail)
                _say(f"  {heading}: {failure.case_set} {failure.case} ({len(failure.metrics)} metrics): {why}")
            if len(failures) > MOST_FAILURES:
                _say(f"  {heading}: and {len(failures) - MOST_FAILURES} more")
    for case in found.regressed:
        worst = "; ".join(f"{name} {base:.4g} → {head:.4g}" for name, base, head in case.worst)
        _say(f"regressed {case.worsening:+.2f} sd: {case.model} {case.case_set} {case.case}: {worst}")
    for refusal in found.refused:
        _say(f"not compared: {refusal.what}: {refusal.why}")
    for note in found.notes:
        _say(f"note: {note}")


def _varying(rows: Sequence[MetricRow]) -> list[str]:
    """What differs between rows, and has to be said of each."""
    return [name for name in ("model", "scope") if len({getattr(row, name) for row in rows}) > 1]


def _say(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
