"""From the outcomes of all cases to one number a metric, with its interval: a bootstrap over speakers that all metrics share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.features import FeatureStore
from bench.outcomes import EstimateCache, Outcome
from metrics import statistics
from metrics.base import FloatArray, Metric, Status, Unscorable
from metrics.frechet import FrechetAggregate
from metrics.sample_size import size_effect

REPLICATES = 1000
CORPUS_REPLICATES = 200
"""Resamples of a metric that has only an aggregate: each costs a matrix decomposition."""
LEAST_SIZED, SUBSETS = 8, 5
"""Clips from which on Fréchet distances are computed for a quarter and half of them too, and of how many random subsets."""
FEW_SPEAKERS = 5

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """What resampling knows of a case: the hash of its contents (empty where it has no video) and its speaker."""

    key: str
    speaker: str


@dataclass(frozen=True)
class Corpus:
    """The cases of one model, and how a corpus metric reads its sample of one of them again.

    Attributes:
        sample: (metric, index of a case that it has an outcome for) -> what its `per_clip` gives.
    """

    cases: Sequence[Case]
    sample: Callable[[Metric, int], Any]
    store: FeatureStore


def summarize(
    corpus: Corpus,
    outcomes: Mapping[str, Sequence[Outcome]],
    chosen: Sequence[Metric],
    identities: Mapping[str, str],
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Aggregate, 95 % interval (bootstrap over speakers), n and asked, by metric.

    The weights depend on the cases and the seed alone, so every model and metric is resampled alike. A corpus metric's
    entry has its ``replicates`` too (None where one has no value): two models of the same cases can be compared by them.
    """
    speakers = [case.speaker for case in corpus.cases]
    weights = statistics.bootstrap_weights(speakers, REPLICATES, seed)
    summary: dict[str, dict[str, Any]] = {}
    for metric in chosen:
        found = outcomes[metric.name]
        index = [i for i, outcome in enumerate(found) if not isinstance(outcome, Unscorable)]
        failures = [outcome for outcome in found if isinstance(outcome, Unscorable)]
        asked = len(found) - sum(failure.status is Status.NOT_APPLICABLE for failure in failures)
        entry: dict[str, Any] = {
            "value": None, "low": None, "high": None, "n": len(index), "asked": asked, "status": Status.OK.value, "note": "",
            "coverage": round(len(index) / asked, 4) if asked else None, "protocol_id": identities[metric.name],
            "clusters": len({speakers[i] for i in index}),
        }  # fmt: skip
        if index and metric.corpus:
            entry |= _of_corpus(metric, identities[metric.name], index, corpus, weights, seed)
        elif index:
            values = [found[i] for i in index]
            columns = _columns(weights, index)
            entry |= _estimated(metric.aggregate, values, [speakers[i] for i in index], columns, metric.limits)
        else:
            first = next(
                (f for f in failures if f.status is not Status.NOT_APPLICABLE), failures[0] if failures else None
            )
            entry["status"] = first.status.value if first else Status.UNDEFINED.value
            entry["note"] = first.detail if first else "no cases"
        summary[metric.name] = entry
    return summary


def _columns(weights: Weights, index: Sequence[int]) -> Weights:
    return weights if len(index) == weights.shape[1] else weights[:, index]


def _of_corpus(
    metric: Metric, identity: str, index: Sequence[int], corpus: Corpus, weights: Weights, seed: int
) -> dict[str, Any]:
    """Entries of a corpus metric over these cases, computed once for the same contents and speakers."""
    settings = {"seed": seed, "replicates": CORPUS_REPLICATES, "sizes": [LEAST_SIZED, SUBSETS]}
    cache = EstimateCache(corpus.store, metric, identity, settings)
    took_part = set(index)
    # The draws depend on the speakers of all cases, those that have no value too.
    asked = [(case.key if i in took_part else "", case.speaker) for i, case in enumerate(corpus.cases)]
    found = cache.load(asked)
    if found is None:
        samples = _Samples(metric, index, corpus)
        shared = _Shared(metric.aggregate, samples) if hasattr(metric.aggregate, "prepare") else metric.aggregate
        values = samples if isinstance(shared, _Shared) else list(samples)
        speakers = [corpus.cases[i].speaker for i in index]
        found = _estimated(
            shared, values, speakers, _columns(weights[:CORPUS_REPLICATES], index), metric.limits, metric.aggregate
        )
        cache.save(asked, found)
    return found


class _Samples(Sequence[Any]):
    """Samples of a corpus metric's clips, read when they are looked at: those of a large corpus never lie in memory together."""

    def __init__(self, metric: Metric, index: Sequence[int], corpus: Corpus) -> None:
        self.metric, self.cases, self.corpus = metric, index, corpus

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, number: Any) -> Any:
        return self.corpus.sample(self.metric, self.cases[number])


class _Shared:
    """An aggregate whose work for all weights is done once, for the value, the interval and the effect of size."""

    def __init__(self, aggregate: Any, samples: Sequence[Any]) -> None:
        self.evaluate: Callable[[FloatArray], float] = aggregate.prepare(samples)

    def __call__(self, samples: Sequence[Any], weights: FloatArray) -> float:
        return self.evaluate(weights)

    def prepare(self, samples: Sequence[Any]) -> Callable[[FloatArray], float]:
        return self.evaluate


def _estimated(
    aggregate: Any, values: Sequence[Any], speakers: Sequence[str], weights: Weights, limits: tuple[float, float],
    kind: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Entries of the summary: the aggregate and its interval, or why there is none.

    Args:
        limits: beyond which no value can lie, so the interval does not either. kind: of what `aggregate` is a form.
    """
    corpus, kind = kind is not None, aggregate if kind is None else kind
    try:
        value = float(aggregate(values, np.ones(len(values))))
        replicates = statistics.replicate_values(aggregate, values, weights)
    except Unscorable as error:
        return {"status": error.status.value, "note": error.detail}
    found = statistics.uncertainty(value, replicates, statistics.Shares.of(speakers)).interval()
    if not np.isfinite(found.value):
        refusal = getattr(kind, "refusal", lambda samples: None)(values)
        return {"status": Status.UNDEFINED.value, "note": refusal or f"not defined on {len(values)} case(s)"}
    entry: dict[str, Any] = {"value": found.value}
    if np.isfinite(found.low) and np.isfinite(found.high):
        # The value itself may be a rounding error beyond.
        low, high = np.clip([found.low, found.high], *limits)
        entry.update(low=min(float(low), found.value), high=max(float(high), found.value))
    if corpus:
        entry["replicates"] = [each if np.isfinite(each) else None for each in replicates.tolist()]
    if isinstance(kind, FrechetAggregate) and len(values) >= LEAST_SIZED:
        sizes = [len(values) // part for part in (4, 2, 1)]
        entry["size_effect"] = asdict(size_effect(aggregate, values, sizes, SUBSETS))
    unit, count = statistics.resampling_unit(speakers)
    if unit == "clip":
        entry["note"] = "one speaker: the interval resamples clips and says nothing of other speakers"
    elif count < FEW_SPEAKERS:
        entry["note"] = f"interval over {count} speakers only, hence wide"
    return entry
