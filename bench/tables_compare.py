"""A comparison in the terminal."""

from __future__ import annotations

import math

from rich.table import Table
from rich.text import Text

from bench.progress import out
from reports.compare import wording
from reports.compare.data import WORDS, Comparison

COLOURS = {"worse": "bold red", "better": "green", "unclear": "yellow"}
NUMBERS = ("BASE", "HEAD", "difference [95 %]", "p", "seen from", "cases")
MOST_FAILURES = 20


def print_comparison(found: Comparison) -> None:
    """Metrics with what got worse first, coverage, regressed cases, and what was not compared."""
    where = [name for name in ("model", "scope") if len({getattr(row, name) for row in found.metrics}) > 1]
    table = Table(title=wording.headline(found), title_justify="left", header_style="bold")
    for heading in ("verdict", *where, "metric", *NUMBERS):
        table.add_column(heading, justify="right" if heading in NUMBERS else "left", no_wrap=heading == "verdict")
    plain: dict[str, list[str]] = {}
    for row in (row for word in WORDS for row in found.metrics if row.verdict == word):
        if row.verdict == "same" or not math.isfinite(row.low):
            reason = "same" if row.verdict == "same" else row.note
            plain.setdefault(reason, []).append(" ".join((row.title, *(str(getattr(row, name)) for name in where))))
            continue
        digits = wording.places(row)
        table.add_row(
            Text(wording.verdict(row.verdict), COLOURS[row.verdict]), *(getattr(row, name) for name in where),
            wording.title(row), wording.value(row.base, digits), wording.value(row.head, digits),
            wording.difference(row), wording.p_value(row.p_value), wording.value(row.detectable, digits), str(row.cases),
        )  # fmt: skip
    if table.row_count:
        out.print(table)
    else:
        _say(wording.headline(found))
    for reason, titles in plain.items():
        _say(f"{reason}: {'; '.join(titles)}")
    for each in found.coverage:
        _say(f"{wording.verdict(each.verdict)}: coverage of {each.model}: {wording.covered(each)}")
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


def _say(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
