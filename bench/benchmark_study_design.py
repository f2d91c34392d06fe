"""How long the design of a study takes and how even it is, and whether its power is that of simulated studies.

    python -m bench.benchmark_study_design

prints both tables.
"""

from __future__ import annotations

import math
import time
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.table import Table
from scipy.stats import t

from bench.progress import out
from bench.study.candidates import Candidate
from bench.study.choose import stratified_cases
from bench.study.names import Names
from bench.study.plan import make_plan
from bench.study.reserve import reserve
from bench.study.size import size_of
from bench.study.write_down import Draft, clips_of, study_of
from reports.study.design import design_blocks
from reports.study.files import study_text
from reports.study.power import Plan

LIMIT = 5.0
SIZES = ((2, 100, 30, 24), (3, 50, 40, 24), (4, 60, 60, 24), (5, 500, 210, 24), (10, 40, 120, 24), (10, 40, 60, 45))
"""Models, cases, raters, trials a rater; the fourth has 5,000 pairs."""
PLANS = (
    Plan(30, 8, 24),
    Plan(60, 4, 24, rater_icc=0.1, clip_icc=0.05),
    Plan(24, 12, 60, rater_icc=0.02, clip_icc=0.2),
    Plan(40, 6, 30, comparisons=3),
)


def speed_table() -> Table:
    """Seconds from candidates to the text of the study file, without media."""
    table = Table(title="design of a study, without media", title_justify="left")
    headings = (
        "models",
        "cases",
        "pairs",
        "raters",
        "trials",
        "connected",
        "pair shown",
        "left - right",
        "in all",
        "clip in a block",
    )
    for heading in (*headings, "alike in a row", "efficiency", "seconds", "of processor", "limit"):
        table.add_column(heading, justify="right")
    for models, cases, raters, trials in SIZES:
        start, spent = time.perf_counter(), time.process_time()
        draft = _designed(models, cases, raters, trials)
        seconds, spent = time.perf_counter() - start, time.process_time() - spent
        balance = draft.design.balance
        low, high = balance.pair_shown
        table.add_row(
            str(models), str(cases), str(len(draft.design.pairs)), str(raters), str(trials), f"{balance.connected}/{balance.blocks}",
            f"{low} to {high}", str(balance.side_in_block), str(balance.side_overall), str(balance.case_in_block),
            str(balance.neighbours), f"{balance.efficiency:.4f}", f"{seconds:.1f}", f"{spent:.1f}", f"{LIMIT:.0f}",
        )  # fmt: skip
    return table


def _designed(models: int, take: int, raters: int, trials: int) -> Draft:
    names = [f"model-{number}" for number in range(models)]
    plan = make_plan({"name": "speed", "models": names, "raters": raters, "trials_a_rater": trials, "take": take})
    cases = [
        Candidate(
            "d/test/self", f"case-{number}", f"s{number % 40}", ("happy", "sad", "angry")[number % 3], str(1 + number % 3),
            Path("clip.mp4"), 25.0, 256, 256, 75, True, {name: Path(name) for name in names}, dict.fromkeys(names, 75),
        )
        for number in range(take + take // 5)
    ]  # fmt: skip
    comparisons = list(combinations(names, 2))
    size = size_of(plan, len(cases), len(comparisons))
    rng = np.random.default_rng(0)
    place = {case.key: number for number, case in enumerate(cases)}
    chosen = [place[case.key] for case in stratified_cases(cases, take, "equal", rng)]
    pools, practice = reserve(plan, cases, set(chosen), comparisons, rng)
    design = design_blocks(
        names, list(combinations(range(models), 2)), [chosen] * len(comparisons), size.raters, trials, plan.repeats,
        [[extra.case for extra in pool] for pool in pools], plan.practice,
    )  # fmt: skip
    draft = Draft(plan, cases, comparisons, design, [extra for pool in pools for extra in pool], practice, "")
    ids = Names("00" * 32, 0)
    hashes = {clip.name: "0" * 64 for clip in clips_of(draft, ids)}
    study_text(study_of(draft, size, dict.fromkeys(names, "1"), ids, hashes, "out"))
    return draft


def simulated_power(plan: Plan, preference: float, studies: int, seed: int) -> float:
    """Share of simulated studies whose two-way clustered t-test tells the preference from one half.

    Every rater sees `plan.trials` cases in turn. Raters and clips shift the chance of an answer by plus or minus the standard
    deviation that gives answers of one rater, and about one clip, the plan's intraclass correlations. The variance of the
    mean is that of Cameron, Gelbach and Miller (2011): by raters, plus by clips, less by both.
    """
    rng = np.random.default_rng(seed)
    trials, spread = round(plan.trials), preference * (1 - preference)
    case = np.arange(plan.raters * trials) % plan.cases
    rater = np.repeat(np.arange(plan.raters), trials)
    of_rater = math.sqrt(plan.rater_icc * spread) * rng.choice([-1, 1], (studies, plan.raters))
    of_case = math.sqrt(plan.clip_icc * spread) * rng.choice([-1, 1], (studies, plan.cases))
    answers = (rng.random((studies, len(case))) < preference + of_rater[:, rater] + of_case[:, case]).astype(float)
    mean = answers.mean(axis=1, keepdims=True)
    rest = answers - mean
    variance = -(rest**2).sum(axis=1)
    for units, member in ((plan.raters, rater), (plan.cases, case)):
        variance += ((rest @ np.eye(units)[member]) ** 2).sum(axis=1) * units / (units - 1)
    error = np.sqrt(np.maximum(variance, 1e-9)) / len(case)
    limit = t.isf(plan.alpha / plan.comparisons / 2, min(plan.raters, plan.cases) - 1)
    return float(np.mean(np.abs(mean[:, 0] - 0.5) > limit * error))


def power_table(studies: int = 4000) -> Table:
    """The formula beside simulation; at 50 % the simulation's share of false alarms."""
    table = Table(title=f"power by formula, in brackets by {studies} simulated studies", title_justify="left")
    for heading in ("raters", "trials", "clips", "rater ICC", "clip ICC", "alpha", "50%", "60%", "65%", "70%"):
        table.add_column(heading, justify="right")
    for plan in PLANS:
        cells = [f"({simulated_power(plan, 0.5, studies, 2):.3f})"]
        cells += [f"{plan.power(p):.3f} ({simulated_power(plan, p, studies, 2):.3f})" for p in (0.6, 0.65, 0.7)]
        given = (
            plan.raters,
            f"{plan.trials:g}",
            plan.cases,
            plan.rater_icc,
            plan.clip_icc,
            f"{plan.alpha / plan.comparisons:.3g}",
        )
        table.add_row(*map(str, given), *cells)
    return table


if __name__ == "__main__":
    out.print(speed_table())
    out.print(power_table())
