"""Do the intervals of a study's analysis cover what they claim, and are careless raters found?

Simulated studies of three models in a design as `study design` makes it. Truth is what an endless number of such raters and
clips would give: shares by integration, strengths by maximizing the expected likelihood directly, without the GLM.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import cast

import numpy as np
import pandas as pd
from rich.table import Table
from scipy import optimize

from bench.progress import out
from metrics.statistics import bootstrap_counts
from reports.study.analysis.answers import counted, fit_answers
from reports.study.analysis.clusters import FloatArray, Resampling
from reports.study.analysis.estimates import Estimate
from reports.study.analysis.exclude import exclude
from reports.study.analysis.metrics import Metric, MetricValues, metric_agreement
from reports.study.analysis.preferences import preferences
from reports.study.analysis.scores import Kind, fit_scores
from reports.study.design import design_blocks
from reports.study.schema import Block, Exclusions, Pair, Question, Side, Study, Trial
from reports.study.simulate import People, expected_shares, simulate

SIMULATIONS, REPLICATES = 200, 400
MODELS = ("one", "two", "three")
STRENGTHS = {"one": 0.7, "two": 0.0, "three": -0.5}
RULES = Exclusions(checks_missed=1, fastest_seconds=0.8, one_side=0.9)


@dataclass(frozen=True)
class Setting:
    """One kind of study: raters, clips, test trials of a rater, and who the raters are."""

    name: str
    raters: int
    clips: int
    trials: int
    people: People
    ties: bool = True


PEOPLE = People(STRENGTHS, ties=0.25, position=0.2)
EQUAL = "models are equal"
SETTINGS = (
    Setting("20 raters, 12 clips", 20, 12, 18, PEOPLE),
    Setting("40 raters, 24 clips", 40, 24, 24, PEOPLE),
    Setting("the same, no ties", 40, 24, 24, PEOPLE, ties=False),
    Setting("100 raters, 40 clips", 100, 40, 20, PEOPLE),
    Setting("answers independent", 40, 24, 24, replace(PEOPLE, rater_sd=0, clip_sd=0)),
    Setting("clips differ much", 40, 24, 24, replace(PEOPLE, rater_sd=0.2, clip_sd=0.9)),
    Setting("raters differ much", 40, 24, 24, replace(PEOPLE, rater_sd=0.9, clip_sd=0.2)),
    Setting("one in six careless", 40, 24, 24, replace(PEOPLE, careless=1 / 6)),
    Setting(EQUAL, 40, 24, 24, replace(PEOPLE, strengths={}, position=0.0)),
)
"""40 raters of 24 trials on 24 clips where nothing else is said."""


def invented_study(
    models: Sequence[str], clips: int, raters: int, trials: int, ties: bool = True, questions: Sequence[str] = ("overall",),
    repeats: int = 4, checks: int = 3, seed: int = 0,
) -> Study:  # fmt: skip
    """A study of clips that nobody filmed, in a real design: every pair of models, two emotions, three speakers."""
    compared = list(combinations(range(len(models)), 2))
    design = design_blocks(
        models, compared, [range(clips)] * len(compared), raters, trials, repeats, [[0]] * checks, seed=seed
    )
    asked = tuple(Question(question=name, ties=ties) for name in questions)

    def pair(name: str, clip: int, one: str, two: str, **more: str) -> Pair:
        sides = [Side(model=model, media=f"{name}-{model}.mp4", sha256="0" * 64) for model in (one, two)]
        labels = {"speaker": f"s{clip % 3}", "emotion": ("happy", "sad")[clip % 2], "level": ""}
        return Pair.model_validate(
            {"pair": name, "case": f"clip-{clip:02d}", "cases": "invented/test/self", **labels, "first": sides[0], "second": sides[1], "seconds": 3.0, **more}
        )  # fmt: skip

    tests = [
        pair(f"t{number:04d}", clip, models[compared[comparison][0]], models[compared[comparison][1]])
        for number, (comparison, clip) in enumerate(design.pairs)
    ]
    spoiled = [
        pair(f"c{number}", 0, "ground-truth", "broken-sound", kind="broken-sound", expected="first")
        for number in range(checks)
    ]
    blocks = [
        Block(block=f"b{number:03d}", code=f"code{number}", trials=tuple(
            Trial(
                trial=f"b{number:03d}-{place:02d}", pair=(spoiled if slot.kind == "check" else tests)[slot.number].pair,
                left="first" if slot.left else "second", repeat=slot.kind == "repeat",
            ) for place, slot in enumerate(slots)
        )) for number, slots in enumerate(design.blocks)
    ]  # fmt: skip
    return Study(
        study="invented", seed=seed, criterion="invented", questions=asked, models=dict.fromkeys(models, "1"), raters=raters,
        exclusions=RULES, pairs=(*tests, *spoiled), blocks=tuple(blocks),
    )  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """What intervals should hold: rates by pair of models, and by kind of fit strengths, position and log tie parameter."""

    rates: dict[tuple[str, str], float]
    fits: dict[str, tuple[dict[str, float], float, float | None]]

    @classmethod
    def of(cls, people: People, ties: bool) -> Truth:
        """Every pair of models in both positions equally often, as the design shows them."""
        ordered = [(left, right) for left in MODELS for right in MODELS if left != right]
        shares = {names: expected_shares(people, *names, ties) for names in ordered}

        def won(left: str, right: str) -> float:
            return float(shares[left, right][0] + shares[left, right][2] / 2)

        rates = {(a, b): (won(a, b) + 1 - won(b, a)) / 2 for a, b in combinations(MODELS, 2)}
        kinds = ("Bradley-Terry", "Davidson") if ties else ("Bradley-Terry",)
        return cls(rates, {kind: _most_likely(shares, kind == "Davidson") for kind in kinds})


def _most_likely(
    shares: Mapping[tuple[str, str], FloatArray], with_ties: bool
) -> tuple[dict[str, float], float, float | None]:
    """Strengths, position and log tie parameter under which endless answers with these shares are most likely."""

    def surprise(values: FloatArray) -> float:
        strength, (position, log_ties) = dict(zip(MODELS, (0.0, *values[:2]), strict=True)), values[2:]
        total = 0.0
        for (left, right), share in shares.items():
            half = (strength[left] - strength[right] + position) / 2
            odds = np.array([half, -half, log_ties])[: 3 if with_ties else 2]
            total -= float(share[: len(odds)] @ (odds - np.logaddexp.reduce(odds)))
        return total

    found = optimize.minimize(surprise, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    strengths = dict(zip(MODELS, (0.0, *found[:2]), strict=True))
    middle = sum(strengths.values()) / len(strengths)
    centred = {model: float(value - middle) for model, value in strengths.items()}
    return centred, float(found[2]), float(found[3]) if with_ties else None


@dataclass
class Tally:
    """Over the studies of a setting: intervals by what they are of (held the truth or not), alarms, raters found."""

    held: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    alarms: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    found: int = 0
    careless: int = 0
    wrongly: int = 0
    attentive: int = 0

    def add(self, kind: str, estimate: Estimate, truth: float) -> None:
        self.held[kind].append(bool(estimate.low <= truth <= estimate.high))


def try_setting(setting: Setting, simulations: int) -> Tally:
    """Simulate and analyse so many studies."""
    study = invented_study(MODELS, setting.clips, setting.raters, setting.trials, setting.ties)
    truth, tally = Truth.of(setting.people, setting.ties), Tally()
    for seed in range(simulations):
        made = simulate(study, setting.people, setting.raters, seed)
        answers = fit_answers(study, made.answers, made.raters)
        out_of_it = exclude(study, answers)
        tally.found += len(out_of_it.out & made.careless)
        tally.wrongly += len(out_of_it.out - made.careless)
        tally.careless += len(made.careless)
        tally.attentive += setting.raters - len(made.careless)
        kept = counted(out_of_it.kept(answers.choices))
        rates = preferences(study, kept, Resampling(bootstrap_counts, REPLICATES, seed))
        for each in rates:
            tally.add("rates", each.rate, truth.rates[each.model, each.other])
        tally.alarms["one rate"] += [each.rate.p_value < 0.05 for each in rates]
        tally.alarms["any rate, adjusted"].append(any(each.rate.adjusted < 0.05 for each in rates))
        for kind, (strengths, position, ties) in truth.fits.items():
            scores = fit_scores("overall", cast(Kind, kind), MODELS, kept)
            short = "BT" if kind == "Bradley-Terry" else "D"
            for model, estimate in scores.strengths.items():
                tally.add(f"{short} score", estimate, strengths[model])
            tally.add(f"{short} side", scores.position, position)
            if scores.ties is not None and ties is not None:
                tally.add("D ties", scores.ties, ties)
            tally.alarms[f"{short} difference"] += [each.p_value < 0.05 for each in scores.differences.values()]
    return tally


AGREEMENT = ("accuracy", "spearman", "kendall", "within")


def try_metrics(simulations: int) -> dict[str, dict[str, tuple[float, float]]]:
    """For a metric that knows how good models are, roughly, and one that is noise: coverage and share of p below 0.05.

    What studies with as many raters and clips give on average counts as the truth: answers are noisy, and so the correlation
    with them is smaller than with the opinion of all people.
    """
    people, rows = SETTINGS[1].people, defaultdict(list)
    study = invented_study(MODELS, SETTINGS[1].clips, SETTINGS[1].raters, SETTINGS[1].trials)
    tests = [pair for pair in study.pairs if pair.kind == "test"]
    measured = [Metric("knows models", "", "", "higher"), Metric("noise", "", "", "higher")]
    for seed in range(simulations):
        made = simulate(study, people, SETTINGS[1].raters, seed)
        answers = counted(fit_answers(study, made.answers, made.raters).choices)
        random = np.random.default_rng(seed)
        noise = {(pair.case, model): random.normal(size=2) for pair in tests for model in MODELS}
        values = []
        for pair in tests:
            sides = [(pair.case, side.model) for side in (pair.first, pair.second)]
            values.append(
                ("knows models", pair.pair, *(STRENGTHS[model] + 0.7 * noise[case, model][0] for case, model in sides))
            )
            values.append(("noise", pair.pair, *(noise[side][1] for side in sides)))
        table = pd.DataFrame(values, columns=["metric", "pair", "first", "second"])
        given = MetricValues(measured, table, pd.DataFrame())
        for each in metric_agreement("overall", answers, given, Resampling(bootstrap_counts, REPLICATES, seed)):
            for kind in AGREEMENT:
                rows[each.metric.metric, kind].append(getattr(each, kind))
    found: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    for (name, kind), estimates in rows.items():
        truth = float(np.mean([each.value for each in estimates]))
        held = [each.low <= truth <= each.high for each in estimates]
        found[name][kind] = (float(np.mean(held)), float(np.mean([each.p_value < 0.05 for each in estimates])))
    return found


def metric_table(found: Mapping[str, Mapping[str, tuple[float, float]]], simulations: int) -> Table:
    table = Table(
        title=f"Metrics against people, coverage (p < 0.05), % over {simulations} studies", title_justify="left"
    )
    table.add_column("metric")
    for kind in AGREEMENT:
        table.add_column(kind, justify="right")
    for name, row in found.items():
        table.add_row(name, *(f"{100 * row[kind][0]:.1f} ({100 * row[kind][1]:.1f})" for kind in AGREEMENT))
    return table


KINDS = ("rates", "BT score", "BT side", "D score", "D side", "D ties")
"""Of intervals: BT is Bradley and Terry's model, D Davidson's; side is the position effect, ties the log tie parameter."""


def coverage_table(tallies: Mapping[str, Tally], simulations: int) -> Table:
    table = Table(
        title=f"Coverage of 95 % intervals, % over {simulations} studies (BT: Bradley-Terry, D: Davidson)",
        title_justify="left",
    )
    table.add_column("study")
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for name, tally in tallies.items():
        table.add_row(name, *(f"{100 * np.mean(tally.held[kind]):.1f}" if tally.held[kind] else "–" for kind in KINDS))
    return table


def alarm_table(tally: Tally, simulations: int) -> Table:
    table = Table(
        title=f"False alarms at 0.05 between equal models, % over {simulations} studies", title_justify="left"
    )
    for kind in tally.alarms:
        table.add_column(kind, justify="right")
    table.add_row(*(f"{100 * np.mean(said):.1f}" for said in tally.alarms.values()))
    return table


def found_table(tallies: Mapping[str, Tally]) -> Table:
    table = Table(title="Raters left out by the rules, %", title_justify="left")
    for heading in ("study", "of careless ones", "of those who attend"):
        table.add_column(heading)
    for name, tally in tallies.items():
        careless = f"{100 * tally.found / tally.careless:.1f}" if tally.careless else "–"
        table.add_row(name, careless, f"{100 * tally.wrongly / tally.attentive:.2f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=SIMULATIONS)
    simulations = parser.parse_args().simulations
    tallies = {setting.name: try_setting(setting, simulations) for setting in SETTINGS}
    out.print(coverage_table(tallies, simulations))
    out.print(alarm_table(tallies[EQUAL], simulations))
    out.print(found_table(tallies))
    out.print(metric_table(try_metrics(simulations), simulations))


if __name__ == "__main__":
    main()
