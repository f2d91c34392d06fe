"""`make bench`: do the intervals cover what they claim, are false alarms as rare as promised, and how fast is `compare`?

Simulated speakers differ as much as their clips do (intraclass correlation 0.5). Clips a speaker: 5 each, or unbalanced
(1, 3, 3, 10, 2, 5, 1, 14, ...). Values: normal, skewed (lognormal, skewness 1.75) and very skewed (3.7). Corpus metric: the
Fréchet distance of 8-dimensional features, whose claim is the distance that as many clips of other speakers would give.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from bench.benchmark_compare import compare_speed
from bench.benchmark_table import table_speed
from bench.progress import out
from metrics import statistics
from metrics.base import weighted_mean
from metrics.frechet import FrechetAggregate
from metrics.statistics import Shares

SPEAKERS = (3, 4, 8, 20, 100)
SIMULATIONS = 500
REPLICATES, CORPUS_REPLICATES = 1000, 200
NOMINAL = 0.95
LOGNORMAL = {"normal": 0.0, "skewed": 0.5, "very skewed": 0.8}
UNBALANCED = (1, 3, 3, 10, 2, 5, 1, 14)
DIMENSIONS, FRAMES = 8, 6
METRICS = 20


@dataclass(frozen=True)
class Setting:
    """One kind of simulated corpus: how many speakers, with 5 clips each or unbalanced."""

    speakers: int
    balanced: bool

    @property
    def sizes(self) -> NDArray[np.int64]:
        repeated = np.resize(np.array(UNBALANCED), self.speakers)
        return np.full(self.speakers, 5) if self.balanced else repeated

    @property
    def clusters(self) -> list[str]:
        return [f"s{i:03d}" for i in np.repeat(np.arange(self.speakers), self.sizes)]


def draw(setting: Setting, shape: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Values of the clips ``(n,)``; their expectation is `expectation`."""
    of_speakers = random.normal(size=setting.speakers)[np.repeat(np.arange(setting.speakers), setting.sizes)]
    latent = np.sqrt(0.5) * (of_speakers + random.normal(size=len(of_speakers)))
    return np.exp(shape * latent) if shape else latent


def expectation(shape: float) -> float:
    return float(np.exp(shape**2 / 2)) if shape else 0.0


def percentile(replicates: NDArray[np.float64]) -> tuple[float, float]:
    """What this suite does not do, for comparison: the plain percentile interval."""
    low, high = np.nanquantile(replicates, [(1 - NOMINAL) / 2, (1 + NOMINAL) / 2])
    return float(low), float(high)


def mean_coverage(setting: Setting, shape: float, simulations: int, seed: int) -> tuple[float, float]:
    """Share of intervals that hold the true mean: ours, and plain percentiles."""
    random = np.random.default_rng(seed)
    clusters, truth = setting.clusters, expectation(shape)
    weights, shares = statistics.bootstrap_weights(clusters, REPLICATES), Shares.of(clusters)
    ours = plain = 0
    for _ in range(simulations):
        values = draw(setting, shape, random)
        replicates = statistics.replicate_values(weighted_mean, values.tolist(), weights)
        found = statistics.uncertainty(float(values.mean()), replicates, shares).interval(NOMINAL)
        ours += found.low <= truth <= found.high
        low, high = percentile(replicates)
        plain += low <= truth <= high
    return ours / simulations, plain / simulations


def corpus_coverage(setting: Setting, simulations: int, seed: int) -> tuple[float, float]:
    """As `mean_coverage`, for the difference of two models' Fréchet distances from the same real clips."""
    random = np.random.default_rng(seed)
    clusters = setting.clusters
    weights, shares = statistics.bootstrap_weights(clusters, CORPUS_REPLICATES), Shares.of(clusters)
    found, replicates = np.empty(simulations), np.empty((simulations, CORPUS_REPLICATES))
    for number in range(simulations):
        values = np.zeros(1 + CORPUS_REPLICATES)
        for sign, samples in zip((1, -1), _two_models(setting, random), strict=True):
            evaluate = FrechetAggregate().prepare(samples)
            rows = np.concatenate([np.ones((1, len(clusters))), weights])
            values += sign * np.array([evaluate(row) for row in rows])
        found[number], replicates[number] = values[0], values[1:]
    truth = float(found.mean())
    ours = plain = 0
    for value, row in zip(found, replicates, strict=True):
        interval = statistics.uncertainty(float(value), row, shares).interval(NOMINAL)
        ours += interval.low <= truth <= interval.high
        low, high = percentile(row)
        plain += low <= truth <= high
    return ours / simulations, plain / simulations


