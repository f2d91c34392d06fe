"""Which metrics make up a table, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.data import records
from reports.wording import number


@dataclass(frozen=True)
class Preset:
    """A named choice of columns.

    Attributes:
        name: as in file names. title: as people read it.
        metrics: names in order of columns, or None for every metric.
        if_scored: those of `metrics` that get a column only where some model has a value, because the same thing is
            also measured by a neighbour that needs no weights.
    """

    name: str
    title: str
    metrics: tuple[str, ...] | None
    if_scored: frozenset[str] = frozenset()

    def choose(self, metrics: pd.DataFrame, summary: pd.DataFrame, kept: frozenset[str] = frozenset()) -> list[str]:
        """The columns for these results: known metrics only, in the order of the preset, grouped where it has none.

        A metric that only waits for weights has no column, unless it is `kept` because others published numbers of it:
        there is a list of those, with what brings them.
        """
        waiting = waits_for_weights(summary) - kept
        known = [name for name in metrics["metric"] if name not in waiting]
        if self.metrics is None:
            groups = list(dict.fromkeys(metrics["group"]))
            order = {row.metric: groups.index(row.group) for row in records(metrics)}
            return sorted(known, key=lambda name: order[name])
        scored = {row.metric for row in records(summary) if number(row.value) is not None} | kept
        return [name for name in self.metrics if name in known and (name not in self.if_scored or name in scored)]

    def waiting(self, metrics: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
        """Those of the preset that have no column because they wait for weights, in the order of the metrics."""
        found = waits_for_weights(summary)
        return [name for name in metrics["metric"] if name in found and (self.metrics is None or name in self.metrics)]


def waits_for_weights(summary: pd.DataFrame) -> set[str]:
    """Metrics that have no row but such as say that weights are missing."""
    lacking = summary["status"] == "weights_missing"
    return set(summary.loc[lacking, "metric"]) - set(summary.loc[~lacking, "metric"])


PRESETS: Mapping[str, Preset] = {
    "paper": Preset(
        name="paper",
        title="Paper",
        metrics=(
            *("fid", "fd_efficientnet", "m_ld", "m_lvd", "f_ld", "f_lvd"),
            *("lse_c", "lse_d", "lip_corr", "lip_offset", "closure"),
            *("emotion_accuracy", "pose_mae", "csim", "id_cos_ref"),
        ),
        if_scored=frozenset({"fid", "lse_c", "lse_d", "csim"}),
    ),
    "full": Preset(name="full", title="All metrics", metrics=None),
}


def preset(name: str) -> Preset:
    """The preset of that name. Raises ValueError that lists the names there are."""
    if name not in PRESETS:
        raise ValueError(f"no table preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def group_spans(groups: Sequence[str]) -> list[tuple[str, int]]:
    """Runs of the same group as (group, number of columns)."""
    spans: list[tuple[str, int]] = []
    for group in groups:
        if spans and spans[-1][0] == group:
            spans[-1] = (group, spans[-1][1] + 1)
        else:
            spans.append((group, 1))
    return spans
