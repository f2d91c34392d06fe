"""The result in a sentence, as a paper says it."""

from __future__ import annotations

import math

from reports.latex import escape_latex
from reports.study.analysis.analyse import Analysis
from reports.study.analysis.preferences import Preference
from reports.wording import fixed


def sentence(found: Analysis) -> str:
    """As plain text; the model that the study file names first is its subject."""
    out, raters, subject = len(found.excluded.out), found.raters, next(iter(found.study.models))
    excluded = {0: "none was excluded", 1: "1 more was excluded"}.get(out, f"{out} more were excluded")
    head = (
        f"In a study with {_count(raters, 'rater')} ({excluded} by rules fixed before the first answer) and "
        f"{_count(found.comparisons, 'pair-wise comparison')}, "
    )
    asked = list(dict.fromkeys(each.question for each in found.rates))
    parts = []
    for question in asked:
        own = [each for each in found.rates if each.question == question and each.model == subject]
        if own:
            where = f", asked about {question}" if len(asked) > 1 else ""
            parts.append(f"{subject} was preferred {_joined([_rate(each) for each in own])}{where}")
    if not parts:
        parts = [f"{each.model} was preferred {_rate(each)}" for each in found.rates]
    ties = any(each.ties for each in found.rates)
    bounded = any(math.isfinite(each.rate.low) for each in found.rates)
    notes = ["ties count half"] * ties + ["intervals are clustered over raters and clips"] * bounded
    agree = [each.alpha.value for each in found.agreement if math.isfinite(each.alpha.value)]
    if agree:
        spread = fixed(min(agree), 2) if len(agree) == 1 else f"{fixed(min(agree), 2)} to {fixed(max(agree), 2)}"
        notes.append(f"Krippendorff's alpha is {spread}")
    aside = f" ({', '.join(notes)})" if notes else ""
    return f"{head}{'; '.join(parts)}{aside}."


def _rate(each: Preference) -> str:
    rate = each.rate
    interval = (
        f" (95 % CI {100 * rate.low:.0f} to {100 * rate.high:.0f})" if math.isfinite(rate.low) else " (no interval)"
    )
    return f"over {each.other} in {100 * rate.value:.0f} %{interval}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _joined(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def latex_sentence(found: Analysis) -> str:
    """The same for LaTeX, with thin spaces before per cent signs."""
    return escape_latex(sentence(found)).replace(r" \%", r"\,\%") + "\n"