def _two_models(setting: Setting, random: np.random.Generator) -> list[list[tuple[NDArray, NDArray]]]:
    """Features of the frames of every clip ``(FRAMES, DIMENSIONS)`` of two models, each beside the real ones."""
    member = np.repeat(np.arange(setting.speakers), setting.sizes)

    def features(spread: float) -> NDArray[np.float64]:
        speaker = random.normal(size=(setting.speakers, 1, DIMENSIONS))[member]
        return spread * (speaker + random.normal(size=(len(member), FRAMES, DIMENSIONS)))

    real = features(1.0)
    models = [real + features(0.3) + 0.3, real + features(0.6) - 0.5]
    return [list(zip(model, real, strict=True)) for model in models]


def false_alarms(setting: Setting, simulations: int, seed: int) -> dict[str, float]:
    """How often comparing a model with an equal one tells a difference, in 20 correlated metrics.

    Returns:
        ``one metric``: share of all single tests. ``any of 20``: share of comparisons with any, after adjusting.
        ``permutation``: share of single permutation tests.
    """
    random = np.random.default_rng(seed)
    clusters = setting.clusters
    member, count = statistics.unit_of(clusters)
    weights, shares = statistics.bootstrap_weights(clusters, REPLICATES), Shares.of(clusters)
    flips = statistics.sign_flips(count)
    single, any_of, flipped = 0, 0, 0
    for _ in range(simulations):
        common = draw(setting, 0.0, random)
        changes = [0.7 * common + 0.7 * draw(setting, 0.0, random) for _ in range(METRICS)]
        p_values = [
            statistics.uncertainty(
                float(change.mean()), statistics.replicate_values(weighted_mean, change.tolist(), weights), shares
            ).p_value()
            for change in changes
        ]
        single += sum(p_value < 0.05 for p_value in p_values)
        any_of += bool((statistics.adjusted(p_values) < 0.05).any())
        sums = np.stack(
            [np.bincount(member, weights=change, minlength=count) for change in changes], axis=1, dtype=np.float64
        )
        flipped += int((statistics.permutation_p(sums, flips) < 0.05).sum())
    tests = simulations * METRICS
    return {"one metric": single / tests, f"any of {METRICS}": any_of / simulations, "permutation": flipped / tests}


def coverage_table(simulations: int, speakers: Sequence[int] = SPEAKERS) -> Table:
    table = Table(
        title=f"Coverage of 95 % intervals, % of {simulations} simulations (in brackets: plain percentiles)",
        title_justify="left",
    )
    table.add_column("values")
    table.add_column("clips a speaker")
    for count in speakers:
        table.add_column(f"{count} speakers", justify="right")
    kinds: list[tuple[str, Callable[[Setting, int], tuple[float, float]]]] = [
        (name, lambda setting, seed, shape=shape: mean_coverage(setting, shape, simulations, seed))  # type: ignore[misc]
        for name, shape in LOGNORMAL.items()
    ]
    # A decomposition each: a third of the simulations serves.
    kinds.append(
        ("Fréchet difference (a third as many)", lambda setting, seed: corpus_coverage(setting, simulations // 3, seed))
    )
    for name, cover in kinds:
        for balanced in (True, False):
            cells = [cover(Setting(count, balanced), count) if _feasible(name, count) else None for count in speakers]
            shown = ["–" if cell is None else f"{100 * cell[0]:.1f} ({100 * cell[1]:.0f})" for cell in cells]
            table.add_row(name, "5" if balanced else "1 to 14", *shown)
    return table


def _feasible(name: str, speakers: int) -> bool:
    """500 clips' distances under 200 weights, a hundred times over, would take a quarter of an hour."""
    return not name.startswith("Fréchet") or speakers <= 20


def alarm_table(simulations: int, speakers: Sequence[int] = SPEAKERS) -> Table:
    table = Table(
        title=f"False alarms at 0.05 where nothing differs, % over {simulations} comparisons of {METRICS} metrics",
        title_justify="left",
    )
    for heading in ("speakers", "clips a speaker", "one metric", f"any of {METRICS}, adjusted", "permutation test"):
        table.add_column(heading, justify="right")
    for count in speakers:
        for balanced in (True, False):
            rates = false_alarms(Setting(count, balanced), simulations, seed=count)
            table.add_row(str(count), "5" if balanced else "1 to 14", *(f"{100 * rate:.1f}" for rate in rates.values()))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=SIMULATIONS)
    arguments = parser.parse_args()
    out.print(coverage_table(arguments.simulations))
    out.print(alarm_table(arguments.simulations))
    out.print(compare_speed())
    out.print(table_speed())


if __name__ == "__main__":
    main()
