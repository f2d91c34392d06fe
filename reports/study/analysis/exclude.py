"""Raters who are left out, by the rules that the study file fixed before the first answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.study.analysis.answers import Answers
from reports.study.schema import CHECKS, Study

RULES: Mapping[str, str] = {
    "checks_missed": "missed more than {limit} attention checks",
    "consistency": "answered fewer than {limit} of the repeated pairs alike",
    "fastest_seconds": "median time of an answer below {limit} s",
    "one_side": "chose one side in more than {limit} of the answers",
    "complete": "did not finish",
}
"""In the order of the study file. A rater may break several."""


@dataclass(frozen=True)
class Excluded:
    """Who was left out.

    Attributes:
        raters: one row a rater who did not withdraw: ``rater, status, answers, checks, missed, consistency, seconds,
            one_side, broken`` (rules broken, by name, with commas; empty for those who stay). NaN where nothing was asked.
        counts: raters by rule. rules: each rule in words, with its limit; only those that the study has.
    """

    raters: pd.DataFrame
    counts: Mapping[str, int]
    rules: Mapping[str, str]

    @property
    def out(self) -> set[str]:
        return set(self.raters.loc[self.raters["broken"] != "", "rater"])

    def kept(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of those who stay."""
        return table[~table["rater"].isin(self.out)]


def exclude(study: Study, answers: Answers) -> Excluded:
    """Hold every rater against the rules of the study."""
    limits = study.exclusions
    checks = check_results(study, answers.choices).groupby("rater")["missed"]
    test = answers.choices[answers.choices["kind"] == "test"]
    decided = test[test["side"] != "tie"]
    left = (decided["side"] == "left").groupby(decided["rater"]).mean()
    table = pd.DataFrame({"rater": list(answers.raters), "status": [rater.status for rater in answers.raters.values()]})
    measured = {
        "answers": answers.choices.groupby("rater").size(), "checks": checks.size(), "missed": checks.sum(),
        "consistency": repeats(answers.choices).groupby("rater")["alike"].mean(),
        "seconds": test.groupby("rater")["seconds"].median(), "one_side": left.clip(lower=1 - left),
    }  # fmt: skip
    for name, by_rater in measured.items():
        found = by_rater.reindex(table["rater"]).to_numpy(dtype=np.float64)
        table[name] = np.nan_to_num(found).astype(int) if name in ("answers", "checks", "missed") else found
    broken = {
        "checks_missed": (table["missed"] > limits.checks_missed) & (limits.checks_missed >= 0),
        "consistency": table["consistency"] < limits.consistency,
        "fastest_seconds": table["seconds"] < limits.fastest_seconds,
        "one_side": table["one_side"] > limits.one_side,
        "complete": (table["status"] != "finished") & limits.complete,
    }
    table["broken"] = [", ".join(rule for rule in RULES if broken[rule][row]) for row in range(len(table))]
    named = _rules(study)
    return Excluded(table, {rule: int(broken[rule].sum()) for rule in named}, named)


def _rules(study: Study) -> dict[str, str]:
    limits = study.exclusions
    off = {"checks_missed": -1, "consistency": 0.0, "fastest_seconds": 0.0, "one_side": 1.0, "complete": False}
    shown = {
        "checks_missed": str(limits.checks_missed), "consistency": f"{limits.consistency:.0%}",
        "fastest_seconds": f"{limits.fastest_seconds:g}", "one_side": f"{limits.one_side:.0%}", "complete": "",
    }  # fmt: skip
    return {
        rule: words.format(limit=shown[rule]) for rule, words in RULES.items() if getattr(limits, rule) != off[rule]
    }


def check_results(study: Study, choices: pd.DataFrame) -> pd.DataFrame:
    """``rater, trial, kind, missed``: one row an answered attention check.

    A check is missed if any of the answers that it speaks of is another than expected. An expected tie cannot be given to a
    question that offers none; such answers are not judged.
    """
    pairs = {pair.pair: pair for pair in study.pairs}
    ties = {question.question for question in study.questions if question.ties}
    rows = []
    for each in choices[choices["kind"].isin(CHECKS)].itertuples():
        pair = pairs[str(each.pair)]
        asked = not pair.judged_by or each.question in pair.judged_by
        if asked and pair.expected and (pair.expected != "tie" or each.question in ties):
            given = each.side if pair.expected in ("left", "right") else each.chosen
            rows.append((each.rater, each.trial, pair.kind, given != pair.expected))
    table = pd.DataFrame(rows, columns=["rater", "trial", "kind", "missed"])
    return table.groupby(["rater", "trial", "kind"], sort=False)["missed"].any().reset_index()


def repeats(choices: pd.DataFrame) -> pd.DataFrame:
    """``rater, clip, question, alike``: one row a repeated pair that was answered both times."""
    test = choices[choices["kind"] == "test"]
    keys = ["rater", "pair", "question"]
    first = test.loc[~test["repeat"], [*keys, "clip", "chosen"]]
    again = test.loc[test["repeat"], [*keys, "chosen"]]
    both = first.merge(again, on=keys, suffixes=("", "_again"))
    return both.assign(alike=both["chosen"] == both["chosen_again"])[["rater", "clip", "question", "alike"]]
