"""What is asked of the results beyond their sums: who differs from whom, where, and which metrics go together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.report.angles import angles
from bench.report.correlation import correlation_rows
from bench.report.groups import Groups, groups_of
from bench.report.held import Held
from bench.report.media import media_rows
from bench.report.pairs import paired_rows
from bench.report.results import CaseSetResults
from bench.report.strata import strata_rows
from bench.report_tables import context_of
from bench.workspace import Workspace
from metrics.base import Metric


def findings(
    root: Path, results: Sequence[CaseSetResults], chosen: Sequence[Metric], seed: int
) -> dict[str, pd.DataFrame]:
    """Tables ``cases``, ``differences``, ``groups``, ``strata``, ``correlation`` and ``media`` of `reports.ReportData`.

    Args:
        root: below which the report is written. seed: of the draws of speakers, which all models and metrics share.
    """
    held = Held("this run", Workspace(root), sets={str(item.cases): item for item in results})
    parts: dict[str, list[pd.DataFrame]] = {}
    for item in results:
        turned = angles(item)
        every = groups_of(item.table, turned)
        found: Mapping[str, Iterable[Any] | pd.DataFrame] = {
            "cases": item.table.assign(angle=turned),
            "differences": paired_rows(held, item, chosen, seed),
            "groups": pd.concat([_members(item, groups) for groups in every] or [pd.DataFrame()]),
            "strata": strata_rows(held, item, every, chosen, seed),
            "correlation": correlation_rows(held, item, chosen),
            "media": media_rows(item, root / "report"),
        }
        for name, rows in found.items():
            frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
            parts.setdefault(name, []).append(frame.assign(**context_of(item.cases)))
    return {name: stacked(frames) for name, frames in parts.items()}


def _members(item: CaseSetResults, groups: Groups) -> pd.DataFrame:
    inside = groups.codes >= 0
    labels = np.array([*groups.labels, ""], dtype=object)[groups.codes[inside]]
    return pd.DataFrame({
        "case": item.table["case"].to_numpy()[inside], "kind": groups.kind, "title": groups.title, "label": labels,
        "place": groups.codes[inside],
    })  # fmt: skip


def stacked(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """One below the other; without columns where there is no row."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
