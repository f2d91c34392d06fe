"""Which of the sanity rows of a run each metric can tell from the ground truth."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.config import CaseSet, Params
from bench.store import read_table
from bench.summary import REPLICATES
from bench.validity.markdown import markdown
from bench.validity.words import with_interval
from bench.workspace import Workspace
from metrics import statistics
from metrics.base import ARROWS, Metric, weighted_mean

SANITY = ("re-encoded", "still", "shuffled", "shifted")


def sanity_table(params: Params, workspace: Workspace, chosen: Sequence[Metric]) -> str:
    """Paired difference of every sanity model from the ground truth, a table a case set."""
    parts = []
    models = [model for model in SANITY if model in params.models]
    for cases in params.case_sets():
        scores = {m: read_table(workspace.scores_table(cases, m), "make demo") for m in ("ground-truth", *models)}
        speakers = read_table(workspace.cases_table(cases), "make demo").set_index("case")["speaker"]
        rows = []
        for metric in chosen:
            if metric.corpus:
                continue
            cells = [_difference(scores["ground-truth"], scores[model], metric, speakers) for model in models]
            if any(cell != "–" for cell in cells):
                rows.append((metric.title, ARROWS[metric.better], *cells))
        parts.append(f"### {_title(cases)}\n\n" + markdown(("metric", "", *models), rows) + "\n")
    return "".join(parts)


def _title(cases: CaseSet) -> str:
    return f"{cases.dataset}, {cases.split}, protocol {cases.protocol}"


def _difference(base: pd.DataFrame, other: pd.DataFrame, metric: Metric, speakers: pd.Series) -> str:
    values = [
        frame[(frame["metric"] == metric.name) & frame["value"].notna()].set_index("case")["value"]
        for frame in (base, other)
    ]
    common = [case for case in values[0].index if case in values[1].index]
    if not common:
        return "–"
    clusters = [str(speakers[case]) for case in common]
    weights = statistics.bootstrap_weights(clusters, REPLICATES)
    first, second = ([float(part[case]) for case in common] for part in values)
    found = statistics.paired_difference(weighted_mean, first, second, clusters, weights).interval
    text = with_interval(found)
    return f"**{text}**" if found.low > 0 or found.high < 0 else text
