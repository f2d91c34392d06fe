"""The results of a run that are in memory already, in the form in which sides are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.compare.results import CASE_LABELS, Results
from bench.compare.scored import Scored, replicates_of, scored_of
from bench.report.results import CaseSetResults
from metrics.base import Metric


@dataclass(frozen=True)
class Held(Results):
    """`Results` of which nothing is read again.

    Attributes:
        sets: the case sets by name.
    """

    sets: Mapping[str, CaseSetResults] = field(default_factory=dict)

    def scored(self, cases: str, model: str) -> Scored | None:
        return self._matrices.get((cases, model))

    def labels(self, cases: str) -> pd.DataFrame | None:
        return self._labels[cases]

    @cached_property
    def _labels(self) -> dict[str, pd.DataFrame]:
        return {
            name: item.table[list(CASE_LABELS)].drop_duplicates("case").set_index("case")
            for name, item in self.sets.items()
        }

    @cached_property
    def _matrices(self) -> dict[tuple[str, str], Scored]:
        return {
            (name, model.model): scored_of(model.scores, *replicates_of(model.replicates))
            for name, item in self.sets.items()
            for model in item.models
            if len(model.scores)
        }


def values_of(side: Scored, metrics: Sequence[Metric], cases: Sequence[str]) -> NDArray[np.float64]:
    """Values of these cases and metrics, ``(cases, metrics)``, NaN where there is none."""
    rows = pd.Index(side.cases).get_indexer(pd.Index(cases))
    columns = pd.Index(side.metrics).get_indexer(pd.Index([metric.name for metric in metrics]))
    found = np.full((len(rows), len(columns)), np.nan)
    place = np.ix_(rows >= 0, columns >= 0)
    known = np.where(side.scored & np.isfinite(side.values), side.values, np.nan)
    found[place] = known[np.ix_(rows[rows >= 0], columns[columns >= 0])]
    return found


def clusters_of(item: CaseSetResults) -> NDArray[np.object_]:
    """Speaker of each case ``(cases,)``, named as `bench.compare` names them, so that draws are the same."""
    return np.array([f"{item.cases.dataset}:{speaker}" for speaker in item.table["speaker"]], dtype=object)
