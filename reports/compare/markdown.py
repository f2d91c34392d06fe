"""A comparison as a comment for a pull request: GitHub-flavoured Markdown, what got worse first, the rest folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reports.compare import wording
from reports.compare.data import WORDS, Comparison, CoverageRow, Failure, MetricRow, RegressedCase, StratumRow

LIMIT = 60_000
"""GitHub refuses comments above 65,536 characters."""
MOST_FAILURES, MOST_STRATA = 30, 60


def markdown(found: Comparison) -> str:
    """The whole comment; parts that would not fit into one are left out, with a line that says so."""
    parts = [
        f"## {wording.verdict(found.verdict)}: {_plain(wording.headline(found))}\n",
        *(_metrics([row for row in found.metrics if row.verdict == word], word, open_=word == "worse") for word in WORDS),
        *map(_coverage, found.coverage),
        _regressed(found.regressed),
        _strata(found),
        _list("Not compared", [f"{_plain(each.what)}: {_plain(each.why)}" for each in found.refused]),
        _list("Notes", [_plain(note) for note in found.notes]),
    ]  # fmt: skip
    text = ""
    left_out = 0
    for part in filter(None, parts):
        if len(text) + len(part) > LIMIT:
            left_out += 1
        else:
            text += part + "\n"
    return text + (f"{left_out} parts do not fit into a comment; the page has them.\n" if left_out else "")


def _metrics(rows: Sequence[MetricRow], word: str, open_: bool) -> str:
    if not rows:
        return ""
    several = len({row.model for row in rows}) > 1 or len({row.scope for row in rows}) > 1
    head = [
        *(("model", "scope") if several else ()),
        "metric",
        "BASE",
        "HEAD",
        "difference [95 %]",
        "p",
        "margin",
        "cases",
    ]
    lines = []
    for row in rows:
        digits = wording.places(row)
        cells = [
            *((row.model, row.scope) if several else ()), wording.title(row), wording.value(row.base, digits),
            wording.value(row.head, digits), wording.difference(row), wording.p_value(row.p_value), wording.margin(row),
            f"{row.cases} of {row.speakers} speakers" + (f"; {row.note}" if row.note else ""),
        ]  # fmt: skip
        lines.append(cells)
    return _folded(f"{wording.verdict(rows[0].verdict)}: {len(rows)} metrics", _table(head, lines), open_)


def _coverage(row: CoverageRow) -> str:
    if row.verdict == "same":
        return f"Coverage of {_plain(row.model)}: {wording.covered(row)}, the same on both sides.\n"
    body = f"{wording.covered(row)}.\n" + _list("Gone from HEAD", [_plain(wording.gone(each)) for each in row.gone])
    body += _failures("Scored in BASE only", row.failed) + _failures("Scored in HEAD only", row.recovered)
    return _folded(f"{wording.verdict(row.verdict)}: coverage of {_plain(row.model)}", body, row.verdict == "worse")


def _failures(heading: str, failures: Sequence[Failure]) -> str:
    lines = [
        f"{_plain(each.case_set)} {_plain(each.case)} ({len(each.metrics)} metrics): "
        f"{_plain(wording.reason(each.status, each.detail))}"
        for each in failures[:MOST_FAILURES]
    ]
    if len(failures) > MOST_FAILURES:
        lines.append(f"and {len(failures) - MOST_FAILURES} more")
    return _list(heading, lines)


def _regressed(cases: Sequence[RegressedCase]) -> str:
    if not cases:
        return ""
    rows = []
    for each in cases:
        worst = "; ".join(f"{name} {base:.4g} → {head:.4g}" for name, base, head in each.worst)
        rows.append([each.model, each.case_set, each.case, f"{each.worsening:+.2f}", worst])
    head = ("model", "case set", "case", "standard deviations", "most")
    return "### Most regressed\n\n" + _table(head, rows)


def _strata(found: Comparison) -> str:
    told = {(row.model, row.metric) for row in found.metrics if row.verdict == "worse"}
    rows = [row for row in found.strata if (row.model, row.metric) in told]
    if not rows:
        return ""
    shown = sorted(rows, key=lambda row: (row.model, row.metric, row.kind))[:MOST_STRATA]
    head = ("model", "metric", "stratum", "BASE", "HEAD", "difference [95 %]", "cases")
    body = _table(head, [_stratum(row) for row in shown])
    more = f"\n{len(rows) - len(shown)} more on the page.\n" if len(rows) > len(shown) else ""
    return _folded("Where: by case set, emotion, level and speaker (described, not tested)", body + more, False)


def _stratum(row: StratumRow) -> list[str]:
    digits = wording.places(row)
    return [
        row.model, row.title, f"{row.kind} {row.stratum}", wording.value(row.base, digits),
        wording.value(row.head, digits), wording.difference(row), f"{row.cases} of {row.speakers} speakers",
    ]  # fmt: skip


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _folded(summary: str, body: str, open_: bool) -> str:
    return f"<details{' open' if open_ else ''}><summary>{summary}</summary>\n\n{body}\n</details>\n"


def _list(heading: str, lines: Sequence[str]) -> str:
    return f"\n**{heading}**\n\n" + "".join(f"- {line}\n" for line in lines) if lines else ""


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: names of clips come from outside."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>|#~@])", r"\\\1", flat)
