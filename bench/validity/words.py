"""Responses in words and signs: cells of the tables, and sentences on what is not as it must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.validity.expectations import departs, expected
from bench.validity.markdown import markdown
from bench.validity.response import Level, Response, Verdict
from metrics.base import ARROWS, Metric
from metrics.statistics import Interval

SIGNS = {
    Verdict.UNCHANGED: "0", Verdict.SILENT: "·", Verdict.WORSE: "▼", Verdict.UNEVEN: "▽", Verdict.BETTER: "△",
    Verdict.NO_VALUE: "–", Verdict.FEW: "?",
}  # fmt: skip
DESCRIPTIVE = {**SIGNS, Verdict.WORSE: "↑", Verdict.UNEVEN: "↕", Verdict.BETTER: "↓"}
LEGEND = """**▼** gets worse, step by step; **▽** gets worse, with a step backwards that is more than chance; **△** gets
*better* by the damage; **·** cannot tell any level from chance; **0** the very same number; **–** no value;
**?** too few clips for an interval. For metrics that only describe (no arrow beside the name): **↑** rises, **↓** falls, **↕** not in one direction. `!` after a sign: it must be otherwise, see below.
"""
Answers = Sequence[Sequence[Response | None]]
"""For each damage, the response on each dataset; None where it cannot be done there."""


def verdict_row(metric: Metric, answers: Answers) -> tuple[str, ...]:
    """A row of the table of verdicts."""
    return _name(metric), *(" ".join(_sign(each) for each in pair if each is not None) or "" for pair in answers)


def smallest_row(metric: Metric, answers: Answers) -> tuple[str, ...]:
    """A row of the table of the smallest levels that can be told."""
    return _name(metric), *(" / ".join(_smallest(each) for each in pair if each is not None) or "" for pair in answers)


def _name(metric: Metric) -> str:
    arrow = ARROWS[metric.better]
    return f"{metric.title} {arrow}".rstrip()


def _sign(response: Response) -> str:
    signs = DESCRIPTIVE if response.metric.better == "none" else SIGNS
    return signs[response.verdict] + ("!" if departs(response) else "")


def _smallest(response: Response) -> str:
    if response.smallest is not None:
        return response.damage.label(response.smallest)
    return (
        "·"
        if response.verdict in (Verdict.SILENT, Verdict.WORSE, Verdict.UNEVEN, Verdict.BETTER)
        else SIGNS[response.verdict]
    )


def sentence(response: Response) -> str:
    """What a metric does that it must not, or does not do that it must, with its figures."""
    where = f"**{response.metric.title}** under {response.damage.title} ({response.dataset}): "
    must = "it must get worse" if expected(response.metric.name, response.damage) == "worse" else "it must not move"
    return f"{where}{must}; {_does(response)}."


def _does(response: Response) -> str:
    if response.verdict is Verdict.NO_VALUE:
        return "it has no value"
    if response.verdict is Verdict.UNCHANGED:
        return "it is the same number at every level"
    last = response.strongest
    figures = (
        f"{response.damage.label(last.level)}: {difference(last)}, clean {response.clean:.3g}, ρ {response.rho:+.2f}"
    )
    if response.verdict is Verdict.SILENT:
        return f"no level can be told ({figures})"
    if response.verdict is Verdict.UNEVEN:
        back = response.back
        return (
            f"it steps back by {abs(back.value):.2g} [{min(abs(back.low), abs(back.high)):.2g}, "
            f"{max(abs(back.low), abs(back.high)):.2g}] on the way ({figures})"
        )
    told = max((level for level in response.levels if level.told), key=lambda level: level.level)
    if told is not last:
        figures = f"{response.damage.label(told.level)}: {difference(told)}; {figures}"
    return f"it gets {'better' if response.verdict is Verdict.BETTER else 'worse'} ({figures})"


def difference(level: Level) -> str:
    """The difference from the floor, with its interval."""
    return with_interval(level.beyond)


def with_interval(found: Interval) -> str:
    """A value and its interval, with signs; a dash for an interval that does not exist, as with one speaker."""
    between = f"{found.low:+.2g}, {found.high:+.2g}" if np.isfinite([found.low, found.high]).all() else "–"
    return f"{found.value:+.3g} [{between}]"


def unscored(responses: Sequence[Response]) -> str:
    """Where a damage takes a metric's value away: a table, or a sentence that it never does."""
    rows = []
    for response in responses:
        short = [level for level in response.levels if level.clips < level.asked]
        gone = [level for level in response.damage.levels if level not in {each.level for each in response.levels}]
        cells = [f"{response.damage.label(level.level)}: {level.clips} of {level.asked}" for level in short]
        if response.verdict is not Verdict.NO_VALUE:
            cells += [f"{response.damage.label(level)}: none" for level in gone]
        if cells:
            rows.append((response.metric.title, response.damage.title, response.dataset, "; ".join(cells)))
    if not rows:
        return "Every clip that has a value keeps it under every damage.\n"
    return markdown(("metric", "damage", "clips", "clips that keep a value"), rows)
