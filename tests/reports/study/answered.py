"""Answers made by hand, and studies that invented people answered."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from bench.benchmark_study import MODELS, invented_study
from metrics.statistics import bootstrap_counts
from reports.study.analysis.answers import COLUMNS
from reports.study.analysis.clusters import Resampling
from reports.study.schema import Study
from reports.study.simulate import People, Simulated, simulate

RESAMPLING = Resampling(bootstrap_counts, 200, 0)
STRENGTHS = {"one": 0.8, "two": 0.0, "three": -0.6}


def table(rows: Iterable[tuple[str, str, str, str, str, str]]) -> pd.DataFrame:
    """Answers from (rater, clip, first model, second model, chosen, what stood on the left)."""
    made = []
    for number, (rater, clip, first, second, chosen, left) in enumerate(rows):
        side = chosen if chosen == "tie" else "left" if chosen == left else "right"
        made.append((
            rater, f"t{number}", f"{clip}/{first}/{second}", "test", clip, "overall", first, second, chosen, side, left, False,
            2.0, "", "", "",
        ))  # fmt: skip
    return pd.DataFrame(made, columns=list(COLUMNS)).astype(dict(COLUMNS))


def drawn(seed: int = 0, answers: int = 400, ties: float = 0.2, models: tuple[str, ...] = MODELS) -> pd.DataFrame:
    """Answers of 20 raters about 12 clips, the earlier model mostly preferred."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(answers):
        one, two = sorted(random.choice(len(models), 2, replace=False))
        names = [models[one], models[two]]
        if flipped := random.random() < 0.5:
            names.reverse()
        better = "second" if flipped else "first"
        worse = "first" if flipped else "second"
        lot = random.random()
        chosen = "tie" if lot < ties else better if lot < ties + (1 - ties) * 0.65 else worse
        rows.append(
            (
                f"r{random.integers(20)}",
                f"c{random.integers(12)}",
                *names,
                chosen,
                ("first", "second")[random.integers(2)],
            )
        )
    return table(rows)


def flipped(answers: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """The same answers with the other video of the marked pairs called the first."""
    other = answers.copy()
    swap = {"first": "second", "second": "first", "tie": "tie"}
    for name in ("chosen", "left"):
        other.loc[rows, name] = answers.loc[rows, name].map(swap)
    other.loc[rows, "first"], other.loc[rows, "second"] = answers.loc[rows, "second"], answers.loc[rows, "first"]
    return other


def answered(people: People | None = None, seed: int = 1, ties: bool = True) -> tuple[Study, Simulated]:
    """A small study and its answers: 16 raters, 8 clips, 12 test trials each."""
    study = invented_study(MODELS, 8, 16, 12, ties, repeats=2, checks=2)
    return study, simulate(study, people or People(STRENGTHS), 16, seed)
