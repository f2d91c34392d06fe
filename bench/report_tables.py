"""Parts of result tables that the report and the paper tables share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.assets import AssetStore
from bench.config import CaseSet
from metrics.base import Metric


def context_of(cases: CaseSet) -> dict[str, str]:
    """The columns that say where a row of a result table belongs."""
    return {"dataset": cases.dataset, "split": cases.split, "protocol": cases.protocol}


def metrics_table(chosen: Sequence[Metric]) -> pd.DataFrame:
    """One row a metric, as `reports.ReportData` wants it."""
    return pd.DataFrame([
        {"metric": m.name, "title": m.title, "group": m.group, "unit": m.unit, "better": m.better, "summary": m.summary,
         "source": m.source, "protocol_id": m.protocol_id, "protocol": json.dumps(dict(m.protocol), default=str),
         "corpus": m.corpus, "weights": ",".join(m.weights)} for m in chosen
    ])  # fmt: skip


def portable(told: pd.Series[Any], assets: AssetStore) -> pd.Series[Any]:
    """Reasons without the folders of this machine: a report is read elsewhere."""
    for folder, name in ((assets.weights, "weights"), (assets.cache, "asset cache"), (assets.root, ".")):
        if folder is not None:
            told = told.str.replace(str(folder), name, regex=False)
    return told
