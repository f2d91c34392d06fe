"""Paired differences of corpus metrics: they have no values a clip, but replicates under weights that both sides share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.compare.differences import Paired
from bench.compare.pairs import Pair
from bench.compare.scored import Scored
from metrics import statistics
from metrics.statistics import Shares, Uncertainty


def corpus_differences(pair: Pair, metric: str) -> Iterator[tuple[str, Paired]]:
    """One a case set on which both sides have a value."""
    for cases, (one, two) in pair.corpus.get(metric, {}).items():
        values = [side.corpus[metric] for side in (one, two)]
        if not np.isfinite(values).all():
            continue
        here = pair.cases[pair.cases["case_set"] == cases].set_index("case")["cluster"]
        took_part = [case for case in _part(one, metric) if case in here.index]
        clusters = [str(cluster) for cluster in here.loc[took_part]]
        difference = _difference(one, two, metric, clusters)
        nan = float("nan")
        unit = statistics.resampling_unit(clusters)[0]
        yield cases, Paired(values[0], values[1], difference, len(took_part), nan, nan, nan, unit)


def _part(side: Scored, metric: str) -> list[str]:
    """Cases that took part, in order."""
    column = side.scored[:, side.metrics.index(metric)]
    return [case for case, has in zip(side.cases, column, strict=True) if has]


def _difference(one: Scored, two: Scored, metric: str, clusters: list[str]) -> Uncertainty:
    """Known only if both sides drew the same speakers: same cases, same seed, the same cases took part."""
    value = two.corpus[metric] - one.corpus[metric]
    unknown = Uncertainty(value, float("nan"), 0.0, 0.0, len(set(clusters)))
    alike = one.cases == two.cases and _part(one, metric) == _part(two, metric)
    if alike and value == 0:
        # To the last bit of a distance between thousands of features: nothing changed.
        return Uncertainty(0.0, 0.0, 0.0, Shares.of(clusters).degrees or 1.0, len(set(clusters)))
    replicates = [side.replicates.get(metric) for side in (one, two)]
    if replicates[0] is None or replicates[1] is None or len(replicates[0]) != len(replicates[1]):
        return unknown
    if one.seed != two.seed or not alike:
        return unknown
    return statistics.uncertainty(value, replicates[1] - replicates[0], Shares.of(clusters))
