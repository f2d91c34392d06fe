"""Numbers and verdicts of a comparison as they are printed everywhere."""

from __future__ import annotations

import math

from reports.compare.data import Comparison, CoverageRow, MetricRow, Refusal, StratumRow, Word
from reports.wording import ARROWS, STATUS, decimals, fixed

SIGNS: dict[Word, str] = {"worse": "✗", "better": "✓", "same": "=", "unclear": "?"}


def verdict(word: Word) -> str:
    """A sign and a word: never colour alone."""
    return f"{SIGNS[word]} {word}"


def places(row: MetricRow | StratumRow) -> int:
    """Decimals for the numbers of a row."""
    known = [abs(value) for value in (row.base, row.head, row.difference) if math.isfinite(value)]
    return decimals(known)


def value(number: float, digits: int) -> str:
    return fixed(number, digits) if math.isfinite(number) else "–"


def signed(number: float, digits: int) -> str:
    """With its sign; ``–`` for no number."""
    if not math.isfinite(number):
        return "–"
    shown = fixed(number, digits)
    return shown if shown.startswith("−") or float(shown) == 0 else f"+{shown}"


def difference(row: MetricRow | StratumRow) -> str:
    """``+0.12 [+0.03, +0.21]``."""
    known = [abs(value) for value in (row.difference, row.low, row.high) if math.isfinite(value)]
    digits = max(places(row), decimals(known) - 1)
    shown = signed(row.difference, digits)
    if math.isfinite(row.low) and math.isfinite(row.high):
        shown += f" [{signed(row.low, digits)}, {signed(row.high, digits)}]"
    return shown


def p_value(number: float) -> str:
    if not math.isfinite(number):
        return "–"
    return "<0.001" if number < 0.001 else f"{number:.3f}"


def margin(row: MetricRow) -> str:
    return f"±{value(row.margin, places(row))} ({row.margin_from})" if row.margin > 0 else "–"


def title(row: MetricRow) -> str:
    """Name, direction and unit."""
    return " ".join(part for part in (row.title, ARROWS[row.better], f"({row.unit})" if row.unit else "") if part)


def reason(status: str, detail: str) -> str:
    """Why a score is absent."""
    if not status:
        return "not asked"
    return f"{STATUS.get(status, status)}: {detail}" if detail else STATUS.get(status, status)


def headline(found: Comparison) -> str:
    """One sentence: how many metrics are what, which cannot be compared, and coverage where it moved."""
    counts = [f"{found.count(word)} {word}" for word in ("worse", "better", "same", "unclear") if found.count(word)]
    text = f"{found.head} against {found.base}: {', '.join(counts) or 'nothing compared'}"
    if other := {name for each in found.incomparable for name in each.metrics}:
        text += f"; {len(other)} not comparable"
    lost = [row for row in found.coverage if row.verdict == "worse"]
    return text + (f"; coverage worse for {', '.join(row.model for row in lost)}" if lost else "")


def gone(each: Refusal) -> str:
    """What is gone, with how much of it there was."""
    return f"{each.what} ({each.scores} scores): {each.why}"


def covered(row: CoverageRow) -> str:
    return f"{row.base} scores in BASE, {row.head} in HEAD, of {row.asked} cases"
